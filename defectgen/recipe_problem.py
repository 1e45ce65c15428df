"""Problems of recipes: file, key path, what came, and what is allowed, in one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from defectgen.recipe_file import Draft

__all__ = ["Problem", "field_names", "schema_problems"]


@dataclass(frozen=True)
class Problem:
    """One line for one thing that is wrong. key: path within the file; entry: name of the entry that holds it."""

    path: Path
    key: str
    message: str
    entry: str | None = None

    def __str__(self) -> str:
        at = f"{self.key}: " if self.key else ""
        # An index alone is hard to find in a long list.
        name = f" (in {self.entry!r})" if self.entry and "[" in self.key and self.entry not in self.message else ""
        return f"{self.path}: {at}{self.message}{name}"


def schema_problems(model: type[BaseModel], draft: Draft, error: ValidationError) -> Iterator[Problem]:
    """All that pydantic found in one entry."""
    for problem in error.errors():
        loc: tuple[str | int, ...] = problem["loc"]
        key = dotted(draft.key, loc) or "the recipe"
        yield Problem(draft.path, key, explained(model, problem), draft.name)


def explained(model: type[BaseModel], problem: Mapping[str, Any]) -> str:
    """One problem of pydantic as `what came; what is allowed`."""
    loc: tuple[str | int, ...] = problem["loc"]
    if problem["type"] == "extra_forbidden":
        return f"unknown key; use one of {field_names(model_at(model, loc[:-1]))}"
    if problem["type"] == "missing":
        return f"missing; {field_names(model_at(model, loc[:-1]), required=True)} are required"
    if problem["type"] == "literal_error":
        return f"got {problem['input']!r}; use one of {problem['ctx']['expected']}"
    if problem["type"] == "string_pattern_mismatch" and {"domain", "groups"} & set(loc):
        return f"got {problem['input']!r}; expected lower-case words joined by hyphens, such as sheet-metal"
    if problem["type"] == "string_type" and isinstance(problem["input"], (bool, int, float)):
        return f"got {problem['input']!r}; expected text: put it in quotes"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"got {problem['input']!r}; {message[0].lower()}{message[1:]}"


def dotted(prefix: str, loc: Sequence[str | int]) -> str:
    """A key path as one reads it: defects[0].change.depth."""
    key = prefix
    for part in loc:
        key += f"[{part}]" if isinstance(part, int) else f"{'.' if key else ''}{part}"
    return key


def model_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel]:
    """The schema that holds the field at `loc`."""
    for part in loc:
        annotation = model.model_fields[str(part)].annotation if isinstance(part, str) else None
        candidates = (annotation, *get_args(annotation))
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
    return model


def field_names(model: type[BaseModel], *, required: bool = False) -> str:
    """The keys of a schema, or those that must be there."""
    return ", ".join(name for name, field in model.model_fields.items() if field.is_required() or not required)
