"""The recipe book: every material and defect type that can be named, read from strict YAML.

Shipped recipes are one material a file, and one list of defects a family or trade. A user adds a file or a folder of
them. Whatever breaks the schema is refused with file, key path, value, and what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from defectgen.errors import RecipeError
from defectgen.phrase import aliases, owners, phrase_key
from defectgen.recipe import Defect, Material
from defectgen.recipe_cache import read_all
from defectgen.recipe_file import yaml_files
from defectgen.recipe_problem import Problem
from defectgen.recipe_shelf import Shelf
from defectgen.resources import resource_dir

__all__ = ["RecipeBook", "load_book", "phrase_key", "read_book", "shipped_files"]


@dataclass(frozen=True, eq=False)
class RecipeBook:
    """Materials and defect types by name. origins: (kind, name) to the file that holds the entry."""

    materials: Mapping[str, Material]
    defects: Mapping[str, Defect]
    origins: Mapping[tuple[str, str], Path] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def material_aliases(self) -> Mapping[str, str]:
        """Every name and synonym of a material, as `phrase_key` writes it, to the material's name."""
        return aliases(self.materials.values())

    @cached_property
    def material_owners(self) -> Mapping[str, tuple[str, ...]]:
        """Every name and synonym of a material to all that it names, which is one."""
        return owners(self.materials.values())

    @cached_property
    def defect_aliases(self) -> Mapping[str, str]:
        """Every name and synonym of a defect, as `phrase_key` writes it, to the first of its owners."""
        return aliases(self.defects.values())

    @cached_property
    def defect_owners(self) -> Mapping[str, tuple[str, ...]]:
        """Every name and synonym of a defect to all types that it names; trades share words such as "porosity"."""
        return owners(self.defects.values())

    def material(self, name: str) -> Material:
        """The material of this name or synonym; RecipeError when there is none."""
        return self.materials[look_up(name, self.material_aliases, "material")]

    def defect(self, name: str) -> Defect:
        """The defect of this name or synonym; RecipeError when there is none."""
        return self.defects[look_up(name, self.defect_aliases, "defect")]

    def materials_of(self, defect: Defect) -> tuple[Material, ...]:
        """The materials that this defect makes sense on, in the book's order."""
        return tuple(m for m in self.materials.values() if makes_sense(defect, m.name))

    def defects_of(self, material: Material) -> tuple[Defect, ...]:
        """The defects that make sense on this material, in the book's order."""
        return tuple(d for d in self.defects.values() if makes_sense(d, material.name))


def makes_sense(defect: Defect, material: str) -> bool:
    return material in defect.materials if defect.materials else material not in defect.never_on


def look_up(name: str, index: Mapping[str, str], kind: str) -> str:
    key = phrase_key(name)
    if key not in index:
        close = [index[one] for one in get_close_matches(key, list(index), n=3)]
        near = f"did you mean {' or '.join(map(repr, dict.fromkeys(close)))}? All" if close else "all"
        raise RecipeError(f"{kind} {name!r} is unknown; {near} names: defectgen recipes list")
    return index[key]


def shipped_files() -> list[Path]:
    """Files of the recipes that ship with the package, materials first."""
    root = resource_dir("recipes")
    return [*yaml_files(root / "materials"), *yaml_files(root / "defects")]


def load_book(extra: Sequence[Path] = ()) -> RecipeBook:
    """The shipped recipes together with those of the user's files and folders.

    Raises RecipeError for a file that cannot be read, breaks the schema, or takes a name that is in use.
    """
    book, problems = read_book(extra)
    if problems:
        rest = f" (and {len(problems) - 1} more: defectgen recipes check)" if len(problems) > 1 else ""
        raise RecipeError(f"{problems[0]}{rest}")
    return book


def read_book(extra: Sequence[Path] = ()) -> tuple[RecipeBook, list[Problem]]:
    """Everything that is sound, and what is wrong with the rest."""
    shelf = Shelf()
    shipped = shipped_files()
    contents: Mapping[Path, Any] = read_all(shipped)
    for path in shipped:
        shelf.add_file(path, contents.get(path))
    for path in extra:
        for one in yaml_files(path) if path.is_dir() else [path]:
            shelf.add_file(one)
    materials, defects = shelf.entries()
    origins = MappingProxyType({key: draft.path for key, draft in shelf.origins.items()})
    return RecipeBook(materials, defects, origins), shelf.problems
