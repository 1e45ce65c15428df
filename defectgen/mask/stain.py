"""Stains: soft bodies with runs and satellite drops, darkest at the dried rim."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import Canvas, canvas, fractal, shape_from_field
from defectgen.mask.outline import body, ellipse
from defectgen.mask.params import StainParams
from defectgen.mask.shape import Shape

__all__ = ["draw_stain"]

F32 = NDArray[np.float32]


def _runs(space: Canvas, length: float, aspect: float, count: int, rng: np.random.Generator) -> F32:
    """Streaks that leave the body along the axis, wide where they start and a little swollen at the end."""
    field = np.full(space.u.shape, -np.float32(length), np.float32)
    sway = np.float32(0.05 * length) * fractal(space.u.shape, length / 2, rng, gain=0.3)
    ragged = fractal(space.u.shape, max(0.1 * length, 3.0), rng)
    for _ in range(count):
        off = np.float32(rng.uniform(-0.6, 0.6) * aspect * length / 2)
        reach, width = rng.uniform(0.3, 0.55) * length, max(rng.uniform(0.015, 0.05) * length, 0.9)
        along = np.clip(space.u, 0, np.float32(reach))
        share = along / np.float32(reach)
        swell = np.float32(2.2) * (1 - share) ** 2 + np.float32(rng.uniform(0.5, 0.9)) + np.float32(0.5) * share**4
        away = np.hypot(space.u - along, space.v - off - sway)
        field = np.maximum(field, np.float32(width) * (swell + np.float32(0.4) * ragged) - away)
    return field


def _add_satellites(field: F32, space: Canvas, length: float, aspect: float, count: int,
                    rng: np.random.Generator) -> None:  # fmt: skip
    """Drops beside the body, written into the field."""
    for _ in range(count):
        theta, far = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 1.45)
        u, v = np.clip(np.array([np.cos(theta), aspect * np.sin(theta)]) * far, -0.97, 0.97) * length / 2
        radius = np.clip(0.05 * length * np.exp(rng.normal(-0.6, 0.6)), 0.9, max(0.06 * length, 1.0))
        at = space.around(float(u), float(v), radius + 5)
        du, dv = space.u[at] - np.float32(u), space.v[at] - np.float32(v)
        field[at] = np.maximum(field[at], ellipse(du, dv, radius, max(radius * rng.uniform(0.6, 1), 0.8)))


def draw_stain(p: StainParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    aspect = rng.uniform(*p.aspect)
    size, lobes = length * rng.uniform(0.75, 1), int(rng.integers(1, 4))
    field = body(space, size, aspect, lobes, rng.uniform(*p.roughness), rng)
    runs = int(rng.integers(p.runs[0], p.runs[1] + 1))
    if runs and (p.runs[0] > 0 or rng.random() < 0.5):
        field = np.maximum(field, _runs(space, length, aspect, runs, rng))
    _add_satellites(field, space, length, aspect, int(rng.integers(p.satellites[0], p.satellites[1] + 1)), rng)
    rim, band = rng.uniform(*p.rim), max(length * rng.uniform(0.02, 0.06), 1.2)
    cloud = 0.5 + 0.5 * fractal(space.u.shape, max(length / 3, 3), rng)
    softness = max(length * rng.uniform(0.02, 0.15), 1.0)

    def profile(depth: F32, widest: F32) -> F32:
        edge = np.clip(depth / np.minimum(softness * (1 - rim) + 1.0, widest), 0, 1)
        ring = np.exp(-(((depth - band) / band) ** 2))
        inner = np.clip(0.45 + 0.5 * cloud * (1 - rim) + 0.2 * cloud * rim, 0, 1)
        return np.asarray(edge * np.maximum(inner, rim * ring), np.float32)

    return shape_from_field(field, space, profile)
