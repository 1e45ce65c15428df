"""The maximum mean discrepancy of two sets of features under a kernel, squared, without bias.

    MMD²_u = mean over i≠j of k(xᵢ, xⱼ) + mean over i≠j of k(yᵢ, yⱼ) - 2 mean of k(xᵢ, yⱼ)

after Gretton et al. 2012, eq. 3.

It is a difference of means over pairs, and may fall below 0 where the sets are alike. Kernel values are computed in
float64, a block of pairs at a time.

Bootstrap. Drawing whole groups with replacement brings copies of the same row, and the pair of a row and its copy is
k(x, x), the largest value there is: left in, it adds about (mean k(x, x) - mean k) / G to each side, often more than
the distance itself. So a pair of rows from two copies of one group counts nothing, just as the pair of a row and itself
counts nothing in the estimator; pairs inside one copy count as they did. Replicates are then centred on the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.pairwise import F64, Kernel, Vectors, as_block, row_blocks

__all__ = ["Weights", "mmd2", "mmd2_weighted", "once"]

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Weights:
    """How often each group was drawn. counts: (R, G) float64. index: (n,), the group of each row."""

    counts: F64
    index: I64

    @property
    def of_rows(self) -> F64:
        """(n, R)."""
        return np.ascontiguousarray(self.counts[:, self.index].T)


def once(n: int) -> Weights:
    """Every row its own group, drawn once: the estimator itself."""
    return Weights(np.ones((1, n)), np.arange(n))


def mmd2(x: Vectors, y: Vectors, kernel: Kernel) -> float:
    """MMD²_u of (n, D) and (m, D)."""
    return float(mmd2_weighted(x, y, kernel, once(len(x)), once(len(y)))[0])


def mmd2_weighted(x: Vectors, y: Vectors, kernel: Kernel, wx: Weights, wy: Weights) -> F64:
    """(R,): MMD²_u of each draw; not a number where a draw holds one group alone."""
    rows_x, rows_y = wx.of_rows, wy.of_rows
    cross = _pair_sums(x, y, kernel, rows_x, rows_y) / (rows_x.sum(0) * rows_y.sum(0))
    return np.asarray(_within(x, kernel, wx, rows_x) + _within(y, kernel, wy, rows_y) - 2 * cross)


def _within(x: Vectors, kernel: Kernel, weights: Weights, rows: F64) -> F64:
    """Mean kernel over the pairs of one side that count."""
    counts, sizes = weights.counts, np.bincount(weights.index, minlength=weights.counts.shape[1])
    inside, own = _group_sums(x, kernel, weights.index, len(sizes))
    total = _own_pair_sums(x, kernel, rows) - counts**2 @ inside + counts @ (inside - own)
    pairs = (counts @ sizes) ** 2 - counts**2 @ sizes.astype(float) ** 2 + counts @ (sizes * (sizes - 1.0))
    return np.asarray(np.divide(total, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))


def _pair_sums(x: Vectors, y: Vectors, kernel: Kernel, wx: F64, wy: F64) -> F64:
    """(R,): sum of k(xᵢ, yⱼ) times both weights."""
    total = np.zeros(wx.shape[1])
    for i in row_blocks(len(x)):
        left = as_block(x, i)
        for j in row_blocks(len(y)):
            total += (wx[i] * (kernel(left, as_block(y, j)) @ wy[j])).sum(0)
    return total


def _own_pair_sums(x: Vectors, kernel: Kernel, w: F64) -> F64:
    """The same within one side: blocks above the diagonal count twice."""
    total = np.zeros(w.shape[1])
    for i in row_blocks(len(x)):
        left = as_block(x, i)
        for j in row_blocks(len(x)):
            if j.start >= i.start:
                once_or_twice = 1 if i == j else 2
                total += once_or_twice * (w[i] * (kernel(left, as_block(x, j)) @ w[j])).sum(0)
    return total


def _group_sums(x: Vectors, kernel: Kernel, index: I64, groups: int) -> tuple[F64, F64]:
    """Of each group: the sum over all its pairs, and over the pairs of a row and itself."""
    inside, own = np.zeros(groups), np.zeros(groups)
    for group, rows in enumerate(_rows_of(index, groups)):
        block = np.asarray(x[rows], np.float64)
        values = kernel(block, block)
        inside[group], own[group] = values.sum(), np.trace(values)
    return inside, own


def _rows_of(index: I64, groups: int) -> Sequence[I64]:
    order = np.argsort(index, kind="stable")
    return np.split(order, np.searchsorted(index[order], np.arange(1, groups)))
