"""A shape that was drawn in labelme, and the pixels that it covers.

Areas are filled with their outline included, as labelme's own export does, so that no thin one vanishes; polygons by
the rule of `dataset.polygon`.
"""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydantic import BaseModel

from defectgen.dataset.instance import Mask
from defectgen.dataset.item import DropError
from defectgen.dataset.layout.mask_file import BROKEN
from defectgen.dataset.polygon import FAR_PX, polygon_mask

__all__ = ["LINE_PX", "Shape", "fill"]

LINE_PX = 3
LEAST_POINTS = {"polygon": 3, "rectangle": 2, "circle": 2, "line": 2, "linestrip": 2, "mask": 2}


class Shape(BaseModel):
    """One drawn shape. points: (x, y) in pixels. mask: base64 PNG of the box that the points span."""

    label: str
    points: list[tuple[float, float]]
    shape_type: str | None = "polygon"
    group_id: int | None = None
    mask: str | None = None

    @property
    def kind(self) -> str:
        return self.shape_type or "polygon"


def fill(shape: Shape, hw: tuple[int, int], notes: list[str]) -> Mask:
    """(H, W) bool, never empty; a note is added where the picture's border cuts the shape.

    DropError where the shape lies outside the picture or cannot be drawn.
    """
    _check(shape)
    points = np.asarray(shape.points, np.float64)
    x0, y0, x1, y1 = _extent(shape, points)
    height, width = hw
    if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
        where = f"x {x0:.0f} to {x1:.0f}, y {y0:.0f} to {y1:.0f}"
        raise DropError("outside image", f"{shape.kind} {shape.label!r} lies at {where} of {width}x{height} pixels")
    if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
        notes.append(f"{shape.kind} {shape.label!r} clipped to the picture")
    mask = _pasted(shape, hw) if shape.kind == "mask" else _drawn(shape, points, hw)
    if not mask.any():
        raise DropError("empty mask", f"{shape.kind} {shape.label!r} covers no pixel of the picture")
    return mask


def _check(shape: Shape) -> None:
    least = LEAST_POINTS.get(shape.kind)
    if least is None:
        known = ", ".join(LEAST_POINTS)
        raise DropError("unreadable", f"{shape.label!r} is a shape {shape.kind!r}; expected {known} or point")
    if len(shape.points) < least:
        raise DropError("unreadable", f"{shape.kind} {shape.label!r} has {len(shape.points)} points; expected {least}")
    if not np.isfinite(shape.points).all():
        raise DropError("unreadable", f"{shape.kind} {shape.label!r} has a coordinate that is no number")
    if np.abs(shape.points).max() > FAR_PX:
        raise DropError("outside image", f"{shape.kind} {shape.label!r} reaches {np.abs(shape.points).max():.0f}")


def _extent(shape: Shape, points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    if shape.kind == "circle":
        radius = float(np.hypot(*(points[1] - points[0])))
        points = np.stack([points[0] - radius, points[0] + radius])
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x0, y0, x1, y1


def _drawn(shape: Shape, points: NDArray[np.float64], hw: tuple[int, int]) -> Mask:
    if shape.kind == "polygon":
        return polygon_mask(points, hw)[0]
    canvas = Image.new("1", (hw[1], hw[0]))
    draw: Any = ImageDraw.Draw(canvas)
    flat = [(float(x), float(y)) for x, y in points]
    if shape.kind == "rectangle":
        draw.rectangle(_extent(shape, points), fill=1, outline=1)
    elif shape.kind == "circle":
        draw.ellipse(_extent(shape, points), fill=1, outline=1)
    else:
        draw.line(flat, fill=1, width=LINE_PX)
    return np.array(canvas, np.bool_)


def _pasted(shape: Shape, hw: tuple[int, int]) -> Mask:
    """The embedded mask, its first pixel at the first point."""
    try:
        patch = np.asarray(Image.open(io.BytesIO(base64.b64decode(shape.mask or "", validate=True)), formats=("PNG",)))
    except (*BROKEN, binascii.Error) as error:
        raise DropError("unreadable", f"mask {shape.label!r} holds no PNG in base64") from error
    if patch.ndim != 2:
        raise DropError("unreadable", f"mask {shape.label!r} has {patch.shape[-1]} channels; expected one")
    x, y = (round(min(point[axis] for point in shape.points)) for axis in (0, 1))
    out = np.zeros(hw, np.bool_)
    y0, x0, y1, x1 = max(y, 0), max(x, 0), min(y + patch.shape[0], hw[0]), min(x + patch.shape[1], hw[1])
    if y0 < y1 and x0 < x1:
        out[y0:y1, x0:x1] = patch[y0 - y : y1 - y, x0 - x : x1 - x] > 0
    return out
