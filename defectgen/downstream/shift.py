"""The light augmentation that every arm has: a flip along each axis and a whole-pixel shift, mirrored at the border.

No value is interpolated, so hairlines stay as sharp as they are. What the mirror shows is marked in the mask as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shift", "draw_shift"]

FARTHEST = 0.1
"""Of a shift along each axis, as a share of the side."""
LEAST_LEFT = 0.25
"""Share of a box that must stay inside the picture for the box to stay."""

F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shift:
    """Where each row and column of the result comes from, and the same as flips and offsets for boxes.

    rows, columns: (S,) int64. flips: whether y, x are flipped, before the offsets (pixels, y then x) are added.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    flips: tuple[bool, bool]
    offsets: tuple[int, int]

    def picture(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Of (S, S) or (S, S, C)."""
        return pixels[self.rows][:, self.columns]

    def boxes(self, boxes: F32) -> F32:
        """Of (M, 5), clipped to the picture; those of which less than LEAST_LEFT is left are dropped."""
        side = len(self.rows)
        moved = boxes.astype(np.float32).reshape(-1, 5)
        for axis, (low, high) in enumerate(((1, 3), (0, 2))):
            if self.flips[axis]:
                moved[:, [low, high]] = side - moved[:, [high, low]]
            moved[:, [low, high]] += self.offsets[axis]
        before = _area(moved)
        moved[:, :4] = moved[:, :4].clip(0, side)
        return np.asarray(moved[_area(moved) >= LEAST_LEFT * np.maximum(before, 1e-6)], np.float32)


def _area(boxes: F32) -> F32:
    return np.asarray((boxes[:, 2] - boxes[:, 0]).clip(0) * (boxes[:, 3] - boxes[:, 1]).clip(0), np.float32)


def draw_shift(side: int, rng: np.random.Generator) -> Shift:
    """Flips with chance one half each, offsets evenly spread over FARTHEST of the side both ways."""
    farthest = round(FARTHEST * side)
    flips = (bool(rng.integers(2)), bool(rng.integers(2)))
    offsets = (int(rng.integers(-farthest, farthest + 1)), int(rng.integers(-farthest, farthest + 1)))
    rows, columns = (_sources(side, flip, offset) for flip, offset in zip(flips, offsets, strict=True))
    return Shift(rows, columns, flips, offsets)


def _sources(side: int, flip: bool, offset: int) -> NDArray[np.int64]:
    place = np.abs(np.arange(side) - offset)
    place = np.where(place >= side, 2 * (side - 1) - place, place)
    return np.asarray(side - 1 - place if flip else place, np.int64)
