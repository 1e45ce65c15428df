"""Inheritance of defect types: a type that `extends` another takes over every key that it does not write itself.

Mappings (`change`, `placement`, the parameters of `morphology`) are merged key by key; another kind of shape has other
parameters, so it drops those of the parent. What a type is called and where a standard names it is never inherited.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from defectgen.errors import RecipeError
from defectgen.recipe_file import Draft

__all__ = ["Family"]

OWN = frozenset({"name", "synonyms", "description", "standards", "domain", "extends"})
MERGED = ("change", "placement")


class Family:
    """Drafts of defects by name, with their parents' keys filled in on request."""

    def __init__(self, drafts: Mapping[str, Draft]) -> None:
        self._drafts = drafts
        self._done: dict[str, dict[str, Any]] = {}

    def content(self, draft: Draft) -> dict[str, Any]:
        """The entry with everything that it inherits; RecipeError for a parent that is unknown, or among its heirs."""
        return self._filled(draft, ())

    def _filled(self, draft: Draft, heirs: tuple[str, ...]) -> dict[str, Any]:
        name, parent = draft.name, draft.content.get("extends")
        if parent is None:
            return dict(draft.content)
        if name in self._done:
            return self._done[name]
        if not isinstance(parent, str):
            raise RecipeError(f"got {parent!r}, expected the name of one defect type")
        if parent in (*heirs, name):
            circle = " -> ".join([*heirs[heirs.index(parent) if parent in heirs else len(heirs) :], str(name), parent])
            raise RecipeError(f"the types inherit in a circle: {circle}; take one extends out")
        if parent not in self._drafts:
            raise RecipeError(f"{parent!r} is no defect type{self._nearest(parent)}")
        filled = merged(self._filled(self._drafts[parent], (*heirs, str(name))), draft.content)
        if name is not None:
            self._done[name] = filled
        return filled

    def _nearest(self, name: str) -> str:
        close = get_close_matches(name, list(self._drafts), n=3)
        return f"; did you mean {' or '.join(map(repr, close))}?" if close else "; all names: defectgen recipes list"


def merged(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """The child's keys over those of its parent."""
    out = {key: value for key, value in parent.items() if key not in OWN} | dict(child)
    for key in MERGED:
        out |= {key: over(parent[key], child[key])} if key in parent and key in child else {}
    if "morphology" in parent and "morphology" in child:
        out["morphology"] = merged_shape(parent["morphology"], child["morphology"])
    return out


def merged_shape(parent: Any, child: Any) -> Any:
    both = over(parent, child)
    if not isinstance(both, dict) or not isinstance(parent, dict) or not isinstance(child, dict):
        return both
    same = child.get("kind", parent.get("kind")) == parent.get("kind")
    params = over(parent.get("params", {}), child.get("params", {})) if same else child.get("params", {})
    return {**both, "params": params}


def over(parent: Any, child: Any) -> Any:
    """Two mappings as one; anything else is the child's alone, and the schema says what is wrong with it."""
    return {**parent, **child} if isinstance(parent, dict) and isinstance(child, dict) else child
