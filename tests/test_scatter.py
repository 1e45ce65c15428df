"""Scattered names: word order is free, places and other clauses are not drawn in."""

from __future__ import annotations

import pytest

from defectgen.lexicon import Meaning, pauses_of, words_of
from defectgen.scatter import Scatter

NAMES = ("tile edge chip", "tooth crack", "label tear", "sidewall bulge", "edge crack", "deep gouge")
SCATTER = Scatter([(name, Meaning("defect", name)) for name in NAMES], {"surface"}, {"edge", "deep"})


def found(text: str) -> list[str]:
    return [match.meaning.name for match in SCATTER.matches(words_of(text))]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tooth of the gear is cracked", "tooth crack"),
        ("torn label on a bottle", "label tear"),
        ("the edge of the tile chipped", "tile edge chip"),
        ("bulging side wall", "sidewall bulge"),
        ("gouge, deep", "deep gouge"),
    ],
)
def test_words_of_a_name_may_stand_in_any_order(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    ["crack near the edge", "torn sleeve and label", "deep scratch beside a gouge", "a tooth", "label without a tear"],
)
def test_a_place_or_another_clause_makes_no_name(text: str) -> None:
    assert found(text) == []


def test_places_are_the_words_that_were_used() -> None:
    match = next(iter(SCATTER.matches(words_of("label that is torn"))))
    assert match.places == (0, 3) and (match.start, match.end) == (0, 4)


def test_pauses_stand_before_the_next_clause() -> None:
    assert {3, 4} <= pauses_of("burrs on part, steel: bad") and 2 not in pauses_of("5,5 mm dent")
