"""The report on recipes: every problem of some files, each judged within the whole book."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from defectgen.book import RecipeBook, read_book, shipped_files
from defectgen.errors import RecipeError
from defectgen.lexicon import edit_distance
from defectgen.phrase import phrase_key
from defectgen.recipe import Defect, Material
from defectgen.recipe_check.look import look_problems
from defectgen.recipe_check.twins import find_twins
from defectgen.recipe_check.words import ambiguities, unreachable, unreachable_material
from defectgen.recipe_file import yaml_files
from defectgen.recipe_problem import Problem

__all__ = ["Report", "check_recipes"]

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LEAST_DESCRIPTION = 15


@dataclass(frozen=True)
class Report:
    """What is wrong, in the order of the files, and how much was looked at."""

    problems: tuple[Problem, ...]
    files: int
    materials: int
    defects: int


def check_recipes(paths: Sequence[Path] = ()) -> Report:
    """Checks files and folders together with the shipped book, or the shipped book alone.

    A problem of two entries is told of the files that were asked for. Raises RecipeError for a path without recipes.
    """
    shipped = {path.resolve(): path for path in shipped_files()}
    asked: list[Path] = []
    for path in paths:
        if not path.exists():
            raise RecipeError(f"{path} does not exist; expected a recipe file or a folder of them")
        asked += yaml_files(path) if path.is_dir() else [path]
    asked = [shipped.get(path.resolve(), path) for path in asked] or list(shipped.values())
    book, problems = read_book([path for path in asked if path not in shipped.values()])
    wanted = set(asked)
    found = [*problems, *(one for one in entry_problems(book, wanted)), *pair_problems(book, wanted)]
    kept = sorted((one for one in found if one.path in wanted), key=lambda one: asked.index(one.path))
    counts = {kind: sum(k == kind and p in wanted for (k, _), p in book.origins.items()) for kind in KINDS}
    return Report(tuple(dict.fromkeys(kept)), len(wanted), counts["material"], counts["defect"])


KINDS = ("material", "defect")


def entry_problems(book: RecipeBook, wanted: set[Path]) -> Iterator[Problem]:
    """What is wrong with single entries of the wanted files."""
    for name, material in book.materials.items():
        path = book.origins["material", name]
        if path in wanted:
            yield from (Problem(path, f"{name}.{key}", message) for key, message in look_problems(material))
            yield from (Problem(path, name, message) for message in unreachable_material(material, book))
            yield from (Problem(path, name, message) for message in text_problems(material))
            yield from (Problem(path, name, message) for message in group_problems(material, book))
    for name, defect in book.defects.items():
        path = book.origins["defect", name]
        if path in wanted:
            yield from (Problem(path, name, message) for message in unreachable(defect, book))
            yield from (Problem(path, name, message) for message in text_problems(defect))


def group_problems(material: Material, book: RecipeBook) -> Iterator[str]:
    """Groups that nobody else is in, although one of nearly that name has others: slips of the keys."""
    count = Counter(group for other in book.materials.values() for group in other.groups)
    for group in material.groups:
        others = [name for name, members in count.items() if members > 1]
        near = [name for name in others if count[group] == 1 and edit_distance(group, name) == 1]
        if near:
            yield f"groups: {group!r} has no other member; did you mean {near[0]!r}?"


def text_problems(entry: Material | Defect) -> Iterator[str]:
    """What is wrong with an entry's own words."""
    if not NAME.fullmatch(entry.name):
        yield f"name {entry.name!r}: expected lower-case words joined by hyphens, such as weld-porosity"
    if len(entry.description.strip()) < LEAST_DESCRIPTION:
        yield f"description {entry.description!r} is too short; say what one sees"
    phrases = [phrase_key(phrase) for phrase in entry.synonyms]
    for phrase in sorted({phrase for phrase in phrases if phrases.count(phrase) > 1}):
        yield f"synonym {phrase!r} stands twice"
    if isinstance(entry, Defect) and len(set(entry.severity)) < len(entry.severity):
        yield "severity: expected three different phrases: barely visible, clear, gross"


def pair_problems(book: RecipeBook, wanted: set[Path]) -> Iterator[Problem]:
    """What is wrong between two entries, told of the one that stands in a wanted file."""
    origins = {name: path for (kind, name), path in book.origins.items() if kind == "defect"}
    for twins in find_twins(book):
        name = twins.second if origins[twins.second] in wanted else twins.first
        yield Problem(origins[name], name, twins.message(name), name)
    for name, message in ambiguities(book):
        yield Problem(origins[name], name, message)
    described: dict[str, str] = {}
    for name, defect in book.defects.items():
        first = described.setdefault(phrase_key(defect.description), name)
        if first != name:
            yield Problem(origins[name], name, f"has the description of {first!r}; say what sets it apart")
