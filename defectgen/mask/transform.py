"""Moving shapes: paste into a canvas, merge, resize, flip, crop. All four maps go together."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.mask.shape import Shape

__all__ = [
    "crop_shape", "enlarge_shape", "flip_shape", "merge_shapes", "paste_shape", "resize_shape", "tight_shape",
]  # fmt: skip

F32 = NDArray[np.float32]
Box = tuple[int, int, int, int]


def _crop_map(values: F32, box: Box) -> F32:
    x0, y0, x1, y1 = box
    h, w = values.shape
    out = np.zeros((y1 - y0, x1 - x0), np.float32)
    ax, ay, bx, by = max(x0, 0), max(y0, 0), min(x1, w), min(y1, h)
    if ax < bx and ay < by:
        out[ay - y0 : by - y0, ax - x0 : bx - x0] = values[ay:by, ax:bx]
    return out


def crop_shape(shape: Shape, box: Box) -> Shape:
    """The part of the shape inside box (x0, y0, x1, y1 exclusive), which may reach beyond it: zeros there."""
    if box[2] <= box[0] or box[3] <= box[1]:
        raise InputError(f"box {box} is empty; expected x0 < x1 and y0 < y1")
    return Shape(*(_crop_map(m, box) for m in (shape.alpha, shape.profile, shape.tangent, shape.half_width)))


def tight_shape(shape: Shape) -> Shape:
    """The shape cut to the box of its mask; as it is where it has none."""
    mask = shape.alpha >= 0.5
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return shape
    return crop_shape(shape, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


def paste_shape(shape: Shape, hw: tuple[int, int], centre_xy: tuple[float, float]) -> Shape:
    """The shape on a canvas of (h, w), its crop's middle at centre_xy to the nearest pixel, clipped at the border."""
    h, w = shape.alpha.shape
    x0 = -int(np.floor(centre_xy[0] - (w - 1) / 2 + 0.5))
    y0 = -int(np.floor(centre_xy[1] - (h - 1) / 2 + 0.5))
    return crop_shape(shape, (x0, y0, x0 + hw[1], y0 + hw[0]))


def merge_shapes(shapes: Sequence[Shape]) -> Shape:
    """Shapes of one canvas as one: at each pixel the maps of the shape that covers it most."""
    if not shapes:
        raise InputError("no shapes to merge; expected at least one")
    sizes = {s.alpha.shape for s in shapes}
    if len(sizes) > 1:
        raise InputError(f"shapes to merge must share one canvas, got {sorted(sizes)}")
    alpha = np.stack([s.alpha for s in shapes])
    owner = (alpha + 1e-3 * np.stack([s.profile for s in shapes])).argmax(axis=0)[None]
    maps = (np.stack([getattr(s, name) for s in shapes]) for name in ("profile", "tangent", "half_width"))
    return Shape(alpha.max(axis=0), *(np.take_along_axis(m, owner, axis=0)[0] for m in maps))


def _resize(values: F32, side: tuple[int, int]) -> F32:
    shrinks = side[0] * side[1] < values.size
    mode = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, side[::-1], interpolation=mode), np.float32)


def resize_shape(shape: Shape, side: int) -> Shape:
    """The shape scaled to (side, side) pixels; half-widths scale along. Meant for square windows."""
    h, w = shape.alpha.shape
    if (h, w) == (side, side):
        return shape
    sx, sy = side / w, side / h
    hw = (side, side)
    # Directions are averaged as doubled vectors, for a line's tangent is the same after half a turn.
    c, s = _resize(np.cos(2 * shape.tangent), hw) * sx**2, _resize(np.sin(2 * shape.tangent), hw) * sx * sy
    tangent = np.arctan2(s, c) / 2
    alpha = np.clip(_resize(shape.alpha, hw), 0, 1)
    weight = np.maximum(alpha, 1e-3)
    half = _resize(shape.half_width * shape.alpha, hw) / weight * np.float32(np.sqrt(sx * sy))
    profile = np.clip(_resize(shape.profile, hw), 0, 1)
    return Shape(alpha, profile, tangent.astype(np.float32), np.where(alpha > 0, half, 0).astype(np.float32))


def enlarge_shape(shape: Shape, zoom: float) -> Shape:
    """The shape `zoom` >= 1 times as large, its edge kept one pixel soft."""
    if zoom <= 1.0:
        return shape
    h, w = (round(n * zoom) for n in shape.alpha.shape)
    alpha, profile, half = (
        np.asarray(cv2.resize(m, (w, h), interpolation=mode), np.float32)
        for m, mode in ((shape.alpha, cv2.INTER_CUBIC), (shape.profile, cv2.INTER_LINEAR), (shape.half_width, 0))
    )
    crisp = np.clip((alpha - 0.5) * np.float32(zoom) + 0.5, 0, 1)
    inside = crisp > 0
    tangent = cv2.resize(shape.tangent, (w, h), interpolation=cv2.INTER_NEAREST)
    return Shape(crisp, np.where(inside, profile, 0), np.asarray(tangent, np.float32), half * np.float32(zoom) * inside)


def flip_shape(shape: Shape, *, horizontal: bool = False, vertical: bool = False) -> Shape:
    """The shape mirrored left-right and/or upside down; tangents are mirrored too."""
    step_x, step_y = (-1 if horizontal else 1), (-1 if vertical else 1)
    maps = [np.ascontiguousarray(m[::step_y, ::step_x]) for m in (shape.alpha, shape.profile, shape.half_width)]
    tangent = shape.tangent[::step_y, ::step_x]
    if horizontal != vertical:
        tangent = -tangent
    return Shape(maps[0], maps[1], np.ascontiguousarray(tangent), maps[2])
