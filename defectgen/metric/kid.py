"""The kernel distance: KID where the features are Inception's (Bińkowski et al. 2018, section 4).

MMD²_u with the cubic kernel k(x, y) = (x·y / D + 1)³. It has no bias at any n, so sets of different sizes may be
compared, and it is the distance to read first where there are few pictures.

`kid` takes every pair there is. `kid_subsets` averages over random subsets of one size, as torch-fidelity and most
papers do (100 subsets of 1,000), with the same random draws; its standard deviation is between subsets that share rows
and is no standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defectgen.errors import InputError
from defectgen.metric.mmd import Weights, mmd2, mmd2_weighted
from defectgen.metric.pairwise import F64, Vectors, check_pair

__all__ = ["SMALLEST", "SubsetKid", "cubic", "kid", "kid_replicates", "kid_subsets"]

SMALLEST = 10
"""With fewer vectors the 95% interval is wider than any difference that could matter, and groups are too few to draw
from; the estimator itself needs 2."""


@dataclass(frozen=True)
class SubsetKid:
    """mean and deviation (divided by the number of subsets) of the subsets' MMD²_u."""

    mean: float
    deviation: float
    subsets: int
    size: int


def cubic(x: F64, y: F64) -> F64:
    """(x·y / D + 1)³."""
    inner = x @ y.T / x.shape[1] + 1
    return np.asarray(inner * inner * inner)


def kid(x: Vectors, y: Vectors) -> float:
    """MMD²_u over all pairs of (n, D) and (m, D) features; may be negative."""
    check_pair(x, y, 2, "KID")
    return mmd2(x, y, cubic)


def kid_replicates(x: Vectors, y: Vectors, wx: Weights, wy: Weights) -> F64:
    """(R,): KID of each draw of groups."""
    check_pair(x, y, 2, "KID")
    return mmd2_weighted(x, y, cubic, wx, wy)


def kid_subsets(x: Vectors, y: Vectors, size: int = 1000, subsets: int = 100, seed: int = 2020) -> SubsetKid:
    """Averaged over subsets without replacement; InputError where a side holds fewer than size vectors."""
    check_pair(x, y, 2, "KID")
    if size > min(len(x), len(y)):
        raise InputError(f"KID: subsets of {size} from {len(x)} and {len(y)} vectors; give a size they all hold")
    draws = np.random.RandomState(seed)  # torch-fidelity's draws, for the same subsets
    found = []
    for _ in range(subsets):
        left = draws.choice(len(x), size, replace=False)
        right = draws.choice(len(y), size, replace=False)
        found.append(mmd2(x[left], y[right], cubic))
    return SubsetKid(float(np.mean(found)), float(np.std(found)), subsets, size)
