"""Density and coverage (Naeem et al. 2020, eq. 5 and 6), k = 5.

density: in how many of the real vectors' balls a generated vector lies, over k; 1 is expected of equal distributions,
and it may exceed 1 where generated vectors crowd where real ones do.
coverage: share of real vectors whose ball holds a generated one; equal sets of size n give about 1 - 2^-k.

Only real vectors have balls, so a generated outlier covers nothing; and a real outlier adds one ball of many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defectgen.metric.neighbourhood import radii, to_set
from defectgen.metric.pairwise import Vectors, check_pair

__all__ = ["NEIGHBOURS", "SMALLEST", "DensityCoverage", "density_coverage"]

NEIGHBOURS = 5
SMALLEST = 10
"""More than k real vectors are needed; with fewer than twice k a ball reaches across half the set."""


@dataclass(frozen=True)
class DensityCoverage:
    """density >= 0; coverage in [0, 1]."""

    density: float
    coverage: float


def density_coverage(synth: Vectors, real: Vectors, k: int = NEIGHBOURS) -> DensityCoverage:
    """Of (n, D) generated and (m, D) real features; InputError where a side holds no more than k."""
    check_pair(synth, real, k + 1, "density and coverage")
    reach, hits, covered = radii(real, k), 0, np.zeros(len(real), bool)
    for _, found in to_set(synth, real):
        inside = found <= reach
        hits += int(inside.sum())
        covered |= inside.any(0)
    return DensityCoverage(hits / (k * len(synth)), float(covered.mean()))
