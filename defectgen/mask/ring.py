"""Rings: circles concentric with a round part, fitted to its outline (Kåsa 1976)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Round", "find_rounds"]

Mask = NDArray[np.bool_]
F64 = NDArray[np.float64]
ROUND = 0.02
LEAST_ARC = 1.6
LEAST_RADIUS_PX = 12.0
LEAST_POINTS = 40


@dataclass(frozen=True)
class Round:
    """A round body of the part: centre (x, y), outer radius and, where it has a round hole, inner one; pixels."""

    centre: tuple[float, float]
    outer: float
    inner: float


def _fit(points: F64) -> tuple[float, float, float] | None:
    """Centre and radius of the circle through points (n, 2), less the few that fit worst; None if not round."""
    if len(points) < LEAST_POINTS:
        return None
    for _ in range(3):
        a = np.column_stack([2 * points, np.ones(len(points))])
        (x, y, c), *_ = np.linalg.lstsq(a, (points**2).sum(axis=1), rcond=None)
        radius = float(np.sqrt(max(c + x * x + y * y, 1e-9)))
        off = np.abs(np.hypot(points[:, 0] - x, points[:, 1] - y) - radius)
        points = points[off <= np.quantile(off, 0.95)]
    swept = np.unwrap(np.sort(np.arctan2(points[:, 1] - y, points[:, 0] - x)))
    covered = len(np.unique(np.round(swept * 12))) / 12
    if float(off.mean()) > ROUND * radius or covered < LEAST_ARC or radius < LEAST_RADIUS_PX:
        return None
    return float(x), float(y), radius


def _off_frame(contour: NDArray[np.generic], hw: tuple[int, int]) -> F64:
    """A contour's points that the picture's frame did not make, (n, 2)."""
    points = np.asarray(contour, np.float64).reshape(-1, 2)
    x, y = points.T
    return points[(x > 1) & (y > 1) & (x < hw[1] - 2) & (y < hw[0] - 2)]


def _concentric(points: F64, hole: tuple[float, float, float]) -> tuple[float, float, float] | None:
    """The circle about a hole's middle through points of which too few are seen to fit one; None if not round."""
    if len(points) < 8:
        return None
    away = np.hypot(points[:, 0] - hole[0], points[:, 1] - hole[1])
    radius = float(np.median(away))
    return (hole[0], hole[1], radius) if float(np.abs(away - radius).mean()) < ROUND * radius else None


def find_rounds(part: Mask) -> list[Round]:
    """The round bodies of a part, (h, w) bool, largest first; the frame may cut them."""
    hw = (part.shape[0], part.shape[1])
    contours, tree = cv2.findContours(part.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    found: list[Round] = []
    for number, contour in enumerate(contours):
        if tree[0][number][3] >= 0:
            continue
        points = _off_frame(contour, hw)
        holes = [_fit(_off_frame(c, hw)) for k, c in enumerate(contours) if tree[0][k][3] == number]
        largest = max((hole for hole in holes if hole is not None), key=lambda hole: hole[2], default=None)
        circle = _fit(points) or (_concentric(points, largest) if largest is not None else None)
        if circle is None:
            continue
        x, y, radius = circle
        inside = largest is not None and np.hypot(largest[0] - x, largest[1] - y) < 0.2 * radius
        found.append(Round((x, y), radius, largest[2] if largest is not None and inside else 0.0))
    return sorted(found, key=lambda one: -one.outer)
