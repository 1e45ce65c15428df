"""How well scores of pictures or pixels rank what is defective first: AUROC, average precision, F1-max, PRO.

Exact: every distinct score is a threshold, equal scores share one, none is rounded to a grid. One sort serves all
numbers and all subsets, since test pictures hold millions of pixels. A score >= threshold is marked.

Average precision is the step sum of precision over recall (Davis and Goadrich 2006, "The relationship between
Precision-Recall and ROC curves"). PRO is the mean, over the regions of all true masks, of the share of the region that
is marked, integrated over the false-positive rate up to a limit and divided by the limit (Bergmann et al. 2021, "The
MVTec Anomaly Detection Dataset", section 5.2; limit 0.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALARM_RATE", "FPR_LIMIT", "Ranking", "alarm_threshold", "rank"]

ALARM_RATE = 0.05
"""Share of good val pictures on which a threshold may raise an alarm."""
FPR_LIMIT = 0.3

F64 = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ranking:
    """Scores in falling order. truth: of each. weight: 1 / pixels of its region for a true pixel, None for pictures.

    owner: index of the picture of each.
    """

    scores: NDArray[np.float32]
    truth: Truth
    owner: NDArray[np.int32]
    weight: NDArray[np.float32] | None = None

    def of(self, pictures: NDArray[np.bool_]) -> Ranking:
        """The ranking of some pictures alone; pictures: (N,), True to stay."""
        kept = pictures[self.owner]
        weight = None if self.weight is None else self.weight[kept]
        return Ranking(self.scores[kept], self.truth[kept], self.owner[kept], weight)

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """Place of the last of each run of equal scores."""
        return np.append(np.flatnonzero(np.diff(self.scores)), len(self.scores) - 1)

    @cached_property
    def _hits(self) -> F64:
        """True ones marked at each distinct threshold."""
        return np.cumsum(self.truth, dtype=np.int64)[self._ends].astype(np.float64)

    @cached_property
    def _false(self) -> F64:
        """Others marked at each distinct threshold."""
        return np.asarray(self._ends + 1 - self._hits, np.float64)

    @cached_property
    def has_both(self) -> bool:
        """Whether there is something to rank: a true one and another."""
        return bool(self.truth.any() and not self.truth.all())

    def average_precision(self) -> float:
        """0 to 1; of random scores, the share of true ones."""
        precision = self._hits / (self._ends + 1)
        return float(np.sum(np.diff(self._hits, prepend=0.0) * precision) / self._hits[-1])

    def auroc(self) -> float:
        """Chance that a true one scores above another, equal scores counting half."""
        assert self.has_both
        x, y = np.append(0.0, self._false), np.append(0.0, self._hits)
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / (2 * x[-1] * y[-1]))

    def f1_max(self) -> tuple[float, float]:
        """The highest F1 (Dice, of pixels) of all thresholds, and that threshold."""
        f1 = 2 * self._hits / (self._ends + 1 + self._hits[-1])
        best = int(f1.argmax())
        return float(f1[best]), float(self.scores[self._ends[best]])

    def pro(self, limit: float = FPR_LIMIT) -> float:
        """Mean share of a region that is marked, over false-positive rates up to the limit; 0 to 1."""
        assert self.has_both and self.weight is not None
        overlap = np.cumsum(np.where(self.truth, self.weight, 0.0), dtype=np.float64)[self._ends]
        y, x = np.append(0.0, overlap / overlap[-1]), np.append(0.0, self._false / self._false[-1])
        inside = int(np.searchsorted(x, limit, side="right"))
        x_in, y_in = np.append(x[:inside], limit), np.append(y[:inside], np.interp(limit, x, y))
        return float(np.sum(np.diff(x_in) * (y_in[1:] + y_in[:-1])) / (2 * limit))


def rank(scores: NDArray[np.floating[Any]], truth: Truth, weight: NDArray[np.float32] | None = None) -> Ranking:
    """Of scores (N,) of pictures or maps (N, H, W), and what is true of each, same shape; float32 decides ties."""
    flat = np.asarray(scores, np.float32).ravel()
    order = np.argsort(-flat, kind="stable")
    owner = (order // max(flat.size // max(len(scores), 1), 1)).astype(np.int32)
    return Ranking(flat[order], truth.ravel()[order], owner, None if weight is None else weight.ravel()[order])


def alarm_threshold(good_scores: NDArray[np.floating[Any]], rate: float = ALARM_RATE) -> float:
    """The lowest threshold at which at most this share of good pictures raises an alarm."""
    ordered = np.sort(np.asarray(good_scores, np.float32).ravel())[::-1]
    allowed = int(np.floor(rate * len(ordered) + 1e-9))
    return float(np.nextafter(ordered[allowed], np.float32(np.inf)))
