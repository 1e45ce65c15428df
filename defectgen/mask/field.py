"""Fields: areas drawn as the positive part of a function that falls by about 1 per pixel.

A canvas carries coordinates along (u) and across (v) the main axis; a field over it is turned into coverage by
dividing by its own slope, so that edges are one pixel soft whatever noise was added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.mask.shape import Shape

__all__ = ["Canvas", "canvas", "fractal", "shape_from_field"]

F32 = NDArray[np.float32]
MARGIN_PX = 3
FLOOR_PX = 3.0


@dataclass(frozen=True)
class Canvas:
    """u, v: (n, n) float32, pixels from the centre along and across the axis, which lies at `angle`."""

    u: F32
    v: F32
    angle: float

    def around(self, u: float, v: float, reach: float) -> tuple[slice, slice]:
        """Rows and columns within `reach` pixels of a point."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        x, y = c * u - s * v, s * u + c * v
        middle = (self.u.shape[0] - 1) / 2
        rows, cols = (max(int(middle + at - reach), 0) for at in (-y, x))
        side = int(2 * reach) + 2
        return slice(rows, rows + side), slice(cols, cols + side)


def canvas(length: float, angle: float, *, room: float = 1.5) -> Canvas:
    """A square canvas `room` times as wide as the shape is long."""
    side = int(np.ceil(length * room)) + 2 * MARGIN_PX + 2
    axis = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    x, y = np.meshgrid(axis, -axis)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return Canvas(c * x + s * y, c * y - s * x, angle)


def fractal(hw: tuple[int, int], coarse_px: float, rng: np.random.Generator, *, gain: float = 0.5) -> F32:
    """Noise of octaves from `coarse_px` down to 2.5 px, (h, w), about zero mean and range -1 to 1."""
    total = np.zeros(hw, np.float32)
    size, weight, norm = max(coarse_px, 2.5), 1.0, 0.0
    while size >= 2.5:
        cells = tuple(int(np.ceil(n / size)) + 4 for n in hw)
        grid = rng.uniform(-1, 1, cells).astype(np.float32)
        shift = rng.uniform(0, 1, 2)
        matrix = np.array([[1 / size, 0, 1 + shift[0]], [0, 1 / size, 1 + shift[1]]], np.float32)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        total += weight * cv2.warpAffine(grid, matrix, hw[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)
        norm += weight
        size, weight = size / 2, weight * gain
    return (total * np.float32(1.4 / max(norm, 1e-6))).astype(np.float32)


def _crop(maps: list[F32], alpha: F32) -> list[F32]:
    rows, cols = np.flatnonzero(alpha.max(axis=1) > 0.02), np.flatnonzero(alpha.max(axis=0) > 0.02)
    if not len(rows):
        return maps
    y0, y1 = max(rows[0] - MARGIN_PX, 0), rows[-1] + 1 + MARGIN_PX
    x0, x1 = max(cols[0] - MARGIN_PX, 0), cols[-1] + 1 + MARGIN_PX
    return [np.ascontiguousarray(m[y0:y1, x0:x1]) for m in maps]


def _component_max(depth: F32, inside: NDArray[np.bool_]) -> F32:
    """The largest depth of each connected component, spread over it."""
    count, labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
    best = np.zeros(count, np.float32)
    np.maximum.at(best, np.asarray(labels, np.int64).ravel(), depth.ravel())
    best[0] = 0
    return np.asarray(best[labels])


def shape_from_field(field: F32, space: Canvas, profile: Callable[[F32, F32], F32]) -> Shape:
    """The shape where `field` > 0, tightly cropped.

    profile: of (depth below the border in pixels, the component's largest depth), both (h, w), to [0, 1].
    """
    # Far outside the value does not matter; a floor keeps bodies that were drawn in windows free of steps.
    field = np.maximum(field, np.float32(-FLOOR_PX))
    gy, gx = np.gradient(field)
    slope = np.maximum(np.hypot(gx, gy), 0.25)
    alpha = np.clip(0.5 + field / slope, 0, 1).astype(np.float32)
    alpha[[0, -1], :] = 0
    alpha[:, [0, -1]] = 0
    inside = alpha > 0.02
    depth = cv2.distanceTransform((alpha >= 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    depth = np.maximum(depth - 0.5, 0.5 * alpha).astype(np.float32)
    # The distance to a pixelled border carries its steps inwards as streaks.
    smooth = cv2.GaussianBlur(depth, (0, 0), 0.6 + 0.04 * float(depth.max()))
    widest = np.maximum(_component_max(depth, inside), np.where(inside, np.float32(0.5), np.float32(0)))
    strength = np.where(inside, np.clip(profile(smooth, np.maximum(widest, 0.5)), 0, 1) * alpha, 0).astype(np.float32)
    tangent = np.full(field.shape, space.angle, np.float32)
    return Shape(*_crop([alpha, strength, tangent, widest.astype(np.float32)], alpha))
