"""Type names as prompts: how a type of a set is asked for where an engine goes by words, and what it is taken for.

The arms of `options.WORDS` have the shipped recipes alone; the others learn a recipe for a type that these lack.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from defectgen.book import RecipeBook
from defectgen.phrase import phrase_key
from defectgen.prompt import parse_prompt

__all__ = ["known_material", "misread", "prompt_of", "recipes_of", "unknown"]


def known_material(name: str | None, book: RecipeBook) -> str | None:
    """The material's name where the recipes know one of that name."""
    return name if name is not None and phrase_key(name) in book.material_aliases else None


def prompt_of(defect: str, material: str | None) -> str:
    """The type's name, on its material where there is one."""
    name = phrase_key(defect)
    return name if material is None else f"{name} on {phrase_key(material)}"


def recipes_of(defect: str, book: RecipeBook) -> tuple[str, ...]:
    """The recipes of this name, as fine-tuning writes it, or synonym; trades share some, and the material decides."""
    return book.defect_owners.get(phrase_key(defect), ())


def unknown(types: Iterable[str], book: RecipeBook) -> list[str]:
    """The types that no recipe is named after, in order."""
    return [name for name in types if not recipes_of(name, book)]


def misread(types: Mapping[str, Collection[str | None]], book: RecipeBook) -> dict[str, str]:
    """The types with a recipe that a prompt takes for something else, and for what. types: with their materials."""
    wrong: dict[str, str] = {}
    for name in (one for one in types if recipes_of(one, book)):
        for material in sorted({known_material(one, book) for one in types[name]}, key=str):
            found = parse_prompt(prompt_of(name, material), book).spec.defect
            if found not in recipes_of(name, book):
                wrong[name] = found
    return wrong
