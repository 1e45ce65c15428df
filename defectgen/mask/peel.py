"""Peeling: flakes of a coating with a torn edge, lifted on one side, with islands that still hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import canvas, fractal, shape_from_field
from defectgen.mask.outline import body, ellipse, facets
from defectgen.mask.params import PeelParams
from defectgen.mask.shape import Shape

__all__ = ["draw_peel"]

F32 = NDArray[np.float32]


def draw_peel(p: PeelParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    aspect, tear = rng.uniform(*p.aspect), rng.uniform(*p.tear)
    a, b = length / 2, max(length / 2 * aspect, 0.9)
    flake = body(space, length, aspect, int(rng.integers(1, 4)), 0.6 * tear, rng)
    sides = facets(space.u, space.v, a * 1.05, b * 1.05, int(rng.integers(5, 10)), rng)
    torn = np.abs(fractal(flake.shape, max(length / 4, 3), rng, gain=0.7))
    field = np.minimum(flake, sides + np.float32(0.04 * length)) - tear * 0.14 * length * (torn - 0.2)
    for _ in range(int(rng.integers(p.islands[0], p.islands[1] + 1)) if length >= 24 else 0):
        at = rng.uniform(-0.45, 0.45, 2) * [2 * a, 2 * b] * 0.7
        r = rng.uniform(0.03, 0.09) * length
        island = ellipse(space.u - at[0], space.v - at[1], r, r * rng.uniform(0.5, 1))
        field = np.minimum(field, -(island + 0.4 * r * fractal(field.shape, max(r, 3), rng)))
    lift = rng.uniform(0, 2 * np.pi)
    ramp = 0.5 + 0.5 * np.clip((np.cos(lift) * space.u / a + np.sin(lift) * space.v / b) * 0.9, -1, 1)
    lip = max(1.5, 0.05 * length)

    def profile(depth: F32, widest: F32) -> F32:
        edge = np.clip(depth / np.minimum(lip, widest), 0, 1)
        return np.asarray(edge * (0.3 + 0.7 * ramp), np.float32)

    return shape_from_field(np.asarray(field, np.float32), space, profile)
