"""Thumbnails: cuts of pictures as JPEG in a data URI, with the outline of a mask where one is asked for.

An outline is drawn just outside its mask, so that none of the defect is covered, as two lines, dark and light, that
show on any ground.
"""

from __future__ import annotations

import base64
import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["SIDE_PX", "Outline", "cut", "data_uri", "thumbnail"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
Outline = tuple[Mask, tuple[int, int, int]]
SIDE_PX, QUALITY = 208, 84
DARK = (16, 16, 20)


def cut(pixels: NDArray[np.generic], box: Box) -> NDArray[np.generic]:
    """The part of (H, W) or (H, W, C) inside the box."""
    x0, y0, x1, y1 = box
    return pixels[y0:y1, x0:x1]


def thumbnail(pixels: U8, outlines: tuple[Outline, ...] = (), side: int = SIDE_PX) -> str:
    """The data URI of (H, W, 3) uint8, its longer side scaled to `side`. outlines: (H, W) masks with their colours."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    shown: U8 = np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
    for mask, colour in outlines:
        _draw(shown, mask, colour)
    return data_uri(shown)


def _draw(shown: U8, mask: Mask, colour: tuple[int, int, int]) -> None:
    size = shown.shape[1], shown.shape[0]
    shrinks = mask.shape[1] > size[0]
    flags = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    large = (cv2.resize(mask.astype(np.uint8) * np.uint8(255), size, interpolation=flags) > 0).astype(np.uint8)
    once = cv2.dilate(large, np.ones((3, 3), np.uint8))
    twice = cv2.dilate(once, np.ones((3, 3), np.uint8))
    shown[(twice > 0) & (once == 0)] = DARK
    shown[(once > 0) & (large == 0)] = colour


def data_uri(pixels: U8) -> str:
    """(H, W, 3) uint8 as a JPEG in the page itself."""
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(held.getvalue()).decode()}"
