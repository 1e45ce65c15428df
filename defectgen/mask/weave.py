"""Weave faults: segments that lie exactly along or across the threads."""

from __future__ import annotations

import numpy as np

from defectgen.mask.params import WeaveParams
from defectgen.mask.shape import Shape
from defectgen.mask.stroke import MIN_RADIUS, Stroke, fit_strokes, render_strokes, smooth_noise

__all__ = ["draw_weave"]


def _thread(x0: float, x1: float, y: float, radius: float, rng: np.random.Generator) -> Stroke:
    """A straight thread whose width breathes a little, as yarn does."""
    n = max(4, int(abs(x1 - x0) / 1.5))
    points = np.stack([np.linspace(x0, x1, n), np.full(n, y)], axis=1)
    width = radius * np.exp(0.18 * smooth_noise(n, n / 4, rng))
    return Stroke(points, np.maximum(width, MIN_RADIUS), np.clip(0.85 + 0.2 * smooth_noise(n, n / 3, rng), 0.4, 1))


def _missing(length: float, pitch: float, count: int, rng: np.random.Generator) -> list[Stroke]:
    lines = [_thread(0, length, 0, pitch * 0.5, rng)]
    for k in range(1, count):
        start, stop = np.sort(rng.uniform(0, length, 2))
        lines.append(_thread(start, max(stop, start + 2 * pitch), k * pitch * 2, pitch * 0.45, rng))
    return lines


def _double(length: float, pitch: float, count: int, rng: np.random.Generator) -> list[Stroke]:
    """Two threads in one shed: a band of two adjoining lines, the second shifted along."""
    shift = rng.uniform(0, 0.25) * length
    wide = [_thread(0, length - shift, 0, pitch * 0.5, rng), _thread(shift, length, pitch, pitch * 0.5, rng)]
    return wide + [_thread(shift, length - shift, (k + 1) * pitch, pitch * 0.5, rng) for k in range(1, count)]


def _broken(length: float, pitch: float, count: int, rng: np.random.Generator) -> list[Stroke]:
    """An end that broke: the bare track, with its frayed tails turned across the track on both sides of the gap."""
    gap = rng.uniform(0.3, 0.6) * length
    lines = [_thread(0, gap, 0, pitch * 0.5, rng)]
    if rng.random() < 0.7:
        lines.append(_thread(gap + pitch * rng.uniform(1, 2.5), length, 0, pitch * 0.35, rng))
    else:
        lines.append(_thread(gap, length, 0, pitch * 0.3, rng))
    for _ in range(count + 1):
        x = rng.choice([0.0, gap]) + rng.uniform(-1, 1) * pitch
        tail = _thread(0, pitch * rng.uniform(1.5, 4), 0, pitch * 0.25, rng)
        turned = tail.points[:, ::-1] * [1, rng.choice([-1.0, 1.0])] + [x, 0]
        lines.append(Stroke(turned, tail.radius, tail.depth))
    return lines


def _slub(length: float, pitch: float, count: int, rng: np.random.Generator) -> list[Stroke]:
    """A thick place in the yarn: a spindle, with the thread running on."""
    lines = []
    for k in range(count):
        n = max(8, int(length / 1.5))
        t = np.linspace(0, 1, n)
        centre, spread = rng.uniform(0.3, 0.7), rng.uniform(0.1, 0.3)
        radius = pitch * (0.25 + rng.uniform(0.6, 1.4) * np.exp(-(((t - centre) / spread) ** 2)))
        share = 1.0 if k == 0 else rng.uniform(0.3, 0.7)
        points = np.stack([t * length * share, np.full(n, k * pitch * rng.integers(2, 5))], axis=1)
        lines.append(Stroke(points, radius * np.exp(0.15 * smooth_noise(n, 9, rng)), np.clip(radius / pitch, 0.4, 1)))
    return lines


def _float(length: float, pitch: float, count: int, rng: np.random.Generator) -> list[Stroke]:
    """Threads that float over their neighbours: short dashes in steps, along and across."""
    lines = [_thread(0, length, 0, pitch * 0.35, rng)]
    for _ in range(2 * count + 2):
        x, row = rng.uniform(0, 0.85) * length, int(rng.integers(-3, 4)) * pitch
        reach = rng.uniform(0.08, 0.35) * length
        dash = _thread(x, min(x + reach, length), row, pitch * 0.4, rng)
        if rng.random() < 0.3:
            points = np.stack([np.full(len(dash.points), x), dash.points[:, 0] - x - reach / 2], axis=1)
            dash = Stroke(points, dash.radius, dash.depth)
        lines.append(dash)
    return lines


DRAW = {"missing": _missing, "double": _double, "broken": _broken, "slub": _slub, "float": _float}


def draw_weave(p: WeaveParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    style = p.style if p.style != "mixed" else str(rng.choice(list(DRAW)))
    pitch = max(rng.uniform(*p.pitch) * length, 1.6)
    count = int(rng.integers(p.count[0], p.count[1] + 1))
    strokes = DRAW[style](length, pitch, count, rng)
    return render_strokes(fit_strokes(strokes, length, angle), angle)
