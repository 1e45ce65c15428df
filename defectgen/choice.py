"""Choice: which of several types a shared word means.

Trades share words: "porosity" is one thing in a weld and another in a casting. The material of the prompt decides: a
type that lists it comes before one that may be anywhere, and that before one that is only known elsewhere; then the
material's own trade, then the type that is called so, then the general domain, then the book's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from defectgen.book import RecipeBook
from defectgen.recipe import Defect, Material

__all__ = ["ANYWHERE", "Choice", "choose", "fit", "near_names"]

ANYWHERE = 1
"""The place, of those that `fit` tells, of a type that may be anywhere."""


@dataclass(frozen=True)
class Choice:
    """The type that was taken, and those that would have fitted as well."""

    name: str
    others: tuple[str, ...]


def choose(names: Sequence[str], material: str | None, book: RecipeBook) -> Choice:
    """The first of the types that fit best; names: all owners of the word, in the order of `phrase.owners`."""
    on = None if material is None else book.materials[material]
    fits = [fit(book.defects[name], on) for name in names]
    best = min(range(len(names)), key=lambda i: (*fits[i], i))
    others = (name for i, name in enumerate(names) if i != best and fits[i][0] == fits[best][0])
    return Choice(names[best], tuple(others))


def fit(defect: Defect, material: Material | None) -> tuple[int, bool]:
    """How well a type goes with a material, best first: 0 listed, 1 anywhere, 2 known elsewhere, 3 makes no sense."""
    if material is None:
        return 0, False
    place = 3 if material.name in defect.never_on else 0 if material.name in defect.materials else 1
    return (2 if place == 1 and defect.materials else place), defect.domain != material.domain


def near_names(book: RecipeBook, material: str | None) -> dict[str, tuple[str, ...]]:
    """The phrases that unknown words for a defect may be near to, and the types that each names.

    A trade's own phrases count only where a material is named on which the trade knows them: among the slang of forty
    trades some phrase lies near to whatever is typed.
    """
    on = None if material is None else book.materials[material]
    owners = book.defect_owners.items()
    return {phrase: names for phrase, names in owners if any(is_near(book.defects[name], on) for name in names)}


def is_near(defect: Defect, on: Material | None) -> bool:
    return defect.domain == "general" or (on is not None and fit(defect, on)[0] <= ANYWHERE)
