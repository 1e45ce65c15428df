"""Views: which part of a picture is judged.

    image    the whole picture
    window   a square around each defect, MARGIN times its longer side, at least LEAST_PX, shifted into the picture
    mask     the same window with everything outside the mask in middle grey, so that only the defect itself counts

A defective picture gives one window a box (of its mask's pieces where it has a mask and no boxes); a good picture none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.metric.collection import Collection, Item
from defectgen.record import Boxes

__all__ = ["LEAST_PX", "MARGIN", "VIEWS", "Crop", "View", "crops", "has_view", "item_crops", "square"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
View = Literal["image", "window", "mask"]
VIEWS: tuple[View, ...] = ("image", "window", "mask")
MARGIN, LEAST_PX = 2.0, 64
OUTSIDE = 127


@dataclass(frozen=True)
class Crop:
    """What is judged of one item. pixels: (H, W, 3) uint8. box: x0, y0, x1, y1 of the picture. number: of its box."""

    item: Item
    number: int
    box: tuple[int, int, int, int]
    pixels: U8


def has_view(collection: Collection, view: View) -> bool:
    """Whether at least one picture can be seen so."""
    if view == "image":
        return bool(collection.items)
    if view == "window":
        return any(item.boxes or item.mask for item in collection.items)
    return any(item.mask for item in collection.items)


def crops(collection: Collection, view: View) -> Iterator[Crop]:
    """Every crop, in the collection's order."""
    for item in collection.items:
        yield from item_crops(item, view)


def item_crops(item: Item, view: View) -> Iterator[Crop]:
    """The crops of one picture; none where the view does not apply to it."""
    if view == "image":
        pixels = item.pixels()
        yield Crop(item, 0, (0, 0, pixels.shape[1], pixels.shape[0]), pixels)
        return
    if item.is_good or (item.mask is None and (view == "mask" or not item.boxes)):
        return
    pixels, mask = item.pixels(), item.mask_pixels()
    for number, box in enumerate(item.boxes or _pieces(mask)):
        x0, y0, x1, y1 = square(box, (pixels.shape[0], pixels.shape[1]))
        window = pixels[y0:y1, x0:x1]
        if view == "mask":
            assert mask is not None
            window = np.where(mask[y0:y1, x0:x1, None], window, np.uint8(OUTSIDE))
        yield Crop(item, number, (x0, y0, x1, y1), np.ascontiguousarray(window))


def square(box: tuple[int, int, int, int], hw: tuple[int, int]) -> tuple[int, int, int, int]:
    """The window of a box in a picture of (height, width): square where the picture is large enough."""
    x0, y0, x1, y1 = box
    side = max(LEAST_PX, round(MARGIN * max(x1 - x0, y1 - y0)))
    corners = []
    for low, high, length in ((x0, x1, hw[1]), (y0, y1, hw[0])):
        size = min(side, length)
        start = min(max(0, (low + high - size) // 2), length - size)
        corners.append((start, start + size))
    return corners[0][0], corners[1][0], corners[0][1], corners[1][1]


def _pieces(mask: Mask | None) -> Boxes:
    if mask is None:
        return ()
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:]
    return tuple((int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats)
