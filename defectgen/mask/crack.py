"""Cracks: walks with momentum that kink, branch, taper and close for a while."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.net import cell_net
from defectgen.mask.params import CrackParams
from defectgen.mask.shape import Shape
from defectgen.mask.stroke import MIN_RADIUS, Stroke, fit_strokes, render_strokes, smooth_noise, split_stroke, wander

__all__ = ["draw_crack"]

F64 = NDArray[np.float64]
FORK = (0.35, 1.25)
STYLES = {"single": 0.74, "star": 0.07, "net": 0.08, "parallel": 0.11}


def _path(length: float, heading: float, tortuosity: float, rng: np.random.Generator) -> F64:
    """A walk of `length` px: slow drift, fast jitter and a few sharp kinks that are pulled back to the heading."""
    n = int(np.clip(length / 1.2, 6, 400))
    bow = rng.normal(0, 0.35) * np.linspace(-1, 1, n)
    drift = tortuosity * 0.7 * smooth_noise(n, 3 + 2 * rng.random(), rng)
    medium = tortuosity * 0.8 * smooth_noise(n, max(4.0, length / 9), rng)
    jitter = tortuosity * 0.7 * smooth_noise(n, max(4.0, length / 3.5), rng)
    kinks = np.zeros(n)
    for at in rng.integers(0, n, rng.poisson(1 + 4 * tortuosity)):
        kinks[at:] += rng.normal(0, 0.8) * tortuosity * np.exp(-np.arange(n - at) / rng.uniform(3, n / 3 + 4))
    return wander(heading + bow + drift + medium + jitter + kinks, length / n)


def _radius(n: int, radius: float, taper: tuple[bool, bool], rng: np.random.Generator) -> F64:
    """Half-widths that swell and pinch, and run out to a hairline at tapering ends."""
    t = np.linspace(0, 1, n)
    swell = np.exp(0.5 * smooth_noise(n, 4, rng) + 0.2 * smooth_noise(n, n / 3, rng))
    ends = np.ones(n)
    reach = rng.uniform(0.15, 0.6, 2)
    if taper[0]:
        ends *= np.clip(t / reach[0], 0, 1) ** 0.8
    if taper[1]:
        ends *= np.clip((1 - t) / reach[1], 0, 1) ** 0.8
    return np.maximum(radius * swell * ends, MIN_RADIUS)


def _with_gaps(stroke: Stroke, gaps: float, rng: np.random.Generator) -> list[Stroke]:
    """The stroke with closed places of a few points cut out."""
    n = len(stroke.points)
    open_at = np.ones(n, bool)
    for _ in range(rng.poisson(gaps * n / 4)):
        start = int(rng.integers(2, max(3, n - 4)))
        open_at[start : start + int(rng.integers(2, 6))] = False
    return split_stroke(stroke, open_at, max(3, n // 14))


def _with_flanks(stroke: Stroke, rng: np.random.Generator) -> list[Stroke]:
    """A wide crack's two walls, which wander each by itself, so that it opens unevenly instead of like a string."""
    n = len(stroke.points)
    if n < 6 or float(stroke.radius.max()) < 1.3:
        return [stroke]
    step = np.gradient(stroke.points, axis=0)
    across = np.stack([step[:, 1], -step[:, 0]], axis=1) / np.maximum(np.hypot(*step.T), 1e-6)[:, None]
    walls = [Stroke(stroke.points, np.maximum(0.6 * stroke.radius, MIN_RADIUS), stroke.depth)]
    for side in (-1.0, 1.0):
        off = side * stroke.radius * (0.35 + 0.5 * smooth_noise(n, n / 5, rng) + 0.25 * smooth_noise(n, n / 2, rng))
        radius = np.maximum(0.5 * stroke.radius * np.exp(0.5 * smooth_noise(n, n / 4, rng)), MIN_RADIUS)
        wall = Stroke(stroke.points + across * off[:, None], radius, 0.8 * stroke.depth)
        walls += split_stroke(wall, stroke.radius > 1.1, 3) if (stroke.radius > 1.1).sum() > 3 else []
    return walls


