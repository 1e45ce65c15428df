"""Bridges: a strip that joins two bodies, broad where it wets them and narrow between, as a meniscus leaves it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import canvas, fractal, shape_from_field
from defectgen.mask.params import BridgeParams
from defectgen.mask.shape import Shape

__all__ = ["draw_bridge"]

F32 = NDArray[np.float32]


def draw_bridge(p: BridgeParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    a, b = length / 2, max(length / 2 * rng.uniform(*p.aspect), 1.0)
    waist, swing = rng.uniform(*p.waist), rng.normal(0, 0.12) * b
    share = np.clip(np.abs(space.u) / np.float32(a), 0, 1)
    wall = np.maximum(np.float32(b) * (np.float32(waist) + np.float32(1 - waist) * share**2), 0.9)
    # The ends are arcs, so that no corner stands out of the body below.
    end = np.float32(a) - np.abs(space.u) - np.float32(0.25 * b) * (space.v / np.float32(b)) ** 2
    off = space.v - np.float32(swing) * np.cos(space.u * np.float32(np.pi / a))
    ragged = np.float32(rng.uniform(*p.roughness) * 0.5 * b) * fractal(space.u.shape, max(b, 3.0), rng)
    field = np.minimum(wall - np.abs(off) + ragged, end)

    def profile(depth: F32, widest: F32) -> F32:
        return np.asarray(np.clip(1 - (off / np.maximum(wall, 1)) ** 2, 0.05, 1) * np.clip(depth, 0, 1), np.float32)

    return shape_from_field(np.asarray(field, np.float32), space, profile)
