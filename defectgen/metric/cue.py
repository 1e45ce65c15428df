"""Cues: single numbers of a window that may give its side away whatever the defect looks like.

Size, brightness and contrast are measured by themselves, so that a reader can tell a classifier that saw defects from
one that saw lamps. Sizes depend on how large the defects were asked to be, and windows of other sizes are scaled to
the network's input by other factors: where size alone tells the sides apart, both are thinned to the same sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.separation import auroc

__all__ = ["LIMIT", "Cues", "cue_flag", "same_sizes", "size_cue"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

LIMIT = 0.6  # AUROC from which on size alone is taken for a giveaway
OCTAVE_PARTS = 4  # sizes are matched within quarter octaves


@dataclass(frozen=True)
class Cues:
    """(n,) float64 each. side: the longer one, px. brightness, contrast: mean and standard deviation, grey levels."""

    side: F64
    brightness: F64
    contrast: F64

    @staticmethod
    def of(pictures: Sequence[U8]) -> Cues:
        rows = [(float(max(one.shape[:2])), float(one.mean()), float(one.std())) for one in pictures]
        side, brightness, contrast = np.asarray(rows, np.float64).reshape(-1, 3).T
        return Cues(side, brightness, contrast)

    @staticmethod
    def joined(parts: Sequence[Cues]) -> Cues:
        empty = Cues.of([])
        names = ("side", "brightness", "contrast")
        return Cues(*(np.concatenate([getattr(one, name) for one in (empty, *parts)]) for name in names))

    def take(self, rows: I64) -> Cues:
        return Cues(self.side[rows], self.brightness[rows], self.contrast[rows])


def size_cue(ours: Cues, theirs: Cues) -> float:
    """AUROC of size alone, in [0.5, 1]."""
    return _either_way(ours.side, theirs.side)


def cue_flag(ours: Cues, theirs: Cues) -> str:
    """What each cue tells by itself."""
    parts = [
        f"{name} {_either_way(getattr(ours, name), getattr(theirs, name)):.2f}"
        for name in ("side", "brightness", "contrast")
    ]
    return f"AUROC of single cues: {', '.join(parts)}"


def same_sizes(ours: Cues, theirs: Cues, rng: np.random.Generator) -> tuple[I64, I64]:
    """Rows of both, equally many of each size, sorted."""
    bins = [np.floor(OCTAVE_PARTS * np.log2(np.maximum(one.side, 1))).astype(np.int64) for one in (ours, theirs)]
    kept: tuple[list[int], list[int]] = ([], [])
    for size in np.intersect1d(*bins):
        rows = [np.flatnonzero(side == size) for side in bins]
        n = min(len(rows[0]), len(rows[1]))
        for out, some in zip(kept, rows, strict=True):
            out.extend(int(row) for row in rng.permutation(some)[:n])
    return np.sort(np.asarray(kept[0], np.int64)), np.sort(np.asarray(kept[1], np.int64))


def _either_way(ours: F64, theirs: F64) -> float:
    both = np.concatenate([ours, theirs])
    found = auroc(both, np.arange(len(both)) < len(ours))
    return max(found, 1 - found)
