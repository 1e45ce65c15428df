"""The bearer: which of the materials that a prompt names has the defect.

A name of a material may stand by itself, as in "crack in glass", or be part of the defect's own name, as the label in
"label tear" or the chrome in "pitted chrome". Of several, the one on which the defect is known is meant: in "torn label
on a bottle" it is the label that is torn. The material, in turn, tells which of several defects is meant.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from defectgen.book import RecipeBook
from defectgen.choice import ANYWHERE, GENERAL, LISTED, choose, fit
from defectgen.lexicon import Match, Meaning, words_of
from defectgen.nearest import NEAREST_MADE_UP, Neighbour
from defectgen.recipe import Defect
from defectgen.stem import stem

__all__ = [
    "OF_ALL", "bearing", "best_named", "first_named", "fitness", "implied_material", "is_loose", "is_usual", "oddness",
    "same_head", "types_of", "usual_phrases", "whole", "yields",
]  # fmt: skip

MOST_NAMED = 8

BEARERS = frozenset({"on", "in", "of", "onto", "into", "inside"})
"""Words that lead to what has the defect."""

OF_ALL = (LISTED, GENERAL)
"""The fitness of a general type that lists the material; that of any trade's own one is less."""


def first_named(found: Sequence[Match], pauses: Collection[int], words: Sequence[str] | None = None) -> Match | None:
    """Of several names the first; of two side by side the second, as in English.

    found: in the text's order. pauses: words before which a comma stands, so that they do not stand side by side.
    words: of the text, where a name that BEARERS lead to comes before others: frames of timber are timber.
    """
    if not found:
        return None
    led = [match for match in found if words is not None and is_led(match, words)]
    chosen = (led or found)[0]
    for other in found:
        beside = other.start == chosen.end and other.start not in pauses
        if (beside and not is_made_of(other, chosen, words)) or is_portion(chosen, other, words):
            chosen = other
    return chosen


def is_made_of(one: Match, before: Match, words: Sequence[str] | None) -> bool:
    """Whether a loose name is a product of the one before it, as the bed in "cast iron bed"; prints are on anything."""
    if words is None or not is_loose(one) or is_loose(before):
        return False
    return before.how != "inflection" or not words[before.end - 1].endswith(("ing", "printed"))


def is_portion(one: Match, other: Match, words: Sequence[str] | None) -> bool:
    """Whether a loose name is only what the other comes in, as the bar in "a bar of chocolate"."""
    return words is not None and is_loose(one) and not is_loose(other) and words[one.end : other.start] == ["of"]


def whole(found: Sequence[Match], pauses: Collection[int]) -> list[Match]:
    """All but the defects that take a word from a material.

    "Glass, stone inclusion" says no "glass stone", since a pause parts them, and "blistered glass bottle" no "blistered
    glass".
    """
    surfaces = [m for m in found if m.meaning.role == "material" and m.how != "inflection"]
    defects = {(m.start, m.end) for m in found if m.meaning.role == "defect"}
    kept = [m for m in found if m.meaning.role == "material" or not any(takes(m, s, defects, pauses) for s in surfaces)]
    all_surfaces = {(m.start, m.end) for m in found if m.meaning.role == "material"}
    return [m for m in kept if not hides(m, all_surfaces, defects)]


def hides(surface: Match, surfaces: Collection[tuple[int, int]], defects: Collection[tuple[int, int]]) -> bool:
    """Whether a material is read only by bending a defect's name: "peeling veneer" is no "peeled veneer"."""
    if surface.meaning.role != "material" or surface.how != "inflection":
        return False
    cuts = range(surface.start + 1, surface.end)
    return any((surface.start, i) in defects and (i, surface.end) in surfaces for i in cuts)


def takes(defect: Match, surface: Match, defects: Collection[tuple[int, int]], pauses: Collection[int]) -> bool:
    start, end = defect.start, defect.end
    parted = [i for i in pauses if start < i < end]
    if any((surface.start, surface.end) in ((start, i), (i, end)) for i in parted):
        return True
    return start < surface.start < end < surface.end and (start, surface.start) in defects


def best_named(found: Sequence[Match], pauses: Collection[int], material: str | None, book: RecipeBook) -> Match | None:
    """Of several defects the first that is usual on the material; of two side by side the one its trade knows."""
    usual = [match for match in found if is_usual(match, material, book)] or list(found)
    if material is None:  # "spalls with bare rebar": a trade's own name says more than a word that fits everything
        usual.sort(key=lambda match: (len(match.places) == 1, not is_called(match) or is_general(match, book)))
    chosen = first_named(usual[:1], pauses)
    for other in usual[1:]:
        if chosen is not None and other.start == chosen.end and other.start not in pauses:
            chosen = min(other, chosen, key=lambda match: fitness(match, material, book))
    return chosen


def fitness(match: Match, material: str | None, book: RecipeBook) -> tuple[int, int]:
    """How well the best of a defect's types fits the material, as `choice.fit` tells it."""
    on = None if material is None else book.materials[material]
    return min(fit(book.defects[name], on) for name in types_of(match, book))


def is_usual(match: Match, material: str | None, book: RecipeBook) -> bool:
    """Whether one of the types is known on the material; with none, whether it is more than a trade's slang."""
    if material is None:
        return len(match.places) > 1 or match.how == "exact" or is_general(match, book)
    return fitness(match, material, book)[0] <= ANYWHERE


def is_called(match: Match) -> bool:
    """Whether the words are the name of what they mean, or its plural, as "undercuts" is and "spatters" is not."""
    return match.how == "exact" or any(is_name(one.name, match.phrase) for one in (match.meaning, *match.others))


