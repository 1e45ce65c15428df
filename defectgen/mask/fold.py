"""Folds: long wavy ridges side by side, each a wide band that swells and runs out."""

from __future__ import annotations

import numpy as np

from defectgen.mask.params import FoldParams
from defectgen.mask.shape import Shape
from defectgen.mask.stroke import MIN_RADIUS, Stroke, fit_strokes, render_strokes, smooth_noise, wander

__all__ = ["draw_fold"]


def _ridge(length: float, radius: float, waviness: float, rng: np.random.Generator) -> Stroke:
    n = int(np.clip(length / 1.5, 8, 300))
    heading = waviness * (smooth_noise(n, rng.uniform(1.5, 4), rng) + 0.4 * smooth_noise(n, rng.uniform(4, 9), rng))
    t = np.linspace(0, 1, n)
    taper = np.clip(np.minimum(t / rng.uniform(0.1, 0.45), (1 - t) / rng.uniform(0.1, 0.45)), 0, 1) ** 0.7
    swell = np.exp(0.4 * smooth_noise(n, 5, rng))
    depth = np.clip(0.35 + 0.65 * taper * swell, 0.3, 1)
    return Stroke(wander(heading - heading.mean(), length / n), np.maximum(radius * taper * swell, MIN_RADIUS), depth)


def draw_fold(p: FoldParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    count = int(rng.integers(p.count[0], p.count[1] + 1))
    radius = rng.uniform(*p.width) * length / 2
    waviness = rng.uniform(*p.waviness)
    strokes = []
    y = 0.0
    for k in range(count):
        share = 1.0 if k == 0 else rng.uniform(0.3, 0.85)
        ridge = _ridge(length * share, radius * (1 if k == 0 else rng.uniform(0.5, 1)), waviness, rng)
        slant = rng.normal(0, 0.12)
        points = ridge.points @ np.array([[np.cos(slant), -np.sin(slant)], [np.sin(slant), np.cos(slant)]])
        x = rng.uniform(0, 1 - share) * length if k else 0.0
        strokes.append(Stroke(points + np.array([x, y]), ridge.radius, ridge.depth))
        y += rng.uniform(*p.spacing) * length * rng.choice([-1.0, 1.0])
    return render_strokes(fit_strokes(strokes, length, angle), angle)
