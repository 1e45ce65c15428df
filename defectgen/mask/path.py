"""Paths: lines across a picture that a defect runs along, and the bending of a straight shape onto one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.spatial import cKDTree

from defectgen.mask.shape import Shape

__all__ = ["Path", "arc", "bend", "stretch_of"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Box = tuple[int, int, int, int]
STEP_PX = 0.5
LAP = 1.06


@dataclass(frozen=True)
class Path:
    """points: (n, 2) float64, x and y in pixels of the picture, n >= 2. closed: whether the last meets the first."""

    points: F64
    closed: bool = False

    @property
    def length(self) -> float:
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())

    def dense(self) -> tuple[F64, F64, F64]:
        """Points half a pixel apart, the way to each from the start, and the direction there (radians, y up)."""
        way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self.points, axis=0).T))])
        at = np.linspace(0, way[-1], max(3, int(way[-1] / STEP_PX)))
        x, y = (np.interp(at, way, self.points[:, k]) for k in (0, 1))
        turn = np.unwrap(np.arctan2(-np.gradient(y), np.gradient(x)))
        return np.stack([x, y], axis=1), at, uniform_filter1d(turn, 9, mode="nearest")


def arc(centre: tuple[float, float], radius: float, start: float, sweep: float) -> Path:
    """A piece of a circle from `start` over `sweep` radians counter-clockwise; closed from a full turn on."""
    closed = sweep >= 2 * np.pi
    angle = start + np.linspace(0, min(sweep, 2 * np.pi), max(8, int(radius * sweep / 2)))
    points = np.stack([centre[0] + radius * np.cos(angle), centre[1] - radius * np.sin(angle)], axis=1)
    return Path(points, closed)


def stretch_of(path: Path, extent: float, rng: np.random.Generator) -> Path | None:
    """A random piece of an open path whose ends lie `extent` pixels apart; None where the path is too short."""
    points, _, _ = path.dense()
    for start in rng.permutation(len(points))[:40]:
        apart = np.hypot(*(points[start:] - points[start]).T)
        ends = np.flatnonzero(apart >= extent)
        if len(ends) and ends[0] > 2:
            return Path(points[start : start + ends[0] + 1])
    return None


def straight_length(path: Path) -> float:
    """Length to ask of a straight shape; on a closed path its ends overlap."""
    return path.length * (LAP if path.closed else 1.0)


def _drift(shape: Shape) -> F64:
    """How far below its crop's middle each column of a shape that was drawn along x lies, pixels, smooth."""
    rows = np.arange(shape.alpha.shape[0]) - (shape.alpha.shape[0] - 1) / 2
    mass = shape.alpha.sum(axis=0)
    there = np.flatnonzero(mass > 0.25)
    centre = (shape.alpha * rows[:, None]).sum(axis=0)[there] / mass[there]
    full = np.interp(np.arange(shape.alpha.shape[1]), there, centre)
    return np.asarray(uniform_filter1d(full, max(3, shape.alpha.shape[1] // 12), mode="nearest"), np.float64)


def bend(shape: Shape, path: Path) -> tuple[Shape, Box]:
    """A shape that was drawn along x, laid along the path, and its box in the picture.

    A bow that the shape has of its own is taken out: the path bends it. Columns of the shape become normals of the
    path; where several points of the path are as near, the first counts.
    """
    points, way, turn = path.dense()
    reach = shape.alpha.shape[0] / 2 + 2
    x0, y0 = (int(v) for v in np.floor(points.min(axis=0) - reach))
    x1, y1 = (int(v) for v in np.ceil(points.max(axis=0) + reach) + 1)
    y, x = np.mgrid[y0:y1, x0:x1]
    away, near = cKDTree(points).query(np.stack([x.ravel(), y.ravel()], axis=1), distance_upper_bound=reach)
    hit = np.isfinite(away)
    near = np.where(hit, near, 0)
    dx, dy = x.ravel() - points[near, 0], y.ravel() - points[near, 1]
    along = way[near] + dx * np.cos(turn[near]) - dy * np.sin(turn[near])
    across = -dx * np.sin(turn[near]) - dy * np.cos(turn[near])
    # Beyond an open end the nearest point is the end itself, and what lies behind it is off the shape.
    maps = _sampled(shape, along, across, hit, path)
    tangent = maps[2] + np.where(hit, turn[near], 0)
    out = [np.asarray(m, np.float32).reshape(y.shape) for m in (maps[0], maps[1], tangent, maps[3])]
    return Shape(*out), (x0, y0, x1, y1)


def _sampled(shape: Shape, along: F64, across: F64, hit: NDArray[np.bool_], path: Path) -> list[F32]:
    """The shape's four maps at (along, across) of the path, of both laps where a closed path overlaps itself."""
    h, w = shape.alpha.shape
    start = (w - 1) / 2 - straight_length(path) / 2
    drift = _drift(shape)
    laps = [along, along + path.length] if path.closed else [along]
    found = []
    for lap in laps:
        column = (start + lap).astype(np.float32)
        row = ((h - 1) / 2 - across + np.interp(column, np.arange(w), drift)).astype(np.float32)
        maps = [_at(m, column, row) for m in (shape.alpha, shape.profile, shape.half_width)]
        tangent = _at(shape.tangent, column, row, cv2.INTER_NEAREST)
        found.append([np.where(hit, maps[0], 0), np.where(hit, maps[1], 0), tangent, np.where(hit, maps[2], 0)])
    if len(found) == 1:
        return [np.asarray(m, np.float32) for m in found[0]]
    second = found[1][0] > found[0][0]
    return [np.asarray(np.where(second, b, a), np.float32) for a, b in zip(*found, strict=True)]


def _at(values: F32, column: F32, row: F32, mode: int = cv2.INTER_LINEAR) -> F32:
    n = len(column)
    side = int(np.ceil(np.sqrt(n)))
    pad = (0, side * side - n)
    xy = [np.pad(v, pad, constant_values=-9).reshape(side, side) for v in (column, row)]
    out = cv2.remap(values, xy[0], xy[1], mode, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(out, np.float32).ravel()[:n]
