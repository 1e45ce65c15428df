"""Bars: marks of one make in a row, as of rolling elements, stop marks, ladder holes or waves along an edge.

The row runs along the axis; each bar lies across it. Lengths are fractions of the row's longest extent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import Canvas, canvas, fractal, shape_from_field
from defectgen.mask.outline import ellipse
from defectgen.mask.params import BarsParams
from defectgen.mask.shape import Shape

__all__ = ["draw_bars"]

F32 = NDArray[np.float32]
LEAST_PITCH_PX = 3.0


def _slot(u: F32, v: F32, a: float, b: float) -> F32:
    """Distance into a box of half-axes a and b whose corners are rounded."""
    r = np.float32(0.5 * min(a, b))
    du, dv = np.abs(u) - np.float32(a) + r, np.abs(v) - np.float32(b) + r
    away = np.hypot(np.maximum(du, 0), np.maximum(dv, 0)) + np.minimum(np.maximum(du, dv), 0)
    return np.asarray(r - away, np.float32)


def _row(space: Canvas, p: BarsParams, length: float, rng: np.random.Generator) -> tuple[F32, F32]:
    """The field of all bars, and their domes: 1 in the middle of each, 0 at its border."""
    pitch = max(rng.uniform(*p.pitch) * length, LEAST_PITCH_PX)
    half, count = rng.uniform(*p.aspect) * length / 2, max(2, round(length / pitch))
    jitter, thick = rng.uniform(*p.jitter), rng.uniform(*p.duty) * pitch / 2
    bow, lean = rng.uniform(*p.bow) * rng.choice([-1.0, 1.0]), rng.normal(0, 0.12) * jitter
    bent = space.u - np.float32(bow) * space.v**2 / np.float32(max(half, 1.0)) - np.float32(lean) * space.v
    sway = np.float32(0.35 * jitter * pitch) * fractal(space.u.shape, max(half, 4.0), rng, gain=0.3)
    field, dome = np.full(space.u.shape, -np.float32(length), np.float32), np.zeros(space.u.shape, np.float32)
    for k in range(count):
        at = (k - (count - 1) / 2) * pitch + rng.normal(0, 0.14) * jitter * pitch
        a = max(thick * np.exp(rng.normal(0, 0.3) * jitter), 0.8)
        b = max(half * np.exp(rng.normal(0, 0.35) * jitter), 0.8)
        u, v = bent + sway - np.float32(at), space.v - np.float32(rng.normal(0, 0.25) * jitter * half)
        one = ellipse(u, v, a, b) if p.style == "oval" else _slot(u, v, a, b)
        field = np.maximum(field, one)
        dome = dome + _dome(u, v, a, b, p.style) * np.float32(rng.uniform(1 - 0.4 * jitter, 1))
    return field, np.minimum(dome, 1)


def _dome(u: F32, v: F32, a: float, b: float, style: str) -> F32:
    """A hump over one bar: round for ovals, as long as the bar for slots."""
    if style == "oval":
        return np.asarray(np.clip(1 - (u / a) ** 2 - (v / b) ** 2, 0, 1) ** 1.7, np.float32)
    return np.asarray(np.clip(1 - (u / a) ** 2, 0, 1) * np.clip((b - np.abs(v)) / (0.4 * b), 0, 1), np.float32)


def draw_bars(p: BarsParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    field, dome = _row(space, p, length, rng)
    rough = rng.uniform(*p.roughness)
    field = np.asarray(field + np.float32(rough * 0.06 * length) * fractal(field.shape, max(length / 10, 3), rng))

    def profile(depth: F32, widest: F32) -> F32:
        return np.asarray(np.maximum(dome, 0.02), np.float32)

    return shape_from_field(np.asarray(field, np.float32), space, profile)
