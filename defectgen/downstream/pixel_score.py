"""What maps of the chance of a defect are worth against true masks: the numbers of segmentation and localisation.

Two thresholds come from val. The *mask* threshold maximises pixel F1 on val: IoU and Dice on test are at it, pooled
over all pixels. The *alarm* threshold is the lowest that raises an alarm on at most 5 % of val's good pictures: what is
found, and false alarms per good picture, are at it. Both kinds of decision on whole pictures are on smoothed maps.

Of one class: its pictures and all good ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.found import Defect, defects, found_shares, smoothed
from defectgen.downstream.pool import Pool
from defectgen.downstream.ranking import Ranking, alarm_threshold, rank
from defectgen.downstream.region import region_weights

__all__ = ["MapScores", "Thresholds", "macro_pixel_ap", "pick_thresholds", "picture_scores"]

F32 = NDArray[np.float32]
Kept = NDArray[np.bool_]


@dataclass(frozen=True)
class Thresholds:
    """mask: pixels with this chance or more are defect. alarm: smoothed pixels with it or more raise an alarm."""

    mask: float
    alarm: float


def picture_scores(maps: F32) -> F32:
    """(N,): the highest smoothed value of each map (N, S, S)."""
    return np.asarray(smoothed(maps).max(axis=(1, 2)), np.float32)


def macro_pixel_ap(maps: F32, pool: Pool) -> float:
    """Mean over the classes of the average precision of the pixels of their pictures and of all good ones."""
    ranking, labels = rank(maps, pool.masks > 0), pool.labels
    kept = [(labels == k) | (labels == 0) for k in np.unique(labels[labels > 0])]
    return float(np.mean([ranking.of(one).average_precision() for one in kept]))


def pick_thresholds(maps: F32, val: Pool) -> Thresholds:
    """From maps of val's pictures alone."""
    return Thresholds(rank(maps, val.masks > 0).f1_max()[1], alarm_threshold(picture_scores(maps)[val.good]))


class MapScores:
    """All numbers of maps (N, S, S) against a pool with masks, for any part of its pictures."""

    def __init__(self, maps: F32, pool: Pool, thresholds: Thresholds) -> None:
        truth = pool.masks > 0
        smooth = smoothed(maps)
        self.pictures: F32 = smooth.max(axis=(1, 2))
        self._pool = pool
        self._pixels = rank(maps, truth, region_weights(truth))
        self._whole = rank(self.pictures, pool.labels > 0)
        self._counts = _counts(maps >= np.float32(thresholds.mask), truth)
        self._alarms = self.pictures >= np.float32(thresholds.alarm)
        self._defects = defects(smooth >= np.float32(thresholds.alarm), truth)

    def overall(self) -> dict[str, float]:
        """Of all pictures; `macro_pixel_ap`, the mean of the classes' own, is not decided by large defects alone."""
        classes = [row["pixel_ap"] for row in self.per_class().values()]
        return self._of(np.ones(len(self._pool), np.bool_)) | {"macro_pixel_ap": float(np.mean(classes))}

    def per_class(self) -> dict[str, dict[str, float]]:
        """Of each class that has pictures, beside all good ones."""
        return dict(self._classes)

    @cached_property
    def _classes(self) -> dict[str, dict[str, float]]:
        labels = self._pool.labels
        return {
            name: self._of((labels == k) | (labels == 0))
            for k, name in enumerate(self._pool.classes, 1)
            if np.any(labels == k)
        }

    def _of(self, kept: Kept) -> dict[str, float]:
        pixels, whole = self._pixels.of(kept), self._whole.of(kept)
        both, marked, true = self._counts[kept].sum(axis=0).tolist()
        return {
            "pixel_ap": pixels.average_precision(),
            "f1_max": pixels.f1_max()[0],
            "iou": both / max(marked + true - both, 1),
            "dice": 2 * both / max(marked + true, 1),
            "pro": pixels.pro(),
            "pixel_auroc": pixels.auroc(),
            **_whole_scores(whole),
            "false_per_good": float(np.mean(self._alarms[kept & (self._pool.labels == 0)])),
            **found_shares([one for one in self._defects if kept[one.picture]]),
        }

    @property
    def defects(self) -> list[Defect]:
        """Every true defect, with the share of it that is marked."""
        return self._defects


def _whole_scores(whole: Ranking) -> dict[str, float]:
    return {"image_auroc": whole.auroc(), "image_ap": whole.average_precision()}


def _counts(marked: NDArray[np.bool_], truth: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(N, 3): pixels of each picture that are both, marked, true."""
    return np.stack([np.count_nonzero(one, axis=(1, 2)) for one in (marked & truth, marked, truth)], axis=1)
