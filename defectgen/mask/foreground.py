"""Foreground: where the part is in its picture.

A part that fills the frame is all foreground. Otherwise the background is what the frame's border mostly shows, if
that is plain: a colour model of the border, Otsu's threshold on the distance to it, then the largest bodies without
their holes, shrunk a little so that nothing is placed half off the part.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError

__all__ = ["part_foreground"]

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]
WORK_PX = 256
RING_SHARE = 0.025
NOISE_FLOOR = 3.0
MIN_CONTRAST = 14.0
MIN_PART, MAX_PART = 0.04, 0.94


def _ring(hw: tuple[int, int]) -> Mask:
    h, w = hw
    k = max(2, round(RING_SHARE * min(h, w)))
    ring = np.ones(hw, bool)
    ring[k : h - k, k : w - k] = False
    return ring


def _distance(lab: F32, ring: Mask) -> tuple[F32, float]:
    """Colour distance to the border's median, in grey levels, and the border's robust spread."""
    samples = lab[ring]
    centre = np.median(samples, axis=0)
    apart = np.linalg.norm(samples - centre, axis=1)
    spread = max(float(np.median(apart)) * 1.2, NOISE_FLOOR)
    return np.linalg.norm(lab - centre, axis=2).astype(np.float32), spread


def _otsu(values: F32) -> tuple[float, float]:
    """Otsu's threshold and the share of the variance it explains."""
    scaled = np.clip(values, 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    high = scaled > level
    share = float(high.mean())
    if share in (0.0, 1.0):
        return float(level), 0.0
    between = share * (1 - share) * (float(scaled[high].mean()) - float(scaled[~high].mean())) ** 2
    return float(level), between / max(float(scaled.var()), 1e-6)


def _bodies(mask: Mask) -> Mask:
    """The large components, with holes filled and thin bridges opened."""
    k = max(3, round(0.012 * min(mask.shape)) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k))
    work = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    work = cv2.morphologyEx(work, cv2.MORPH_OPEN, kernel)
    contours, _ = cv2.findContours(work, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros(mask.shape, bool)
    areas = [cv2.contourArea(c) for c in contours]
    keep = [c for c, area in zip(contours, areas, strict=True) if area >= 0.2 * max(areas)]
    out = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(out, keep, -1, 1, cv2.FILLED)
    return out.astype(bool)


def _without_shadow(body: Mask, lab: F32, ring: Mask) -> Mask:
    """The body less what is only the background in shade: darker, of the same hue, and not most of the body."""
    base = np.median(lab[ring], axis=0)
    shade = (lab[..., 0] < base[0] - 2) & (np.linalg.norm(lab[..., 1:] - base[1:], axis=2) < 7)
    lit = body & ~shade
    if lit.sum() < 0.6 * body.sum():
        return body
    return body & _bodies(lit)


def _edge_contrast(distance: F32, body: Mask) -> float:
    """How many grey levels farther from the background the part is just inside its outline than just outside."""
    kernel = np.ones((7, 7), np.uint8)
    grown = cv2.dilate(body.astype(np.uint8), kernel).astype(bool) & ~body
    shrunk = cv2.erode(body.astype(np.uint8), kernel, borderValue=1).astype(bool)
    inner = body & ~shrunk
    if not grown.any() or not inner.any():
        return 0.0
    return float(np.median(distance[inner]) - np.median(distance[grown]))


def _believable(distance: F32, body: Mask, ring: Mask, spread: float, explained: float) -> bool:
    """Whether the split is a part on a plain background rather than two tones of one surface."""
    share = float(body.mean())
    if not MIN_PART <= share <= MAX_PART:
        return False
    outside = distance[~body]
    plain = float(np.quantile(outside, 0.8)) <= max(4.0 * spread, 12.0)
    calm_border = float(body[ring].mean()) <= 0.4
    contrast = _edge_contrast(distance, body)
    return plain and calm_border and explained >= 0.6 and contrast >= max(MIN_CONTRAST, 2.0 * spread)


LEAST_PART = 0.03


def part_foreground(rgb: NDArray[np.uint8]) -> Mask:
    """True on the part, (H, W); True everywhere where the part fills the frame.

    rgb: (H, W, 3) uint8. Errs to the inside of the part.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise InputError(f"foreground needs (H, W, 3) uint8, got {rgb.shape} {rgb.dtype}")
    h, w = rgb.shape[:2]
    full = np.ones((h, w), bool)
    if min(h, w) < 16:
        return full
    scale = min(1.0, WORK_PX / max(h, w))
    size = (max(8, round(w * scale)), max(8, round(h * scale)))
    small = cv2.GaussianBlur(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    ring = _ring(lab.shape[:2])
    distance, spread = _distance(lab, ring)
    level, explained = _otsu(distance)
    body = _bodies(distance > max(min(level, 60.0), 3.0 * spread))
    if not _believable(distance, body, ring, spread, explained):
        return full
    body = _without_shadow(body, lab, ring)
    k = 2 * max(1, round(0.006 * min(lab.shape[:2]))) + 1
    inner = cv2.erode(body.astype(np.uint8), np.ones((k, k), np.uint8), borderValue=1).astype(np.float32)
    if float(inner.mean()) < LEAST_PART:  # thin lines and specks are texture, not a part
        return full
    return np.asarray(cv2.resize(inner, (w, h), interpolation=cv2.INTER_LINEAR) > 0.75)
