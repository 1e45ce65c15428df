"""Room: where on a part a shape still fits.

The centres at which a shape's whole support lies in the free area are an erosion by that support. It is taken on a
coarse grid by a correlation, then settled to the pixel on the full grid.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from defectgen.mask.shape import Shape

__all__ = ["Room", "bite_centres", "dilate", "outline_direction"]

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
COARSE_PX = 144
SUPPORT = 0.02
SETTLE_TRIES = 48


def dilate(mask: Mask, radius: int) -> Mask:
    """The mask, padded by radius on each side and grown by it."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(np.pad(mask, radius).astype(np.uint8), kernel) > 0)


class Room:
    """The free area of a picture, (h, w) bool, with a coarse copy that is free only where all of a cell is."""

    def __init__(self, free: Mask) -> None:
        self.free = free
        self.cell = max(1, int(np.ceil(max(free.shape) / COARSE_PX)))
        self.free_coarse: Mask = np.asarray(self._blocks(free, fill=False).all(axis=(1, 3)))

    def _blocks(self, mask: Mask, *, fill: bool) -> Mask:
        k = self.cell
        h, w = mask.shape
        padded = np.pad(mask, ((0, -h % k), (0, -w % k)), mode="edge" if not fill else "constant")
        return padded.reshape(padded.shape[0] // k, k, padded.shape[1] // k, k)

    def shrink(self, mask: Mask) -> Mask:
        """A mask on the coarse grid, true where most of a cell is."""
        return np.asarray(self._blocks(mask, fill=False).mean(axis=(1, 3)) >= 0.5)

    def refine(self, mask: Mask) -> Mask:
        """A coarse mask on the full grid."""
        h, w = self.free.shape
        return np.repeat(np.repeat(mask, self.cell, axis=0), self.cell, axis=1)[:h, :w]

    def centres(self, shape: Shape) -> Mask:
        """Coarse cells at which the middle of the shape's crop may lie so that its whole support is free."""
        support = self._blocks(shape.alpha > SUPPORT, fill=True).any(axis=(1, 3))
        k = np.pad(support, [(0, 1 - n % 2) for n in support.shape])
        blocked = np.pad(~self.free_coarse, [(n // 2, n // 2) for n in k.shape], constant_values=True)
        hits = fftconvolve(blocked.astype(np.float32), k[::-1, ::-1].astype(np.float32), mode="valid")
        return np.asarray(hits < 0.5)

    def settle(self, shape: Shape, spots: Mask, rng: np.random.Generator) -> Box | None:
        """A box for the shape's crop, its middle in one of the coarse spots, that passes on the full grid."""
        h, w = shape.alpha.shape
        support = shape.alpha > SUPPORT
        flat = np.flatnonzero(spots)
        if not len(flat):
            return None
        for pick in flat[rng.integers(len(flat), size=SETTLE_TRIES)]:
            row, col = divmod(int(pick), spots.shape[1])
            jitter = rng.integers(0, self.cell, 2)
            x0 = col * self.cell + int(jitter[0]) - w // 2
            y0 = row * self.cell + int(jitter[1]) - h // 2
            if self._holds(support, x0, y0):
                return x0, y0, x0 + w, y0 + h
        return None

    def _holds(self, support: Mask, x0: int, y0: int) -> bool:
        h, w = support.shape
        ax, ay = max(x0, 0), max(y0, 0)
        bx, by = min(x0 + w, self.free.shape[1]), min(y0 + h, self.free.shape[0])
        if ax >= bx or ay >= by:
            return False
        inner = support[ay - y0 : by - y0, ax - x0 : bx - x0]
        return int(inner.sum()) == int(support.sum()) and bool(self.free[ay:by, ax:bx][inner].all())

    def without(self, box: Box, mask: Mask, grown: int) -> Room:
        """The room less a mask that is `grown` px larger on each side than its box."""
        free = self.free.copy()
        x0, y0 = box[0] - grown, box[1] - grown
        h, w = mask.shape
        ax, ay = max(x0, 0), max(y0, 0)
        bx, by = min(x0 + w, free.shape[1]), min(y0 + h, free.shape[0])
        free[ay:by, ax:bx] &= ~mask[ay - y0 : by - y0, ax - x0 : bx - x0]
        return Room(free)


def bite_centres(part: Mask, free: Mask) -> Mask:
    """Free pixels on the part's outline; the frame counts as outline where it cuts the part."""
    padded = np.pad(part, 1).astype(np.uint8)
    rim = part & ~cv2.erode(padded, np.ones((3, 3), np.uint8))[1:-1, 1:-1].astype(bool)
    return np.asarray(rim & free)


def outline_direction(part: Mask, centre: tuple[int, int], reach: int) -> float:
    """Direction of the part's outline at a pixel of it, radians counter-clockwise.

    The part's mass within `reach` lies to the inner side; the outline runs across the way to its centroid.
    """
    x, y = centre
    x0, y0 = max(x - reach, 0), max(y - reach, 0)
    ys, xs = np.nonzero(part[y0 : y + reach + 1, x0 : x + reach + 1])
    dx, dy = xs + x0 - x, ys + y0 - y
    near = dx * dx + dy * dy <= reach * reach
    inward = np.arctan2(-float(dy[near].mean()), float(dx[near].mean()))
    return float(inward + np.pi / 2)
