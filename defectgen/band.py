"""The blend band: where an edit may touch the picture, and how strongly.

The band of a mask is all pixels within `band_px` (Euclidean) of it. Thick defects fade out over the band, since what
a defect does to light reaches past its border. Hairlines do not: a skirt of two pixels would triple their width, so
their weight is the anti-aliased coverage itself, steepened.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["BAND_PX", "blend_weight", "grow"]

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

BAND_PX = 2
COVER_LOW, COVER_HIGH = 0.35, 0.65  # coverage at which the weight starts and is full; 0.5 is the mask's border
THICK_PX = 7  # defects at least this wide get a fading skirt


def grow(mask: Mask, px: float) -> Mask:
    """All pixels within `px` of the mask, the mask included."""
    if not mask.any():
        return mask.copy()
    return np.asarray(_distance(mask) <= px)


def _distance(mask: Mask) -> F32:
    """Distance of each pixel to the mask, 0 on it."""
    outside = np.ascontiguousarray(~mask, np.uint8)
    return np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def blend_weight(alpha: F32, band_px: int) -> F32:
    """Weight of the edit, (H, W) in [0, 1], of the prescribed coverage `alpha`; 0 outside the band of alpha >= 0.5."""
    mask = alpha >= 0.5
    if not mask.any():
        return np.zeros_like(alpha)
    weight = np.clip((alpha - COVER_LOW) / (COVER_HIGH - COVER_LOW), 0, 1)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (THICK_PX, THICK_PX))
    thick = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disk) > 0
    if thick.any():
        fade = np.clip(1 - _distance(thick) / (band_px + 1), 0, 1)
        weight = np.maximum(weight, fade * fade * (3 - 2 * fade))
    weight[~grow(mask, band_px)] = 0
    return np.asarray(weight, np.float32)
