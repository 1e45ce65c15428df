"""Improved precision and recall (Kynkäänniemi et al. 2019, eq. 2 and 3), k = 3.

precision: share of generated vectors inside the balls of the real ones: does it look real.
recall: share of real vectors inside the balls of the generated ones: is all of the real variety there.

One real outlier has a large ball that lets much pass as precise, and one generated outlier a large ball that covers
much of the real set: `density_coverage` mends both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defectgen.metric.neighbourhood import radii, to_set
from defectgen.metric.pairwise import Vectors, check_pair

__all__ = ["NEIGHBOURS", "SMALLEST", "PrecisionRecall", "precision_recall"]

NEIGHBOURS = 3
SMALLEST = 10
"""More than k are needed; with fewer than about three times k a ball reaches across the whole set."""


@dataclass(frozen=True)
class PrecisionRecall:
    """Both in [0, 1]."""

    precision: float
    recall: float


def precision_recall(synth: Vectors, real: Vectors, k: int = NEIGHBOURS) -> PrecisionRecall:
    """Of (n, D) generated and (m, D) real features; InputError where a side holds no more than k."""
    check_pair(synth, real, k + 1, "precision and recall")
    reach_real, reach_synth = radii(real, k), radii(synth, k)
    precise, recalled = 0, np.zeros(len(real), bool)
    for rows, found in to_set(synth, real):
        precise += int((found <= reach_real).any(1).sum())
        recalled |= (found <= reach_synth[rows, None]).any(0)
    return PrecisionRecall(precise / len(synth), float(recalled.mean()))
