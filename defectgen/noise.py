"""Sensor noise of a picture: its standard deviation in 8-bit grey levels, from the finest diagonal detail.

Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", 1994: the median absolute coefficient of the
diagonal Haar band over 0.6745. Edges and grain that run along one direction leave that band nearly empty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.image import luminance

__all__ = ["NOISE_FLOOR", "detail_sigma", "match_noise", "noise_sigma"]

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

NOISE_FLOOR = 0.5  # grey levels; below it rounding to 8 bits hides the noise
SMOOTHER = 0.8  # an edit with less than this share of its surround's noise looks pasted
ENOUGH = 40  # coefficients that an estimate needs


def noise_sigma(rgb: F32) -> float:
    """Noise of (H, W, 3) in [0, 1], grey levels, at least NOISE_FLOOR."""
    everywhere = np.ones(rgb.shape[:2], np.bool_)
    return max(NOISE_FLOOR, detail_sigma(luminance(rgb) * 255, everywhere) or 0.0)


def detail_sigma(grey: F32, where: Mask) -> float | None:
    """Noise of (H, W) inside a mask, in the unit of `grey`; None where the mask is too small to tell."""
    detail = np.abs(grey[:-1, :-1] - grey[:-1, 1:] - grey[1:, :-1] + grey[1:, 1:]) / 2
    inside = where[:-1, :-1] & where[:-1, 1:] & where[1:, :-1] & where[1:, 1:]
    values = detail[inside]
    return None if values.size < ENOUGH else float(np.median(values)) / 0.6745


def match_noise(edited: F32, good: F32, inside: Mask, ring: Mask, weight: F32, rng: np.random.Generator) -> F32:
    """Bring the noise inside an edit up to that of its surround, never past the picture's own; RGB in [0, 1].

    inside: where the edit is full; ring: untouched pixels around it; weight: (H, W), how much of it each pixel takes.
    """
    now = detail_sigma(luminance(edited), inside)
    wanted = detail_sigma(luminance(good), ring)
    if now is None or wanted is None:
        return edited
    wanted = min(wanted, noise_sigma(good) / 255)
    if now >= SMOOTHER * wanted:
        return edited
    missing = np.sqrt(wanted**2 - now**2)
    extra = rng.standard_normal(weight.shape, np.float32) * np.float32(missing)
    return np.asarray(edited + (weight * extra)[..., None], np.float32)
