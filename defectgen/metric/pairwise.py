"""Pairs of feature vectors, a block at a time, so that memory does not grow with the number of pairs.

Vectors are (n, D) floats of any precision, possibly memory-mapped; whatever is computed from them is float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError

__all__ = ["BLOCK", "F64", "Kernel", "Vectors", "as_block", "check_pair", "distances", "row_blocks", "unit"]

F64 = NDArray[np.float64]
Vectors = NDArray[Any]
Kernel = Callable[[F64, F64], F64]
"""(a, D) and (b, D) to (a, b)."""
BLOCK = 512
ROUNDING = 1e-13
"""Squared distances under this share of the squared norms are the rounding of equal vectors."""


def row_blocks(n: int, rows: int = BLOCK) -> Iterator[slice]:
    """Slices that cover n rows."""
    for start in range(0, n, rows):
        yield slice(start, min(start + rows, n))


def as_block(vectors: Vectors, rows: slice) -> F64:
    """These rows in float64."""
    return np.asarray(vectors[rows], np.float64)


def check_pair(x: Vectors, y: Vectors, smallest: int, metric: str) -> None:
    """InputError where the two do not go together or are too few."""
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise InputError(f"{metric}: features of shapes {x.shape} and {y.shape}; expected (n, D) and (m, D)")
    if min(len(x), len(y)) < smallest:
        raise InputError(f"{metric}: {len(x)} and {len(y)} feature vectors; at least {smallest} of each are needed")


def distances(x: F64, y: F64) -> F64:
    """Euclidean distances (a, b) of blocks; equal vectors are at exactly 0."""
    norms = (x * x).sum(1)[:, None] + (y * y).sum(1)[None, :]
    squared = norms - 2 * (x @ y.T)
    squared[squared < ROUNDING * norms] = 0
    return np.asarray(np.sqrt(squared, out=squared))


def unit(block: F64) -> F64:
    """Rows scaled to length 1; zero rows stay zero."""
    lengths = np.linalg.norm(block, axis=1, keepdims=True)
    return np.asarray(np.divide(block, lengths, out=np.zeros_like(block), where=lengths > 0))
