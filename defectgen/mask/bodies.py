"""Bodies: what stands out from its ground in a picture, as tracks, pads, joints of solder, and print do.

The picture less its own surround is split in two tones by Otsu's threshold (1979); the tone that covers less is the
bodies'. Works on the grey picture alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

__all__ = ["Bodies", "Gap", "find_bodies", "gaps", "line_spots"]

Mask = NDArray[np.bool_]
F32 = NDArray[np.float32]
SURROUND = 0.036
LEAST_PX = 14
CLIP = 4.0
EXPLAINED = 0.45
THICKEST = 0.06


@dataclass(frozen=True)
class Bodies:
    """labels: (h, w) int32, 0 on the ground, else the number of the body."""

    labels: NDArray[np.int32]

    @property
    def mask(self) -> Mask:
        return self.labels > 0


@dataclass(frozen=True)
class Gap:
    """The way from one body to its neighbour: two points (x, y) on their borders, and the bodies' numbers."""

    ends: NDArray[np.float64]
    pair: tuple[int, int]

    @property
    def width(self) -> float:
        return float(np.hypot(*(self.ends[1] - self.ends[0])))


def find_bodies(grey: NDArray[np.generic], part: Mask) -> Bodies | None:
    """The bodies on a part; None where the picture shows fewer than two, or no two tones."""
    picture = np.asarray(grey, np.float32)
    scale = max(min(picture.shape) / 512, 0.75)
    fine = cv2.GaussianBlur(picture, (0, 0), 1.3 * scale)
    apart = fine - cv2.GaussianBlur(picture, (0, 0), SURROUND * min(picture.shape))
    inside = apart[part]
    sigma = 1.4826 * float(np.median(np.abs(inside - np.median(inside)))) + 1e-6
    scaled = np.rint((np.clip(apart / sigma, -CLIP, CLIP) + CLIP) * (255 / (2 * CLIP))).astype(np.uint8)
    level, _ = cv2.threshold(scaled[part][None], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    high = scaled > level
    if _explained(scaled[part], high[part]) < EXPLAINED:
        return None
    mask = (high if high[part].mean() <= 0.5 else ~high) & part
    _count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < LEAST_PX * scale**2
    labels[small[labels]] = 0
    return Bodies(np.asarray(labels, np.int32)) if len(np.unique(labels)) > 2 else None


def _explained(values: NDArray[np.uint8], high: Mask) -> float:
    """The share of the variance that the split explains."""
    share = float(high.mean())
    if share in (0.0, 1.0):
        return 0.0
    between = share * (1 - share) * (float(values[high].mean()) - float(values[~high].mean())) ** 2
    return between / max(float(values.var()), 1e-6)


def gaps(bodies: Bodies, widths: tuple[float, float], part: Mask) -> list[Gap]:
    """Where the ground between two bodies is as wide as asked, in pixels; one for each pixel of its middle line."""
    away, nearest = distance_transform_edt(~bodies.mask, return_indices=True)
    owner = bodies.labels[nearest[0], nearest[1]]
    found: list[Gap] = []
    for axis in (0, 1):
        here = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        there = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        wide = away[here] + away[there]
        meets = (owner[here] != owner[there]) & (wide >= widths[0]) & (wide <= widths[1]) & part[here] & part[there]
        for y, x in zip(*np.nonzero(meets), strict=True):
            other = (y + 1, x) if axis == 0 else (y, x + 1)
            a, b = (nearest[:, y, x], nearest[:, other[0], other[1]])
            ends = np.array([[a[1], a[0]], [b[1], b[0]]], np.float64)
            # Ends that do not face each other belong to a corner that the middle line turns round.
            if np.hypot(*(ends[1] - ends[0])) > 0.93 * wide[y, x]:
                found.append(Gap(ends, (int(owner[y, x]), int(owner[other]))))
    return found


def line_spots(bodies: Bodies) -> tuple[NDArray[np.intp], F32]:
    """Pixels (n, 2) as (x, y) on the middle of bodies that are lines there, and their half-widths in pixels."""
    depth = cv2.distanceTransform(bodies.mask.astype(np.uint8), cv2.DIST_L2, 5)
    crest = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))) & (depth >= 1)
    crest &= depth <= THICKEST / 2 * min(depth.shape)
    # Along a line the crest runs on to both sides; a pad has a crest of a few pixels.
    run = cv2.blur(crest.astype(np.float32), (15, 15)) * 225
    ys, xs = np.nonzero(crest & (run >= np.maximum(11, 2.2 * depth)))
    return np.stack([xs, ys], axis=1), np.asarray(depth[ys, xs], np.float32)