def yields(chosen: Match, other: Neighbour) -> bool:
    """Whether a defect's name gives way to what other words are near to; a type's own only to what is very near."""
    beside = not set(range(*other.span)) & set(chosen.places)
    return not (beside and is_called(chosen)) or other.sure >= NEAREST_MADE_UP


def is_name(name: str, phrase: str) -> bool:
    """Whether a phrase is the name of an entry, or its plural."""
    return [stem(word) for word in words_of(name.replace("-", " "))] == [stem(word) for word in words_of(phrase)]


def is_general(match: Match, book: RecipeBook) -> bool:
    """Whether one of the types belongs to no trade."""
    return any(book.defects[name].domain == "general" for name in types_of(match, book))


def is_led(match: Match, words: Sequence[str]) -> bool:
    """Whether one of BEARERS stands before a name, with an article and one more word between them at most."""
    before = [word for word in words[max(0, match.start - 3) : match.start] if word not in ("a", "an", "the")]
    return bool(BEARERS & set(before[-2:]))


def is_loose(match: Match) -> bool:
    """Whether a material is named by one word that is no part of its own name, as cells, rolls and tracks are."""
    return len(match.places) == 1 and stem(match.phrase) not in map(stem, words_of(match.meaning.name))


def implied_material(defect: Defect, material: str | None = None) -> str | None:
    """The material that a type implies where none is named, or, since it is known on no other, one misread; or None.

    A trade's type implies the first of those that it lists, which is the most usual.
    """
    alone = len(defect.materials) == 1
    if material is None:
        return defect.materials[0] if alone or (defect.materials and defect.domain != "general") else None
    return defect.materials[0] if alone and defect.domain != "general" and material not in defect.materials else None


def oddness(defect: Defect, material: str) -> list[str]:
    """What to say of a type that is unusual, or makes no sense, on the material."""
    if material in defect.never_on:
        return [f"{defect.name} makes no sense on {material}"]
    if not defect.materials or material in defect.materials:
        return []
    usual = ", ".join(defect.materials[:MOST_NAMED]) + (", ..." if len(defect.materials) > MOST_NAMED else "")
    return [f"{defect.name} is unusual on {material}; usual on {usual}"]


def types_of(match: Match, book: RecipeBook) -> tuple[str, ...]:
    """All types that the match may name.

    Of those named by an inflection alone, the general ones come first, or, where the words are several and so no word
    of many trades, the one that is called so.
    """
    names = [one.name for one in (match.meaning, *match.others) if one.role == "defect"]
    if match.how == "inflection":
        names.sort(key=lambda name: book.defects[name].domain != "general")
    if match.how == "inflection" and len(match.places) > 1:
        names.sort(key=lambda name: not is_name(name, match.phrase))
    return tuple(names)


def usual_phrases(types: Sequence[str], phrase: str, book: RecipeBook) -> tuple[str, ...]:
    """All names of the materials on which trades know these types.

    Where one of these belongs to no trade, of the first alone if the phrase is its name, or else none.
    """
    if any(book.defects[name].domain == "general" for name in types):
        types = [name for name in types[:1] if is_name(name, phrase) and book.defects[name].domain != "general"]
    listed = {one for name in types for one in book.defects[name].materials}
    return tuple(phrase for phrase, names in book.material_owners.items() if listed & set(names))


def bearing(
    types: Sequence[str], phrase: str, first: Match | None, named: Sequence[Match], inside: Sequence[Match],
    book: RecipeBook,
) -> Match | None:  # fmt: skip
    """The material that has the defect, or None.

    types: all that `phrase`, the recipes' form of the defect's words, may mean. first: what `first_named` takes of
        `named`, the materials that stand by themselves; inside: those within the defect's words, which count where
        the type that these mean by themselves lists them.
    """
    alone = choose(types, None, book).name
    usual = [m for m in inside if place([alone], m, book) == LISTED and chosen_on(types, m, book) == alone]
    if first is None:
        return min(usual, key=lambda m: (m.start - m.end, m.start), default=None)
    headed = same_head(types, first, book)
    if headed is not None and not is_name(first.meaning.name, first.phrase) and borrows(types, phrase, first, book):
        return headed
    if place(types, first, book) <= ANYWHERE:
        return first
    better = next((match for match in (*named, *usual) if place(types, match, book) <= ANYWHERE), None)
    return better or headed or first


def borrows(types: Sequence[str], phrase: str, found: Match, book: RecipeBook) -> bool:
    """Whether what a phrase means on the material is a general type that is called otherwise, as knots are dark spots.

    types: all that the phrase may mean.
    """
    chosen = chosen_on(types, found, book)
    return book.defects[chosen].domain == "general" and stem(words_of(chosen)[-1]) != stem(words_of(phrase)[-1])


def same_head(types: Sequence[str], found: Match, book: RecipeBook) -> Match | None:
    """The trade's material that ends in the one word found: the board with a knot is a wooden board."""
    types = [name for name in types if book.defects[name].domain != "general"]
    if len(found.places) > 1 or " " in found.phrase:
        return None
    head = stem(words_of(found.phrase)[-1])
    listed = dict.fromkeys(name for one in types for name in book.defects[one].materials)
    owners = book.material_owners.items()
    ends = {name for phrase, names in owners if stem(words_of(phrase)[-1]) == head for name in names}
    name = next((name for name in listed if name in ends), None)
    return None if name is None else replace(found, meaning=Meaning("material", name), how="inflection")


def place(types: Sequence[str], match: Match, book: RecipeBook) -> int:
    """How well the best of the types fits the material; `choice.fit` tells the places."""
    return fit(book.defects[chosen_on(types, match, book)], book.materials[match.meaning.name])[0]


def chosen_on(types: Sequence[str], match: Match, book: RecipeBook) -> str:
    return choose(types, match.meaning.name, book).name
