"""Spatter: many small drops, dense where they were thrown from, drawn out along the throw."""

from __future__ import annotations

import numpy as np

from defectgen.mask.params import SpatterParams
from defectgen.mask.shape import Shape
from defectgen.mask.stroke import MIN_RADIUS, Stroke, fit_strokes, render_strokes

__all__ = ["draw_spatter"]


def _drop(centre: np.ndarray[tuple[int], np.dtype[np.float64]], radius: float, heading: float, smear: float,
          rng: np.random.Generator) -> Stroke:  # fmt: skip
    """A drop: a disc, or a head with a tail that thins along the throw."""
    n = 5
    t = np.linspace(0, 1, n)
    tail = radius * 2 * smear * rng.random()
    points = centre + (t * tail)[:, None] * np.array([np.cos(heading), -np.sin(heading)])
    width = np.maximum(radius * (1 - 0.7 * t), MIN_RADIUS)
    return Stroke(points, width, np.full(n, rng.uniform(0.6, 1)))


def draw_spatter(p: SpatterParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    low, high = p.count
    count = int(np.clip(np.exp(rng.uniform(*np.log([max(low, 1), high]))), 2, max(2, length * 0.8)))
    throw, smear = rng.uniform(*p.throw), rng.uniform(*p.smear)
    median = rng.uniform(*p.radius) * length
    far = rng.beta(1.2, 2.2, count) * length
    far[0], far[1:2] = 0.0, length
    across = rng.normal(0, 0.05 + 0.16 * (1 - throw), count) * length * np.where(throw > 0.5, far / length, 1.0)
    across[:2] = 0
    radius = np.clip(median * np.exp(rng.normal(0, 0.65, count)), MIN_RADIUS, 0.12 * length)
    drops = []
    for k in range(count):
        centre = np.array([far[k], across[k]])
        heading = float(np.arctan2(-across[k], max(far[k], 1e-3))) + rng.normal(0, 0.15)
        drops.append(_drop(centre, float(radius[k]), heading, smear * throw, rng))
    return render_strokes(fit_strokes(drops, length, angle), angle)
