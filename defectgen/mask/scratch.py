"""Scratches: bundles of near-parallel strokes that one motion left, with skips where the tool lost contact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.params import ScratchParams
from defectgen.mask.shape import Shape
from defectgen.mask.stroke import MIN_RADIUS, Stroke, fit_strokes, render_strokes, smooth_noise, split_stroke

__all__ = ["draw_scratch"]

F64 = NDArray[np.float64]


def _cut(stroke: Stroke, skips: float, rng: np.random.Generator) -> list[Stroke]:
    """The stroke without the places where pressure, smooth along the motion, fell below the share `skips`."""
    n = len(stroke.points)
    pressure = smooth_noise(n, rng.uniform(3, 9), rng)
    contact = pressure >= np.quantile(pressure, skips)
    return split_stroke(stroke, contact, max(2, n // 12))


def _stroke(t: F64, bow: float, offset: float, length: float, radius: float, rng: np.random.Generator) -> Stroke:
    """One line of the bundle over the part `t` in [0, 1] of the motion."""
    n = len(t)
    x = (t - 0.5) * length
    y = -bow * length * (4 * (t - 0.5) ** 2) / 8 + offset
    y = y + length * 0.004 * smooth_noise(n, 6, rng) + rng.normal(0, 0.02) * (x - x.mean())
    ends = np.clip(np.minimum(np.linspace(0, 1, n) * 6, np.linspace(1, 0, n) * rng.uniform(1.5, 6)), 0.15, 1)
    swell = np.exp(0.45 * smooth_noise(n, 6, rng))
    depth = np.clip(ends * (0.8 + 0.3 * smooth_noise(n, 8, rng)), 0.2, 1) * rng.uniform(0.55, 1)
    return Stroke(np.stack([x, y], axis=1), np.maximum(radius * swell * ends, MIN_RADIUS), depth)


def draw_scratch(p: ScratchParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    low, high = p.count
    count = int(np.clip(low + rng.geometric(0.4) - 1, low, high))
    bow = rng.uniform(*p.curvature) * rng.choice([-1.0, 1.0])
    spread = rng.uniform(*p.spread) * length
    base = np.exp(rng.uniform(*np.log(np.maximum(p.width, 1e-4)))) * length / 2
    n = int(np.clip(length / 1.5, 8, 300))
    pieces: list[Stroke] = []
    for k in range(count):
        start, stop = (0.0, 1.0) if k == 0 else np.sort(rng.uniform(0, 1, 2))
        if stop - start < 0.2:
            start, stop = max(stop - 0.2, 0.0), max(stop, 0.2)
        offset = 0.0 if k == 0 else rng.normal(0, spread / 2)
        radius = max(base * (1.0 if k == 0 else rng.uniform(0.3, 1.0) * np.sqrt(stop - start)), MIN_RADIUS)
        steps = max(4, int(n * (stop - start)))
        line = _stroke(np.linspace(start, stop, steps), bow, offset, length, radius, rng)
        pieces += _cut(line, rng.uniform(*p.skips) if length >= 16 else 0.0, rng)
    return render_strokes(fit_strokes(pieces, length, angle), angle)
