"""The shelf: recipe files while they are read, entry by entry, with every problem that turns up.

Whatever is sound ends in the book, so that one file's mistake can be told apart from all the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from defectgen.errors import RecipeError
from defectgen.inherit import Family
from defectgen.mask.params import shape_params
from defectgen.phrase import aliases, phrase_key
from defectgen.recipe import Defect, Material
from defectgen.recipe_file import Draft, drafts_of, kind_of, read_yaml
from defectgen.recipe_problem import Problem, field_names, schema_problems

__all__ = ["Shelf"]

Entry = TypeVar("Entry", Material, Defect)


class Shelf:
    """Drafts in, materials and defects out; `problems` holds what is wrong with the others."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.origins: dict[tuple[str, str], Draft] = {}
        self._drafts: list[Draft] = []
        self._phrases: dict[str, tuple[str, Path]] = {}

    def add_file(self, path: Path, content: Any = None) -> None:
        """One file; content: what it holds, where that is known already."""
        try:
            self._drafts += drafts_of(path, read_yaml(path) if content is None else content)
        except RecipeError as error:
            self.problems.append(Problem(path, "", str(error).removeprefix(f"{path}: ")))

    def entries(self) -> tuple[Mapping[str, Material], Mapping[str, Defect]]:
        """Every sound material and defect by name; call it once all files are in."""
        drafts = [draft for draft in self._drafts if self._is_mapping(draft)]
        materials = self._materials([draft for draft in drafts if draft.kind == "material"])
        defects = self._defects([draft for draft in drafts if draft.kind == "defect"], materials)
        return MappingProxyType(materials), MappingProxyType(defects)

    def _is_mapping(self, draft: Draft) -> bool:
        if isinstance(draft.content, dict):
            return True
        names = field_names(Material if draft.kind == "material" else Defect)
        self._problem(draft, "", f"got {kind_of(draft.content)}, expected a mapping with {names}")
        return False

    def _problem(self, draft: Draft, key: str, message: str) -> None:
        path = f"{draft.key}{'.' if draft.key and key else ''}{key}"
        self.problems.append(Problem(draft.path, path, message, draft.name))

    def _materials(self, drafts: Iterable[Draft]) -> dict[str, Material]:
        found: dict[str, Material] = {}
        for draft in drafts:
            material = self._validated(Material, draft, draft.content)
            if material is not None and self._claim(draft, material):
                found[material.name] = material
                self.origins["material", material.name] = draft
        return found

    def _claim(self, draft: Draft, material: Material) -> bool:
        """Materials share no word, or a prompt could not tell them apart."""
        for phrase in dict.fromkeys(phrase_key(p) for p in (material.name, *material.synonyms)):
            if phrase in self._phrases:
                owner, path = self._phrases[phrase]
                name = material.name
                message = f"{name!r} claims {phrase!r}, which names {owner!r} of {path}; use another word"
                self._problem(draft, "name", message)
                return False
            self._phrases[phrase] = (material.name, draft.path)
        return True

    def _defects(self, drafts: Sequence[Draft], materials: Mapping[str, Material]) -> dict[str, Defect]:
        unique = self._unique(drafts)
        family = Family(unique)
        words = Words(materials.values())
        found: dict[str, Defect] = {}
        for draft in (*unique.values(), *(draft for draft in drafts if draft.name is None)):
            try:
                content = family.content(draft)
            except RecipeError as error:
                self._problem(draft, "extends", str(error))
                continue
            defect = self._validated(Defect, draft, content)
            if defect is not None and self._has_shape(draft, defect):
                found[defect.name] = self._on_materials(draft, defect, words)
                self.origins["defect", defect.name] = draft
        return found

    def _unique(self, drafts: Iterable[Draft]) -> dict[str, Draft]:
        unique: dict[str, Draft] = {}
        keys: dict[str, Draft] = {}
        for draft in drafts:
            if draft.name is None:
                continue
            first = keys.setdefault(phrase_key(draft.name), draft)
            if first is draft:
                unique[draft.name] = draft
            else:
                message = f"{draft.name!r} is the name of a type of {first.path} already; names are unique"
                self._problem(draft, "name", message)
        return unique

    def _validated(self, model: type[Entry], draft: Draft, content: Any) -> Entry | None:
        try:
            return model.model_validate(content)
        except ValidationError as error:
            self.problems += schema_problems(model, draft, error)
            return None

    def _has_shape(self, draft: Draft, defect: Defect) -> bool:
        try:
            shape_params(defect.morphology.kind, defect.morphology.params)
        except RecipeError as error:
            key, message = str(error).split(" ", 1)
            self._problem(draft, key, message.removeprefix("is "))
            return False
        return True

    def _on_materials(self, draft: Draft, defect: Defect, words: Words) -> Defect:
        """The defect with materials written as names, whatever group or synonym the recipe used."""
        usual, named = self._expanded(draft, "materials", defect.materials, words)
        never, banned = self._expanded(draft, "never_on", defect.never_on, words)
        for name in sorted(named & banned):
            self._problem(draft, "never_on", f"{name!r} stands in materials too; name it in one of the two")
        left = tuple(name for name in usual if name not in never)
        if defect.materials and usual and not left:
            self._problem(draft, "materials", "every material that it names stands in never_on too")
        return defect.model_copy(update={"materials": left, "never_on": never})

    def _expanded(
        self, draft: Draft, key: str, listed: Sequence[str], words: Words
    ) -> tuple[tuple[str, ...], set[str]]:
        """Names of all materials that a list means, and those that it names one by one."""
        every: list[str] = []
        single: set[str] = set()
        for i, word in enumerate(listed):
            meant = words.meant(word)
            if not meant:
                self._problem(draft, f"{key}[{i}]", words.unknown(word))
            every += meant
            single |= {*meant} if not words.is_group(word) else set()
        return tuple(dict.fromkeys(every)), single


class Words:
    """What a word in a list of materials means: a material's name, else a group, else a synonym."""

    def __init__(self, materials: Iterable[Material]) -> None:
        entries = list(materials)
        self._aliases = aliases(entries)
        self._names = {phrase_key(material.name): material.name for material in entries}
        self._groups: dict[str, list[str]] = {}
        self._spelt: dict[str, str] = {}
        for material in entries:
            for group in material.groups:
                self._groups.setdefault(singular(group), []).append(material.name)
                self._spelt.setdefault(singular(group), group)

    def meant(self, word: str) -> list[str]:
        """Names of the materials, none for a word that names nothing."""
        key = phrase_key(word)
        if key in self._names:
            return [self._names[key]]
        if self.is_group(word):
            return self._groups[singular(word)]
        return [self._aliases[key]] if key in self._aliases else []

    def is_group(self, word: str) -> bool:
        return phrase_key(word) not in self._names and singular(word) in self._groups

    def unknown(self, word: str) -> str:
        groups = ", ".join(sorted(self._spelt.values())) or "none"
        known = [*self._names.values(), *self._spelt.values()]
        close = get_close_matches(phrase_key(word).replace(" ", "-"), known, n=3)
        near = f"did you mean {' or '.join(map(repr, close))}" if close else "all names: defectgen recipes list"
        return f"{word!r} is no material and no group; {near}; groups: {groups}"


def singular(group: str) -> str:
    """Groups are compared without their plural's s: `metal` and `metals` are one."""
    return phrase_key(group).removesuffix("s")
