"""Choice: which of several types a shared word means.

Trades share words: "porosity" is one thing in a weld and another in a casting. The material of the prompt decides: a
type that lists it comes before one that may be anywhere, and that before one that is only known elsewhere; of those
that list it the material's own trade comes first, then other trades, then the general domain, since a trade knows its
own form of what occurs on many materials. Else, and where a word is still shared, the type that is called so, then the
general domain, then the book's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from defectgen.book import RecipeBook
from defectgen.recipe import Defect, Material

__all__ = ["ANYWHERE", "GENERAL", "LISTED", "Choice", "choose", "fit", "near_names"]

LISTED, ANYWHERE, ELSEWHERE, SENSELESS = range(4)
"""The places that `fit` tells: the type lists the material, may be anywhere, is known elsewhere, makes no sense."""

OWN, FOREIGN, GENERAL = range(3)
"""The trades that `fit` tells: the material's own, any other, and that of a general type which lists the material."""


@dataclass(frozen=True)
class Choice:
    """The type that was taken, and those that would have fitted as well."""

    name: str
    others: tuple[str, ...]


def choose(names: Sequence[str], material: str | None, book: RecipeBook) -> Choice:
    """The first of the types that fit best; names: all owners of the word, in the order of `phrase.owners`.

    Its others fit as well; a general type of which a trade has its own form on the material is none of them.
    """
    on = None if material is None else book.materials[material]
    fits = [fit(book.defects[name], on) for name in names]
    best = min(range(len(names)), key=lambda i: (*fits[i], i))
    rivals = [i for i, one in enumerate(fits) if i != best and is_rival(one, fits[best])]
    return Choice(names[best], tuple(names[i] for i in rivals))


def is_rival(one: tuple[int, int], best: tuple[int, int]) -> bool:
    return one[0] == best[0] and (one[1] == GENERAL) == (best[1] == GENERAL)


def fit(defect: Defect, material: Material | None) -> tuple[int, int]:
    """The place and the trade of a type on a material, each best first."""
    if material is None:
        return LISTED, OWN
    if material.name in defect.never_on:
        place = SENSELESS
    elif material.name in defect.materials:
        place = LISTED
    else:
        place = ELSEWHERE if defect.materials else ANYWHERE
    if place == LISTED and defect.domain == "general":
        return place, GENERAL
    return place, OWN if place <= ANYWHERE and defect.domain == material.domain else FOREIGN


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
