"""Measures: the metrics between two sets of features, as one table of names, directions, bounds and smallest n."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from defectgen.metric import cmmd, density_coverage, frechet, kid, nearest, precision_recall
from defectgen.metric.mmd import Weights
from defectgen.metric.pairwise import F64, Vectors
from defectgen.metric.result import Better

__all__ = ["FID", "MEASURES", "Measure", "Number"]

FID = "FID"
FID_SMALLEST = 10
"""The formula takes 2; under 10 the fitted Gaussians are those pictures and nothing more."""


@dataclass(frozen=True)
class Number:
    """One number of a measure. bounds: what it cannot leave."""

    name: str
    better: Better
    bounds: tuple[float, float] = (-np.inf, np.inf)


@dataclass(frozen=True)
class Measure:
    """compute: of generated and real vectors, its numbers in their order.

    replicates: of draws with replacement, for a measure that bears them; others are drawn by halves.
    """

    numbers: tuple[Number, ...]
    smallest: int
    compute: Callable[[Vectors, Vectors], tuple[float, ...]]
    replicates: Callable[[Vectors, Vectors, Weights, Weights], F64] | None = None

    @property
    def unbiased(self) -> bool:
        """Whether its expectation is the same at every n."""
        return self.replicates is not None


def _precision_recall(x: Vectors, y: Vectors) -> tuple[float, ...]:
    found = precision_recall.precision_recall(x, y)
    return found.precision, found.recall


def _density_coverage(x: Vectors, y: Vectors) -> tuple[float, ...]:
    found = density_coverage.density_coverage(x, y)
    return found.density, found.coverage


def _nearest(x: Vectors, y: Vectors) -> tuple[float, ...]:
    found = nearest.nearest_real(x, y)
    return found.mean, *(found.quantile(share) for share in nearest.QUANTILES)


SHARE = (0.0, 1.0)
MEASURES = (
    Measure((Number("KID", "lower"),), kid.SMALLEST, lambda x, y: (kid.kid(x, y),), kid.kid_replicates),
    Measure((Number("CMMD", "lower"),), cmmd.SMALLEST, lambda x, y: (cmmd.cmmd(x, y),), cmmd.cmmd_replicates),
    Measure((Number(FID, "lower", (0, np.inf)),), FID_SMALLEST, lambda x, y: (frechet.frechet_distance(x, y),)),
    Measure(
        (Number("precision", "higher", SHARE), Number("recall", "higher", SHARE)),
        precision_recall.SMALLEST, _precision_recall,
    ),
    Measure(
        (Number("density", "higher", (0, np.inf)), Number("coverage", "higher", SHARE)),
        density_coverage.SMALLEST, _density_coverage,
    ),
    Measure(
        (
            Number("nearest-mean", "neither", (-1, 1)),
            *(Number(f"nearest-q{round(100 * share):02}", "neither", (-1, 1)) for share in nearest.QUANTILES),
        ),
        nearest.SMALLEST, _nearest,
    ),
)  # fmt: skip
