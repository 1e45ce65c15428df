"""The recipe book: every material and defect type that can be named, read from strict YAML.

Shipped recipes are one material a file and one list of defects a family. A user's file is one mapping with the lists
`materials`, `defects`, or both. Whatever breaks the schema is refused with file, key path, value, and what is allowed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from defectgen.errors import RecipeError
from defectgen.mask.params import shape_params
from defectgen.recipe import Defect, Material
from defectgen.resources import resource_dir

__all__ = ["RecipeBook", "load_book", "phrase_key"]

Entry = TypeVar("Entry", Material, Defect)


def phrase_key(phrase: str) -> str:
    """A name as it is compared: lower case, words parted by single blanks."""
    return " ".join(phrase.lower().replace("-", " ").replace("_", " ").split())


@dataclass(frozen=True, eq=False)
class RecipeBook:
    """Materials and defect types by name."""

    materials: Mapping[str, Material]
    defects: Mapping[str, Defect]

    @cached_property
    def material_aliases(self) -> Mapping[str, str]:
        """Every name and synonym of a material, as `phrase_key` writes it, to the material's name."""
        return aliases(self.materials.values())

    @cached_property
    def defect_aliases(self) -> Mapping[str, str]:
        """Every name and synonym of a defect, as `phrase_key` writes it, to the defect's name."""
        return aliases(self.defects.values())

    def material(self, name: str) -> Material:
        """The material of this name or synonym; RecipeError when there is none."""
        return self.materials[look_up(name, self.material_aliases, "material")]

    def defect(self, name: str) -> Defect:
        """The defect of this name or synonym; RecipeError when there is none."""
        return self.defects[look_up(name, self.defect_aliases, "defect")]

    def materials_of(self, defect: Defect) -> tuple[Material, ...]:
        """The materials that this defect makes sense on, in the book's order."""
        return tuple(m for m in self.materials.values() if not defect.materials or m.name in defect.materials)

    def defects_of(self, material: Material) -> tuple[Defect, ...]:
        """The defects that make sense on this material, in the book's order."""
        return tuple(d for d in self.defects.values() if not d.materials or material.name in d.materials)


def look_up(name: str, index: Mapping[str, str], kind: str) -> str:
    key = phrase_key(name)
    if key not in index:
        known = ", ".join(sorted(set(index.values())))
        raise RecipeError(f"{kind} {name!r} is unknown; use one of {known}")
    return index[key]


def aliases(entries: Sequence[Entry] | Any) -> Mapping[str, str]:
    """Names win over synonyms, so that a name always means itself."""
    index = {phrase_key(synonym): entry.name for entry in entries for synonym in entry.synonyms}
    return MappingProxyType(index | {phrase_key(entry.name): entry.name for entry in entries})


def load_book(extra: Sequence[Path] = ()) -> RecipeBook:
    """The shipped recipes together with those of the user's files.

    Raises RecipeError for a file that cannot be read, breaks the schema, or takes a name that is in use.
    """
    shelf = Shelf()
    root = resource_dir("recipes")
    for path in yaml_files(root / "materials"):
        shelf.add(Material, read_yaml(path), path, "")
    for path in yaml_files(root / "defects"):
        shelf.add_list(Defect, read_yaml(path), path, "")
    for path in extra:
        shelf.add_file(path)
    return shelf.book()


def yaml_files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.yaml"))
    if not found:
        raise RecipeError(f"{folder}: no recipes found, expected *.yaml; reinstall defectgen")
    return found


