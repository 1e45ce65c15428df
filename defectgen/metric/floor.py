"""Floors: what a distance is between two halves of the real set.

No set can be expected to come nearer to the real pictures than other real pictures do. The real set is cut in two at
random, no group on both sides, both sides are drawn down to n, and the metric is taken between them; 20 times.

Most metrics depend on n, so the set under test is also drawn down to the same n, against as many real pictures, the
same number of times: that is the comparison to hold against the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.pairwise import F64
from defectgen.metric.result import Interval

__all__ = ["REPEATS", "Draws", "draw_floor", "range_of"]

I64 = NDArray[np.int64]
REPEATS = 20


@dataclass(frozen=True)
class Draws:
    """n: rows a side. halves: rows of the real set, two by two. matched: rows of the set and of the real set."""

    n: int
    halves: tuple[tuple[I64, I64], ...]
    matched: tuple[tuple[I64, I64], ...]


def draw_floor(real_index: I64, n_set: int, rng: np.random.Generator, repeats: int = REPEATS) -> Draws:
    """Draws from a real set with these group numbers, for a set of n_set; n is 0 where the real set is one group."""
    cuts = [_cut(real_index, rng) for _ in range(repeats)]
    n = min(n_set, *(len(side) for cut in cuts for side in cut))
    halves = tuple((_some(a, n, rng), _some(b, n, rng)) for a, b in cuts)
    rows_set, rows_real = np.arange(n_set), np.arange(len(real_index))
    matched = tuple((_some(rows_set, n, rng), _some(rows_real, n, rng)) for _ in range(repeats))
    return Draws(n, halves, matched)


def _cut(index: I64, rng: np.random.Generator) -> tuple[I64, I64]:
    """Groups at random, the first to the side that holds fewer rows so far."""
    sizes = np.bincount(index)
    side, held = np.zeros(len(sizes), bool), [0, 0]
    for group in rng.permutation(len(sizes)):
        to = int(held[1] < held[0])
        side[group] = bool(to)
        held[to] += int(sizes[group])
    return np.flatnonzero(~side[index]), np.flatnonzero(side[index])


def _some(rows: I64, n: int, rng: np.random.Generator) -> I64:
    return np.sort(rng.permutation(rows)[:n])


def range_of(values: F64) -> Interval:
    """Their mean, and the range that holds 95% of single draws (not of the mean)."""
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(value=float(values.mean()), low=float(low), high=float(high))
