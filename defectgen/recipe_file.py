"""Recipe files: strict YAML as a list of drafts, each with the place it came from.

A file is one of three things: a mapping with `materials`, `defects` or both, and a `domain` for all of them; a plain
list of defects; or one material, a mapping with a `look`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from defectgen.errors import RecipeError

__all__ = ["Draft", "Kind", "drafts_of", "kind_of", "read_yaml", "yaml_files"]

Kind = Literal["material", "defect"]
SECTIONS: Mapping[str, Kind] = {"materials": "material", "defects": "defect"}

# libyaml reads 400 types in a fifth of the time; a PyYAML that was built without it reads the same
FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Draft:
    """One entry as it was written. key: its path within the file, "" for a file that is one entry."""

    kind: Kind
    content: Any
    path: Path
    key: str

    @property
    def name(self) -> str | None:
        """What it calls itself, if it does."""
        name = self.content.get("name") if isinstance(self.content, dict) else None
        return name if isinstance(name, str) else None


class UniqueKeyLoader(FastLoader):  # type: ignore[misc]
    """The safe loader, which would let the last of two equal keys win without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key!r} stands twice", problem_mark=key_node.start_mark)
            seen.add(key if isinstance(key, Hashable) else id(key_node))
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return made


def yaml_files(folder: Path) -> list[Path]:
    """All YAML below a folder, sorted; RecipeError when there is none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file())
    if not found:
        raise RecipeError(f"{folder}: no recipes found, expected *.yaml; write one with: defectgen recipes new")
    return found


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


def drafts_of(path: Path, content: Any) -> Iterator[Draft]:
    """The entries of a file's content; RecipeError where it is none of the three things that a file may be."""
    if isinstance(content, list):
        yield from in_list("defect", content, path, "", {})
    elif isinstance(content, dict) and "look" in content:
        yield Draft("material", content, path, "")
    elif isinstance(content, dict) and content:
        yield from in_sections(content, path)
    else:
        raise RecipeError(
            f"{path}: got {kind_of(content)}, expected a mapping with materials, defects or both, or a list of defects"
        )


def in_sections(content: Mapping[Any, Any], path: Path) -> Iterator[Draft]:
    for key in content:
        if key not in ("domain", *SECTIONS):
            raise RecipeError(f"{path}: {key}: unknown key; use domain, materials or defects")
    shared = {"domain": content["domain"]} if "domain" in content else {}
    for section, kind in SECTIONS.items():
        yield from in_list(kind, content.get(section, []), path, section, shared)


def in_list(kind: Kind, content: Any, path: Path, key: str, shared: Mapping[str, Any]) -> Iterator[Draft]:
    """Entries of a list, each with the file's domain where it has none of its own."""
    if not isinstance(content, list):
        raise RecipeError(f"{path}: {f'{key}: ' if key else ''}got {kind_of(content)}, expected a list")
    for i, item in enumerate(content):
        yield Draft(kind, {**shared, **item} if isinstance(item, dict) else item, path, f"{key}[{i}]")


def kind_of(value: Any) -> str:
    """A value as a message names it."""
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else repr(value)
