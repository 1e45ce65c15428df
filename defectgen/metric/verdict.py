"""A verdict: what a score says once it is held against its floor.

The floor is the same number between two halves of the real pictures. A set cannot be expected to be nearer to the real
pictures than they are to each other, so a distance within the floor's interval is as good as this audit can tell. Past
it the verdict is a multiple of the floor's upper bound, since an unbiased distance may be 0 between two halves. Of
scores where more is better the verdict is the share of what two real halves reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from defectgen.metric.result import Interval, Score

__all__ = ["FAR", "HALF", "Level", "Verdict", "verdict_of"]

Level = Literal["good", "fair", "bad", "none"]
FAR = 3.0
HALF = 0.5
MOST_TIMES = 99.0


@dataclass(frozen=True)
class Verdict:
    """level: "good" within the floor, "bad" from FAR times the floor or under HALF of it, "fair" between."""

    words: str
    level: Level


def verdict_of(score: Score) -> Verdict:
    """What to make of one score; level "none" where there is no value, no floor, or no better side."""
    if score.value is None:
        return Verdict("not measured", "none")
    if score.better == "neither" or score.floor is None:
        return Verdict("no floor" if score.better != "neither" else "", "none")
    return _of_distance(score.value, score.floor) if score.better == "lower" else _of_share(score.value, score.floor)


def _of_distance(value: Interval, floor: Interval) -> Verdict:
    most = _high(floor)
    if _low(value) <= most:
        return Verdict("within floor", "good")
    if most <= 0 or value.value / most > MOST_TIMES:
        return Verdict("far above floor", "bad")
    times = value.value / most
    return Verdict(f"{times:.1f}x floor", "bad" if times >= FAR else "fair")


def _of_share(value: Interval, floor: Interval) -> Verdict:
    least = floor.value if floor.low is None else floor.low
    if _high(value) >= least:
        return Verdict("as real halves", "good")
    share = max(value.value, 0.0) / floor.value
    return Verdict(f"{share:.0%} of real", "bad" if share < HALF else "fair")


def _low(interval: Interval) -> float:
    return interval.value if interval.low is None else interval.low


def _high(interval: Interval) -> float:
    return interval.value if interval.high is None else interval.high
