"""Nearest real pictures: the cosine of each generated vector to the most similar real one, in [-1, 1].

Neither end is good: a mean far below its floor says that the set looks like nothing real, a high upper quantile that
pictures are near copies of real ones. Cosines of many networks are all positive and close together; read them against
the floor, never alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.pairwise import F64, Vectors, as_block, check_pair, row_blocks, unit

__all__ = ["QUANTILES", "SMALLEST", "Nearest", "nearest_real"]

SMALLEST = 1
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Nearest:
    """cosines: (n,) float64, the largest to any real vector. rows: (n,), of that real vector."""

    cosines: F64
    rows: NDArray[np.int64]

    @property
    def mean(self) -> float:
        return float(self.cosines.mean())

    def quantile(self, share: float) -> float:
        """Share in [0, 1]."""
        return float(np.quantile(self.cosines, share))


def nearest_real(synth: Vectors, real: Vectors) -> Nearest:
    """For each of (n, D) generated features the nearest of (m, D) real ones; the first of equally near ones."""
    check_pair(synth, real, SMALLEST, "nearest similarity")
    cosines, nearest = np.full(len(synth), -np.inf), np.zeros(len(synth), np.int64)
    for rows in row_blocks(len(synth)):
        left, best, at = unit(as_block(synth, rows)), cosines[rows], nearest[rows]
        for others in row_blocks(len(real)):
            found = left @ unit(as_block(real, others)).T
            top = found.argmax(1)
            value = found[np.arange(len(top)), top]
            better = value > best
            best[better], at[better] = value[better], top[better] + others.start
    return Nearest(np.clip(cosines, -1, 1), nearest)