class Shelf:
    """Entries while they are read; remembers where each name came from, to say so when two clash."""

    def __init__(self) -> None:
        self.materials: dict[str, Material] = {}
        self.defects: dict[str, Defect] = {}
        self._taken: dict[tuple[str, str], tuple[str, Path]] = {}
        self._origin: dict[str, str] = {}

    def add_file(self, path: Path) -> None:
        """One user's file: a mapping with `materials`, `defects`, or both."""
        content = read_yaml(path)
        if not isinstance(content, dict) or not content:
            raise RecipeError(f"{path}: got {kind_of(content)}, expected a mapping with materials, defects or both")
        for key in content:
            if key not in ("materials", "defects"):
                raise RecipeError(f"{path}: {key}: unknown key; use materials or defects")
        self.add_list(Material, content.get("materials", []), path, "materials")
        self.add_list(Defect, content.get("defects", []), path, "defects")

    def add_list(self, model: type[Entry], content: Any, path: Path, key: str) -> None:
        if not isinstance(content, list):
            raise RecipeError(f"{path}: {f'{key}: ' if key else ''}got {kind_of(content)}, expected a list")
        for i, item in enumerate(content):
            self.add(model, item, path, f"{key}[{i}]")

    def add(self, model: type[Entry], content: Any, path: Path, key: str) -> None:
        entry = validated(model, content, path, key)
        where = f"{path}: {key}{'.' if key else ''}"
        if isinstance(entry, Defect):
            self._check_shape(entry, where)
        self._claim(entry, where, path)
        shelf: dict[str, Any] = self.materials if isinstance(entry, Material) else self.defects
        shelf[entry.name] = entry

    def book(self) -> RecipeBook:
        """The finished book; each defect's materials are written as names, whatever synonym the recipe used."""
        index = aliases(self.materials.values())
        defects = {name: self._with_names(defect, index) for name, defect in self.defects.items()}
        return RecipeBook(MappingProxyType(dict(self.materials)), MappingProxyType(defects))

    def _check_shape(self, defect: Defect, where: str) -> None:
        try:
            shape_params(defect.morphology.kind, defect.morphology.params)
        except RecipeError as error:
            raise RecipeError(f"{where}{error}") from None

    def _claim(self, entry: Material | Defect, where: str, path: Path) -> None:
        kind = type(entry).__name__.lower()
        for phrase in dict.fromkeys(phrase_key(p) for p in (entry.name, *entry.synonyms)):
            if (kind, phrase) in self._taken:
                owner, first = self._taken[kind, phrase]
                raise RecipeError(
                    f"{where}name: {entry.name!r} claims {phrase!r}, which names {owner!r} of {first}; use another word"
                )
            self._taken[kind, phrase] = (entry.name, path)
        self._origin[kind + entry.name] = where

    def _with_names(self, defect: Defect, index: Mapping[str, str]) -> Defect:
        for i, name in enumerate(defect.materials):
            if phrase_key(name) not in index:
                where = self._origin["defect" + defect.name]
                known = ", ".join(sorted(self.materials))
                raise RecipeError(f"{where}materials[{i}]: {name!r} is no material; use one of {known}")
        names = tuple(dict.fromkeys(index[phrase_key(name)] for name in defect.materials))
        return defect.model_copy(update={"materials": names})


class UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, which would let the last of two equal keys win without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key!r} stands twice", problem_mark=key_node.start_mark)
            seen.add(key if isinstance(key, Hashable) else id(key_node))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """A YAML file as plain data; RecipeError names file, line and problem."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise RecipeError(f"{path}: cannot be read as a recipe: {reason}") from None
    try:
        return yaml.load(text, Loader=UniqueKeyLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipeError(f"{path}: line {line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise RecipeError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None


def validated(model: type[Entry], content: Any, path: Path, prefix: str) -> Entry:
    """The entry, or a RecipeError with one line for the first thing that is wrong."""
    if not isinstance(content, dict):
        at = f"{prefix}: " if prefix else ""
        raise RecipeError(f"{path}: {at}got {kind_of(content)}, expected a mapping with {field_names(model)}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors()
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise RecipeError(f"{path}: {explained(model, problems[0], prefix)}{more}") from None


def explained(model: type[BaseModel], problem: Any, prefix: str) -> str:
    """One problem of pydantic as `key: what came; what is allowed`."""
    loc: tuple[str | int, ...] = problem["loc"]
    key = dotted(prefix, loc)
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key; use one of {field_names(model_at(model, loc[:-1]))}"
    if problem["type"] == "missing":
        return f"{key}: missing; {field_names(model_at(model, loc[:-1]), required=True)} are required"
    if problem["type"] == "literal_error":
        return f"{key}: got {problem['input']!r}; use one of {problem['ctx']['expected']}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{key}: got {problem['input']!r}; {message[0].lower()}{message[1:]}"


def dotted(prefix: str, loc: Sequence[str | int]) -> str:
    key = prefix
    for part in loc:
        key += f"[{part}]" if isinstance(part, int) else f"{'.' if key else ''}{part}"
    return key or "the recipe"


def model_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel]:
    """The schema that holds the field at `loc`."""
    for part in loc:
        annotation = model.model_fields[str(part)].annotation if isinstance(part, str) else None
        candidates = (annotation, *get_args(annotation))
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
    return model


def field_names(model: type[BaseModel], *, required: bool = False) -> str:
    return ", ".join(name for name, field in model.model_fields.items() if field.is_required() or not required)


def kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else repr(value)
