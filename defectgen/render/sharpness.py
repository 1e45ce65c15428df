"""Sharpness: how far a photograph is blurred, so that what is put into it is blurred alike.

A camera blurs a defect as it blurs the part. The blur of the part is read off its steepest edges: an edge that was
blurred by sigma loses a known share of its slope when it is blurred once more (Zhuo & Sim, Defocus map estimation from
a single image, 2011, eq. 6).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["as_sharp", "blur_of"]

F32 = NDArray[np.float32]

AGAIN = 1.0
STEEPEST = 0.015
"""Share of the pixels that count as edges."""
OWN = 0.85
"""What a drawn edge, which is anti-aliased, measures by itself, pixels."""
LEAST, MOST = 0.2, 2.0


def blur_of(grey: F32) -> float:
    """Sigma in pixels of the blur of a picture (H, W), as its steepest edges show it; 0 where there are none."""
    slope = _slope(grey)
    edges = slope >= max(float(np.quantile(slope, 1 - STEEPEST)), 1e-6)
    if not edges.any():
        return 0.0
    kept = _slope(np.asarray(cv2.GaussianBlur(grey, (0, 0), AGAIN), np.float32))[edges]
    ratio = float(np.median(slope[edges] / np.maximum(kept, 1e-6)))
    return AGAIN / float(np.sqrt(max(ratio**2 - 1, 1e-3)))


def as_sharp(change: F32, photo: F32) -> F32:
    """A drawn change (H, W, 3) as blurred as the photograph (H, W, 3) that it is put into."""
    sigma = float(np.sqrt(max(min(blur_of(photo.mean(2)), MOST) ** 2 - OWN**2, 0.0)))
    return np.asarray(cv2.GaussianBlur(change, (0, 0), sigma), np.float32) if sigma > LEAST else change


def _slope(grey: F32) -> F32:
    return np.asarray(np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)), np.float32)
