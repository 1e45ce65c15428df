"""Grain: the direction in which a surface runs, by the structure tensor.

Brushed metal and wood have one direction (Bigün and Granlund 1987: the second moment of the gradient's direction). A
weave has two at right angles, which cancel in that moment; there the fourth moment of the power spectrum's directions
is used, its analogue for a symmetry of a quarter turn, and the thread nearer the tensor's direction is returned.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError

__all__ = ["grain_direction"]

Box = tuple[int, int, int, int]
SCALE_PX = 1.2
MIN_SIDE = 8
MAX_SPECTRUM = 256


def _gradients(patch: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    smooth = cv2.GaussianBlur(patch, (0, 0), SCALE_PX)
    gx = cv2.Scharr(smooth, cv2.CV_32F, 1, 0)[2:-2, 2:-2]
    gy = -cv2.Scharr(smooth, cv2.CV_32F, 0, 1)[2:-2, 2:-2]
    return np.asarray(gx, np.float32), np.asarray(gy, np.float32)


def _quarter_turn_moment(patch: NDArray[np.float32]) -> complex:
    """Fourth moment of the directions of the spectrum's gradient energy; its argument is four times the angle."""
    h, w = patch.shape
    window = np.outer(np.hanning(h), np.hanning(w))
    power = np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2
    ky, kx = -np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None]
    square = kx**2 + ky**2
    weight = np.where((square < 0.35**2) & (square > (1.5 / min(h, w)) ** 2), power * square, 0)
    total = float(weight.sum())
    if total <= 0:
        return 0j
    return complex((weight * np.exp(4j * np.arctan2(ky, kx))).sum() / total)


def _fold(angle: float) -> float:
    """The same line with its angle in (-pi/2, pi/2]."""
    turned = angle % np.pi
    return float(turned - np.pi if turned > np.pi / 2 else turned)


def grain_direction(grey: NDArray[np.generic], box: Box) -> tuple[float, float]:
    """Direction along the grain inside box, and how sure it is.

    grey: (H, W), any scale. box: x0, y0, x1, y1 exclusive; grown to 8 px where it is smaller, clipped to the image.
    Returns radians counter-clockwise from the x axis in (-pi/2, pi/2], and a coherence in [0, 1]: 0 is no direction.
    """
    if grey.ndim != 2:
        raise InputError(f"grain needs a grey image (H, W), got shape {grey.shape}")
    x0, y0, x1, y1 = box
    grow_x, grow_y = max(0, MIN_SIDE - (x1 - x0)), max(0, MIN_SIDE - (y1 - y0))
    y0, x0 = max(0, y0 - grow_y), max(0, x0 - grow_x)
    patch = np.ascontiguousarray(grey[y0 : max(y1 + grow_y, 0), x0 : max(x1 + grow_x, 0)], np.float32)
    if min(patch.shape) < MIN_SIDE:
        return 0.0, 0.0
    gx, gy = _gradients(patch)
    energy = gx * gx + gy * gy
    total = float(energy.sum())
    if total <= 1e-12:
        return 0.0, 0.0
    double = complex(float((gx * gx - gy * gy).sum()), float((2 * gx * gy).sum())) / total
    theta = np.angle(double) / 2
    angle, coherence = _fold(theta + np.pi / 2), abs(double)
    if coherence > 0.3:
        return angle, float(coherence)
    quad = _quarter_turn_moment(patch[:MAX_SPECTRUM, :MAX_SPECTRUM])
    if abs(quad) <= max(coherence, 0.2):
        return angle, float(coherence)
    candidate = np.angle(quad) / 4
    turns = [_fold(candidate), _fold(candidate + np.pi / 2)]
    near = min(turns, key=lambda t: abs(_fold(t - angle)))
    return near, float(abs(quad))