def _branches(trunk: Stroke, heading: float, length: float, count: int, level: int, tortuosity: float,
              rng: np.random.Generator) -> list[Stroke]:  # fmt: skip
    grown: list[Stroke] = []
    n = len(trunk.points)
    for _ in range(count):
        at = int(rng.integers(n // 8, max(n // 8 + 1, n - n // 8)))
        side = rng.choice([-1.0, 1.0])
        turn = heading + side * rng.uniform(*FORK)
        reach = length * rng.uniform(0.12, 0.5)
        if reach < 3:
            continue
        points = _path(reach, turn, 0.65 * tortuosity, rng) + trunk.points[at]
        radius = _radius(len(points), trunk.radius[at] * rng.uniform(0.35, 0.8), (False, True), rng)
        branch = Stroke(points, radius, np.linspace(trunk.depth[at], 0.45, len(points)))
        grown.append(branch)
        if level > 0 and rng.random() < 0.4:
            grown += _branches(branch, turn, reach, 1 + int(rng.random() < 0.3), level - 1, tortuosity, rng)
    return grown


def _arm(length: float, heading: float, radius: float, taper: tuple[bool, bool], tortuosity: float,
         rng: np.random.Generator) -> Stroke:  # fmt: skip
    points = _path(length, heading, tortuosity, rng)
    widths = _radius(len(points), radius, taper, rng)
    depth = np.clip(0.75 + 0.35 * smooth_noise(len(points), 5, rng), 0.4, 1)
    return Stroke(points, widths, depth)


def _star(length: float, radius: float, tortuosity: float, rng: np.random.Generator) -> list[Stroke]:
    """Arms that run out of one point, as under a blow; two of them lie along the axis."""
    arms = []
    for k in range(int(rng.integers(3, 7))):
        heading = (0.0, np.pi)[k] + rng.normal(0, 0.2) if k < 2 else rng.uniform(0, 2 * np.pi)
        reach = length * (0.5 if k < 2 else rng.uniform(0.15, 0.45))
        arms.append(_arm(reach, heading, radius, (False, True), tortuosity, rng))
    return arms


def _net(length: float, radius: float, tortuosity: float, rng: np.random.Generator) -> list[Stroke]:
    """Crazing: a trunk, branches that run long, and short bridges between near points of them."""
    trunk = _arm(length, 0.0, radius, (True, True), tortuosity, rng)
    limbs = _branches(trunk, 0.0, length * 0.8, int(rng.integers(4, 9)), 1, tortuosity, rng)
    cloud = np.concatenate([s.points[:: max(1, len(s.points) // 6)] for s in limbs]) if limbs else trunk.points
    bridges = []
    for _ in range(int(rng.integers(2, 6))):
        start = cloud[rng.integers(len(cloud))]
        apart = np.hypot(*(cloud - start).T)
        near = np.flatnonzero((apart > length * 0.06) & (apart < length * 0.22))
        if len(near):
            step = (cloud[rng.choice(near)] - start) * np.linspace(0, 1, 8)[:, None]
            wave = 0.02 * length * np.stack([smooth_noise(8, 3, rng), smooth_noise(8, 3, rng)], axis=1)
            bridges.append(Stroke(start + step + wave, np.full(8, max(radius * 0.6, MIN_RADIUS)), np.full(8, 0.6)))
    return [trunk, *limbs, *bridges]


def _parallel(length: float, radius: float, tortuosity: float, rng: np.random.Generator) -> list[Stroke]:
    """A few cracks side by side with twigs, as in a brittle plate that was bent."""
    strokes: list[Stroke] = []
    across = 0.0
    for k in range(int(rng.integers(2, 5))):
        reach = length * (1.0 if k == 0 else rng.uniform(0.3, 0.8))
        arm = _arm(reach, rng.normal(0, 0.08), radius, (True, True), 0.6 * tortuosity, rng)
        start = np.array([rng.uniform(0, length - reach), across])
        arm = Stroke(arm.points + start, arm.radius, arm.depth)
        strokes += [arm, *_branches(arm, 0.0, reach, rng.poisson(1.0), 0, tortuosity, rng)]
        across += rng.uniform(0.08, 0.25) * length * rng.choice([-1.0, 1.0])
    return strokes


def _single(length: float, radius: float, tortuosity: float, count: int, taper: float,
            rng: np.random.Generator) -> list[Stroke]:  # fmt: skip
    runs_out = bool(rng.random() < taper)
    trunk = _arm(length, 0.0, radius, (runs_out, runs_out or rng.random() < 0.5), tortuosity, rng)
    return [trunk, *_branches(trunk, 0.0, length, count, 1, tortuosity, rng)]


def draw_crack(p: CrackParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    style = p.style if p.style != "mixed" else str(rng.choice(list(STYLES), p=list(STYLES.values())))
    share = np.exp(rng.uniform(*np.log(np.maximum(p.width, 1e-4))))
    radius = MIN_RADIUS if rng.random() < p.hairline else max(share * length / 2, MIN_RADIUS)
    tortuosity = rng.uniform(*p.tortuosity)
    if style == "star":
        strokes = _star(length, radius, tortuosity, rng)
    elif style == "cells":
        count = int(rng.integers(p.cells[0], p.cells[1] + 1))
        strokes = cell_net(length, radius, count, tortuosity, rng)
    elif style == "net":
        strokes = _net(length, radius, tortuosity, rng)
    elif style == "parallel":
        strokes = _parallel(length, radius, tortuosity, rng)
    else:
        strokes = _single(length, radius, tortuosity, rng.poisson(rng.uniform(*p.branching) * 0.7), p.taper, rng)
    gaps = rng.uniform(*p.gaps) if length >= 16 and style != "cells" else 0.0
    pieces = [piece for stroke in strokes for piece in _with_gaps(stroke, gaps, rng)]
    fitted = fit_strokes(pieces, length, angle)
    return render_strokes([wall for stroke in fitted for wall in _with_flanks(stroke, rng)], angle)
