"""Neighbourhoods: the ball around each vector that reaches its k-th nearest other vector of the same set.

Together the balls of a set stand for where its distribution has support (Kynkäänniemi et al. 2019, section 3).
Distances are Euclidean, in float64; a vector at exactly the radius lies inside.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from defectgen.metric.pairwise import F64, Vectors, as_block, distances, row_blocks

__all__ = ["radii", "to_set"]


def radii(vectors: Vectors, k: int) -> F64:
    """(n,): distance of each vector to its k-th nearest other; k < n."""
    found = np.empty(len(vectors))
    for rows, block in _rows(vectors, vectors):
        block[np.arange(len(block)), np.arange(rows.start, rows.stop)] = np.inf
        found[rows] = np.partition(block, k - 1, axis=1)[:, k - 1]
    return found


def to_set(x: Vectors, y: Vectors) -> Iterator[tuple[slice, F64]]:
    """For each block of rows of x: the rows, and their distances to all of y."""
    yield from _rows(x, y)


def _rows(x: Vectors, y: Vectors) -> Iterator[tuple[slice, F64]]:
    """A block of x holds so few rows that its distances take no more room than a block of pairs and one row of y."""
    centre = sum((as_block(y, rows).sum(0) for rows in row_blocks(len(y))), np.zeros(y.shape[1])) / len(y)
    for rows in row_blocks(len(x), max(1, 2**20 // len(y))):
        left = as_block(x, rows) - centre
        found = [distances(left, as_block(y, other) - centre) for other in row_blocks(len(y))]
        yield rows, np.concatenate(found, axis=1)
