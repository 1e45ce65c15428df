"""Verdicts: what a value says beside its floor."""

from __future__ import annotations

from typing import Any

import pytest

from defectgen.metric.result import Interval, Score
from defectgen.metric.verdict import verdict_of


def interval(value: float, low: float | None = None, high: float | None = None) -> Interval:
    return Interval(value=value, low=low, high=high)


def score(value: Interval | None, floor: Interval | None, better: str = "lower") -> Score:
    fields: dict[str, Any] = {"better": better, "value": value, "floor": floor}
    return Score(metric="KID", view="window", defect=None, n_set=9, n_real=9, **fields)


FLOOR = interval(0.01, 0.0, 0.02)
SHARE = interval(0.9, 0.8, 1.0)


@pytest.mark.parametrize(
    ("given", "words", "level"),
    [
        (score(interval(0.03, 0.019, 0.05), FLOOR), "within floor", "good"),
        (score(interval(0.05, 0.03, 0.07), FLOOR), "2.5x floor", "fair"),
        (score(interval(0.2, 0.1, 0.3), FLOOR), "10.0x floor", "bad"),
        (score(interval(9.0), FLOOR), "far above floor", "bad"),
        (score(interval(0.1, 0.05, 0.2), interval(-0.01, -0.02, -0.001)), "far above floor", "bad"),
        (score(interval(0.5, 0.4, 0.6), SHARE, "higher"), "56% of real", "fair"),
        (score(interval(0.3, 0.2, 0.4), SHARE, "higher"), "33% of real", "bad"),
        (score(interval(0.7, 0.6, 0.85), SHARE, "higher"), "as real halves", "good"),
        (score(interval(0.7), None), "no floor", "none"),
        (score(interval(1.9), FLOOR, "neither"), "", "none"),
        (score(None, FLOOR), "not measured", "none"),
    ],
)
def test_verdicts(given: Score, words: str, level: str) -> None:
    verdict = verdict_of(given)
    assert (verdict.words, verdict.level) == (words, level)
