"""CMMD: the kernel distance of unit-length embeddings under a Gaussian kernel (Jayasumana et al. 2024, section 5).

    k(x, y) = exp(-|x - y|² / 2σ²),  σ = 10;  the result is MMD²_u times 1,000

The paper takes CLIP's embeddings; on others the value cannot be compared with published ones, and the name carries
their label. The authors' code keeps the pairs of a row and itself, which adds a bias of order 1/n; here they are left
out, as the paper's text has it.

What it sees: unit vectors are at most 2 apart, so the exponent stays within 0.02 and the kernel is very nearly
1 - |x - y|²/200. MMD² under that kernel is |mean x - mean y|² / 100: CMMD is, nearly, a distance between means, and a
set that collapsed onto its mean can hide from it.
"""

from __future__ import annotations

import numpy as np

from defectgen.metric.mmd import Weights, mmd2, mmd2_weighted
from defectgen.metric.pairwise import F64, Vectors, check_pair, unit

__all__ = ["SCALE", "SIGMA", "SMALLEST", "cmmd", "cmmd_replicates", "gaussian"]

SIGMA, SCALE = 10.0, 1000.0
SMALLEST = 10
"""For the same reasons as KID's."""


def gaussian(x: F64, y: F64) -> F64:
    """The kernel, of rows brought to length 1."""
    return np.asarray(np.exp((unit(x) @ unit(y).T - 1) / SIGMA**2))


def cmmd(x: Vectors, y: Vectors) -> float:
    """1,000 times MMD²_u over all pairs of (n, D) and (m, D); may be negative."""
    check_pair(x, y, 2, "CMMD")
    return SCALE * mmd2(x, y, gaussian)


def cmmd_replicates(x: Vectors, y: Vectors, wx: Weights, wy: Weights) -> F64:
    """(R,): CMMD of each draw of groups."""
    check_pair(x, y, 2, "CMMD")
    return np.asarray(SCALE * mmd2_weighted(x, y, gaussian, wx, wy))
