"""Fibres: long thin threads of constant width that curl, as of lint or a hair."""

from __future__ import annotations

import numpy as np

from defectgen.mask.params import FibreParams
from defectgen.mask.shape import Shape
from defectgen.mask.stroke import MIN_RADIUS, Stroke, fit_strokes, render_strokes, smooth_noise, wander

__all__ = ["draw_fibre"]


def _thread(length: float, heading: float, curl: float, radius: float, rng: np.random.Generator) -> Stroke:
    """A thread whose curvature, not its heading, is smooth noise, so that it swings in arcs and sometimes loops."""
    n = int(np.clip(length * 1.5, 12, 500))
    bend = curl * (smooth_noise(n, rng.uniform(1, 4), rng) + 0.5 * smooth_noise(n, rng.uniform(4, 10), rng))
    turn = np.cumsum(bend + curl * rng.normal(0, 0.35)) * (9.0 / n)
    points = wander(heading + turn - turn.mean(), length / n)
    return Stroke(points, np.full(n, radius), np.clip(0.9 + 0.1 * smooth_noise(n, 5, rng), 0, 1))


def draw_fibre(p: FibreParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    radius = max(np.exp(rng.uniform(*np.log(np.maximum(p.width, 1e-4)))) * length / 2, MIN_RADIUS)
    count = int(rng.integers(p.count[0], p.count[1] + 1)) if rng.random() < 0.3 else p.count[0]
    strokes: list[Stroke] = []
    for k in range(count):
        thread = _thread(length * (1 if k == 0 else rng.uniform(0.3, 0.8)), rng.uniform(0, 6.28) if k else 0.0,
                         rng.uniform(*p.curl), radius, rng)  # fmt: skip
        anchor = strokes[0].points[rng.integers(len(strokes[0].points))] if k else 0.0
        strokes.append(Stroke(thread.points - thread.points.mean(axis=0) + anchor, thread.radius, thread.depth))
    return render_strokes(fit_strokes(strokes, length, angle, align=True), angle)
