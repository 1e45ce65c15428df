"""The detail of a picture: what is left of it when light, exposure and size are taken away.

Grey values at (S, S), S = 64, without their slow parts and divided by the local contrast. Details of one piece
correlate, whatever the lamp; those of two pieces do not, unless their design is all there is to see.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.image import Pixels, luminance, to_rgb

__all__ = ["COARSE", "SIDE", "coarse_of", "detail_of", "details_of"]

F32 = NDArray[np.float32]

SIDE, COARSE = 64, 32
RIM = 4
SMOOTH = 6.0
SPREAD = 40.0
LEAST_CONTRAST = 2.0
BLOCK = 1024


def detail_of(pixels: Pixels) -> F32:
    """(S, S) detail of a picture; near 0 where there is no contrast."""
    side = SIDE + 2 * RIM
    grey = cv2.resize(luminance(to_rgb(pixels)), (side, side), interpolation=cv2.INTER_AREA)
    grey = (grey - grey.mean()) * np.float32(SPREAD / max(float(grey.std()), 1e-3))
    fast = grey - cv2.GaussianBlur(grey, (0, 0), SMOOTH)
    contrast = cv2.GaussianBlur(fast * fast, (0, 0), SMOOTH)
    detail = fast / np.sqrt(contrast + LEAST_CONTRAST**2)
    # The filters know only one side of the rim
    return np.ascontiguousarray(detail[RIM:-RIM, RIM:-RIM], np.float32)


def details_of(pictures: Iterable[Pixels], n: int) -> NDArray[np.float16]:
    """(n, S, S) details of n pictures, which are read one at a time; 8 kB a picture."""
    out = np.empty((n, SIDE, SIDE), np.float16)
    for i, pixels in enumerate(pictures):
        out[i] = detail_of(pixels)
    return out


def coarse_of(details: NDArray[np.floating]) -> F32:
    """(n, C * C) unit vectors of n details at half size, C = 32; their products are correlations."""
    n = len(details)
    out = np.empty((n, COARSE * COARSE), np.float32)
    for start in range(0, n, BLOCK):
        block = np.asarray(details[start : start + BLOCK], np.float32).reshape(-1, COARSE, 2, COARSE, 2)
        flat = block.mean(axis=(2, 4)).reshape(len(block), -1)
        flat -= flat.mean(axis=1, keepdims=True)
        out[start : start + BLOCK] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return out
