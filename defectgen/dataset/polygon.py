"""Outlines inside a picture: polygons become masks, boxes in fractional pixels become boxes of whole pixels.

A polygon's points are pixel indices, (x, y) with (0, 0) at the centre of the upper left pixel, rounded to whole
pixels; the outline belongs to the mask, so that a crack as thin as a line does not vanish. That is how labelme,
supervision and OpenCV's fillPoly fill them. A box's edges are continuous: the first pixel reaches from 0 to 1.
What reaches over the edge of the picture is cut off, what lies wholly outside is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from defectgen.dataset.instance import Box, Mask
from defectgen.dataset.item import DropError

__all__ = ["box_inside", "outline_points", "polygon_mask"]

Points = NDArray[np.float64]

SLACK_PX = 0.5  # a coordinate that rounding alone took over the edge is not worth a note
FAR_PX = 100_000  # beyond this no polygon is meant; rasterisers need time and memory by its length


def polygon_mask(points: ArrayLike, hw: tuple[int, int]) -> tuple[Mask, bool]:
    """(H, W) bool of (N, 2) points, and whether some of it was cut off at the picture's edge.

    DropError "unreadable" for what is no polygon, "outside image" where nothing of it lies inside.
    """
    import cv2

    outline, clipped = outline_points(points, hw)
    canvas = np.zeros(hw, np.uint8)
    cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], 1)
    if not canvas.any():
        raise DropError("outside image", f"polygon at {_extent(outline)} outside {hw[1]}x{hw[0]} pixels")
    return canvas.astype(np.bool_), clipped


def outline_points(points: ArrayLike, hw: tuple[int, int]) -> tuple[Points, bool]:
    """(N, 2) float points of a polygon, and whether some lie outside the picture; DropError as `polygon_mask`."""
    try:
        outline = np.asarray(points, np.float64)
    except (TypeError, ValueError):
        raise DropError("unreadable", "polygon with points that are no numbers") from None
    if outline.ndim != 2 or outline.shape[1] != 2 or len(outline) < 3:
        raise DropError("unreadable", f"polygon of shape {outline.shape}; expected three (x, y) points or more")
    if not np.isfinite(outline).all():
        raise DropError("unreadable", "polygon with points that are not finite")
    if np.abs(outline).max() > FAR_PX + max(hw):
        raise DropError("outside image", f"polygon at {_extent(outline)} outside {hw[1]}x{hw[0]} pixels")
    over = outline > np.array([hw[1], hw[0]]) + SLACK_PX
    return outline, bool((over | (outline < -SLACK_PX)).any())


def box_inside(edges: Sequence[float], hw: tuple[int, int]) -> tuple[Box, bool]:
    """The whole-pixel box nearest to (x0, y0, x1, y1), one pixel at least, and whether some of it was cut off.

    DropError "unreadable" where x1 <= x0, y1 <= y0 or a number is not finite, "outside image" where nothing is inside.
    """
    x0, y0, x1, y1 = edges
    text = ", ".join(f"{edge:g}" for edge in edges)
    if not all(map(math.isfinite, edges)) or x1 <= x0 or y1 <= y0:
        raise DropError("unreadable", f"box ({text}); expected numbers with x1 > x0 and y1 > y0")
    height, width = hw
    if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
        raise DropError("outside image", f"box ({text}) outside {width}x{height} pixels")
    left, right = _whole(x0, x1, width)
    top, bottom = _whole(y0, y1, height)
    clipped = min(x0, y0) < -SLACK_PX or x1 > width + SLACK_PX or y1 > height + SLACK_PX
    return (left, top, right, bottom), clipped


def _whole(low: float, high: float, size: int) -> tuple[int, int]:
    """The nearest whole edges in 0..size, at least one pixel apart."""
    first, last = round(max(low, 0)), round(min(high, size))
    if last > first:
        return first, last
    first = min(math.floor((max(low, 0) + min(high, size)) / 2), size - 1)
    return first, first + 1


def _extent(outline: Points) -> str:
    (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
    return f"x {x0:g} to {x1:g}, y {y0:g} to {y1:g}"
