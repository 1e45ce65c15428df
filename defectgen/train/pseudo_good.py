"""Pseudo-good pictures: a real defect removed, so that it can serve as the target of a pair.

Low frequencies are diffused in from around the mask (Telea 2004); high frequencies are taken from a clean place of the
same picture, so that grain and sensor noise go on. What is left of the removal must be no clue for the network: the
same fill is done on clean places too, with the untouched picture as the target and "no defect" as the words.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["remove"]

_MARGIN = 2
_TEXTURE_SIGMA = 3.0
_TRIES = 60


def _low(rgb: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Smooth picture with the mask filled from its rim, (H, W, 3) in [0, 255]."""
    scale = 2 if min(mask.shape) >= 64 else 1
    hw = (mask.shape[1] // scale, mask.shape[0] // scale)
    small = cv2.resize(rgb, hw, interpolation=cv2.INTER_AREA)
    shrunk = cv2.resize(mask.astype(np.uint8), hw, interpolation=cv2.INTER_LINEAR_EXACT) > 0
    hole = cv2.dilate(shrunk.astype(np.uint8), np.ones((3, 3), np.uint8))
    weight = cv2.GaussianBlur(1.0 - hole.astype(np.float32), (0, 0), _TEXTURE_SIGMA / scale)[..., None]
    blurred = cv2.GaussianBlur(small * (1.0 - hole.astype(np.float32))[..., None], (0, 0), _TEXTURE_SIGMA / scale)
    blurred = blurred / np.maximum(weight, 1e-3)
    telea = cv2.inpaint(np.clip(blurred, 0, 255).astype(np.uint8), hole, 5, cv2.INPAINT_TELEA).astype(np.float32)
    filled = cv2.GaussianBlur(np.where(hole[..., None] > 0, telea, blurred), (0, 0), 1.5)
    return np.asarray(cv2.resize(filled, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def _shift(mask: NDArray[np.bool_], barred: NDArray[np.bool_], rng: np.random.Generator) -> tuple[int, int]:
    """A displacement (dy, dx) that brings clean pixels under the mask; (0, 0) when none is found.

    The picture wraps round, so that a defect that fills it still finds a place.
    """
    ys, xs = np.nonzero(mask)
    h, w = mask.shape
    best, fewest = (0, 0), len(ys) + 1
    for k in range(_TRIES):
        dy, dx = int(rng.integers(-h // 2, h // 2)), int(rng.integers(-w // 2, w // 2))
        if k % 3 == 0:
            dy = 0
        elif k % 3 == 1:
            dx = 0
        bad = int(barred[(ys + dy) % h, (xs + dx) % w].sum())
        if bad < fewest:
            best, fewest = (dy, dx), bad
        if fewest == 0:
            break
    return best


def remove(
    rgb: NDArray[np.uint8], mask: NDArray[np.bool_], barred: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The picture (H, W, 3) without what lies under `mask` (H, W); `barred` is where no texture may be taken from."""
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((2 * _MARGIN + 1,) * 2, np.uint8)) > 0
    barred = barred | cv2.dilate(grown.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    picture = rgb.astype(np.float32)
    detail = picture - cv2.GaussianBlur(picture, (0, 0), _TEXTURE_SIGMA)
    dy, dx = _shift(grown, barred, rng)
    texture = np.roll(detail, (-dy, -dx), axis=(0, 1))
    filled = _low(picture, grown) + texture
    feather = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), 1.0)[..., None]
    feather = np.where(mask[..., None], 1.0, np.clip(feather * 1.3, 0, 1))
    return np.clip(np.rint(picture + feather * (filled - picture)), 0, 255).astype(np.uint8)
