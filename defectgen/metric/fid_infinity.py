"""FID-infinity: the Fréchet distance that unlimited pictures would give (Chong & Forsyth 2020, section 3).

To first order the bias of the Fréchet distance is b / n. It is computed at several n, both sides drawn at that n, and a
straight line in 1/n is followed to 1/n = 0. The paper draws one side alone, since its reference is large; here the real
set is as small as the other, and both are biased.

The line is straight only while n is well above the number of dimensions: below it the covariances lose rank and the
curve bends, so the extrapolation is refused. `smallest` says from which n it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defectgen.errors import InputError
from defectgen.metric.frechet import frechet_distance
from defectgen.metric.pairwise import F64, Vectors, check_pair

__all__ = ["PER_DIMENSION", "POINTS", "Extrapolation", "fid_infinity", "smallest"]

POINTS = 15
PER_DIMENSION = 4
"""Vectors a dimension that the larger end of the line needs; its smaller end has half of them."""


@dataclass(frozen=True)
class Extrapolation:
    """sizes: of the draws. distances: the Fréchet distance at each. slope: times 1/n. value: at 1/n = 0."""

    value: float
    slope: float
    sizes: tuple[int, ...]
    distances: tuple[float, ...]


def smallest(dimensions: int) -> int:
    """The least n of each side for features of this many dimensions."""
    return PER_DIMENSION * dimensions


def fid_infinity(x: Vectors, y: Vectors, rng: np.random.Generator, points: int = POINTS) -> Extrapolation:
    """The extrapolated distance; InputError where either side is smaller than `smallest`."""
    check_pair(x, y, 2, "FID-infinity")
    n, needed = min(len(x), len(y)), smallest(x.shape[1])
    if n < needed:
        raise InputError(f"FID-infinity: {n} vectors of {x.shape[1]} dimensions; at least {needed} of each are needed")
    sizes = np.unique(np.linspace(n // 2, n, points).astype(int))
    found = np.array([_at(x, y, int(size), rng) for size in sizes])
    slope, value = np.polyfit(1 / sizes, found, 1)
    return Extrapolation(float(value), float(slope), tuple(sizes.tolist()), tuple(found.tolist()))


def _at(x: Vectors, y: Vectors, size: int, rng: np.random.Generator) -> float:
    return frechet_distance(_draw(x, size, rng), _draw(y, size, rng))


def _draw(vectors: Vectors, size: int, rng: np.random.Generator) -> F64:
    rows = np.sort(rng.permutation(len(vectors))[:size])
    return np.asarray(vectors[rows])
