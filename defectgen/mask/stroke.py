"""Strokes: lines of varying width, drawn as unions of discs.

A stroke is a run of points with a radius and a depth each. Coverage comes from the exact distance to the discs, so a
hairline of radius 0.55 px keeps alpha >= 0.5 along its centre at any angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.shape import Shape

__all__ = ["MIN_RADIUS", "Stroke", "fit_strokes", "render_strokes", "smooth_noise", "split_stroke", "wander"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
MIN_RADIUS = 0.56
MARGIN_PX = 3


@dataclass(frozen=True)
class Stroke:
    """One line.

    points: (n, 2) float64, x and y, y down, n >= 1.
    radius: (n,) pixels.
    depth: (n,) in [0, 1], how strong the defect is there.
    """

    points: F64
    radius: F64
    depth: F64


def smooth_noise(n: int, cells: float, rng: np.random.Generator) -> F64:
    """Smooth 1-D noise of unit range about zero, (n,), with about `cells` swings."""
    knots = rng.uniform(-1, 1, max(2, int(np.ceil(cells)) + 2))
    t = np.linspace(0, len(knots) - 1 - 1e-9, max(n, 2))
    low = t.astype(int)
    w = t - low
    w = w * w * (3 - 2 * w)
    return np.asarray((knots[low] * (1 - w) + knots[low + 1] * w)[:n])


def wander(heading: F64, step: float) -> F64:
    """The path of a walker with these headings (radians, counter-clockwise, y down), (n, 2), starting at zero."""
    moves = step * np.stack([np.cos(heading), -np.sin(heading)], axis=1)
    return np.asarray(np.cumsum(moves, axis=0) - moves[:1])


def split_stroke(stroke: Stroke, keep: NDArray[np.bool_], taper: int) -> list[Stroke]:
    """The kept runs of a stroke; where it was cut they thin out over `taper` points. All of it if nothing is kept."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], keep.astype(int), [0]])))
    last = len(keep)
    runs = []
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        if b - a < 2:
            continue
        from_start = np.arange(1, b - a + 1) if a > 0 else np.full(b - a, taper)
        to_end = np.arange(b - a, 0, -1) if b < last else np.full(b - a, taper)
        thin = np.clip(np.minimum(from_start, to_end) / max(taper, 1), 0, 1) ** 0.6
        radius = np.maximum(stroke.radius[a:b] * thin, MIN_RADIUS)
        runs.append(Stroke(stroke.points[a:b], radius, stroke.depth[a:b] * (0.4 + 0.6 * thin)))
    return runs or [stroke]


def _rotate(points: F64, angle: float) -> F64:
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[c, -s], [s, c]]))


def fit_strokes(strokes: Sequence[Stroke], length: float, angle: float, *, align: bool = False) -> list[Stroke]:
    """Strokes drawn along x, centred, scaled to the longest extent `length` px with their radii kept, and turned.

    align: first turn the principal axis to x, for paths that curl at will.
    """
    cloud = np.concatenate([s.points for s in strokes])
    centre = (cloud.min(axis=0) + cloud.max(axis=0)) / 2
    turn = angle
    if align and len(cloud) > 2:
        spread = cloud - cloud.mean(axis=0)
        axis = np.linalg.eigh(spread.T @ spread)[1][:, 1]
        turn = angle - float(np.arctan2(-axis[1], axis[0]))
    radius = np.concatenate([s.radius for s in strokes])
    directions = np.linspace(0, np.pi, 16, endpoint=False)
    along = (cloud - centre) @ np.stack([np.cos(directions), np.sin(directions)])
    extent = float((along.max(axis=0) - along.min(axis=0)).max())
    scale = max(length - 2 * float(np.median(radius)), 1.0) / max(extent, 1e-6)
    return [Stroke(_rotate((s.points - centre) * scale, turn), s.radius, s.depth) for s in strokes]


def _dense(stroke: Stroke) -> tuple[F64, F64, F64, F64]:
    """Points close enough to make a smooth line: (points, radius, depth, tangent)."""
    p = stroke.points
    if len(p) == 1:
        return p, stroke.radius, stroke.depth, np.zeros(1)
    seg = np.hypot(*np.diff(p, axis=0).T)
    s = np.concatenate([[0.0], np.cumsum(seg)])
    spacing = 0.35 + 0.18 * float(stroke.radius.mean())
    t = np.linspace(0, s[-1], max(2, int(np.ceil(s[-1] / spacing)) + 1))
    x, y, r, d = (np.interp(t, s, v) for v in (p[:, 0], p[:, 1], stroke.radius, stroke.depth))
    tangent = np.arctan2(-np.gradient(y), np.gradient(x))
    return np.stack([x, y], axis=1), r, d, tangent


def _stack(strokes: Sequence[Stroke]) -> tuple[F64, F64, F64, F64]:
    parts = [_dense(s) for s in strokes]
    points, radius, depth, tangent = (np.concatenate(column) for column in zip(*parts, strict=True))
    return points, np.maximum(radius, MIN_RADIUS), depth, tangent


def _nearest(points: F64, radius: F64, hw: tuple[int, int]) -> tuple[NDArray[np.int64], F64]:
    """For each pixel the disc that covers it most and its signed distance: index (-1 is none), distance."""
    h, w = hw
    flat, gap, who = [], [], []
    reach = np.ceil(radius + 1.0).astype(int)
    for k in np.unique(reach):
        index = np.flatnonzero(reach == k)
        span = np.arange(-k, k + 1)
        oy, ox = (o.ravel() for o in np.meshgrid(span, span, indexing="ij"))
        px = np.rint(points[index, 0]).astype(int)[:, None] + ox
        py = np.rint(points[index, 1]).astype(int)[:, None] + oy
        distance = np.hypot(px - points[index, :1], py - points[index, 1:]) - radius[index, None]
        keep = (distance < 0.5) & (px >= 0) & (py >= 0) & (px < w) & (py < h)
        flat.append((py * w + px)[keep])
        gap.append(distance[keep])
        who.append(np.broadcast_to(index[:, None], keep.shape)[keep])
    place, distance, owner = np.concatenate(flat), np.concatenate(gap), np.concatenate(who)
    order = np.argsort(-distance)
    best = np.full(h * w, -1, np.int64)
    nearest = np.full(h * w, 1.0)
    best[place[order]] = owner[order]
    nearest[place[order]] = distance[order]
    return best.reshape(hw), nearest.reshape(hw)


def render_strokes(strokes: Sequence[Stroke], angle: float) -> Shape:
    """A tight crop with the union of the strokes; `angle` fills the tangent where there is no stroke."""
    points, radius, depth, tangent = _stack(strokes)
    low = np.floor((points - radius[:, None]).min(axis=0)) - MARGIN_PX
    high = np.ceil((points + radius[:, None]).max(axis=0)) + MARGIN_PX
    w, h = (int(v) + 1 for v in high - low)
    best, gap = _nearest(points - low, radius, (h, w))
    inside = best >= 0
    owner = np.maximum(best, 0)
    alpha = np.where(inside, np.clip(0.5 - gap, 0, 1), 0)
    r = radius[owner]
    across = np.clip((gap + r) / (r + 0.5), 0, 1)
    profile = np.where(inside, depth[owner] * (1 - across**2), 0)
    return Shape(
        alpha.astype(np.float32),
        np.clip(profile, 0, 1).astype(np.float32),
        np.where(inside, tangent[owner], angle).astype(np.float32),
        np.where(inside, r, 0).astype(np.float32),
    )
