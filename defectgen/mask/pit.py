"""Pits: rounded irregular pores, log-normal in size, alone or in clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import canvas, fractal, shape_from_field
from defectgen.mask.outline import ellipse, warp
from defectgen.mask.params import PitParams
from defectgen.mask.shape import Shape

__all__ = ["draw_pit"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def _centres(count: int, tight: float, length: float, rng: np.random.Generator) -> F64:
    """Places along and across the axis, (n, 2): even over an oval, or drawn towards a few parents."""
    oval = np.array([0.45, rng.uniform(0.12, 0.42)]) * length
    theta, far = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    even = np.stack([np.cos(theta) * far, np.sin(theta) * far], axis=1) * oval
    parents = even[rng.integers(0, max(1, count // 4), count)]
    near = parents + rng.normal(0, 0.12 * length, (count, 2)) * (oval / oval[0])
    return np.where(rng.random((count, 1)) < tight, near, even)


def draw_pit(p: PitParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    low, high = p.count
    count = int(np.clip(np.rint(np.exp(rng.uniform(np.log(max(low, 1)), np.log(max(high, 1) + 0.5)))), low, high))
    count = max(1, min(count, int(length / 3)))
    space = canvas(length, angle, room=1.6)
    roughness = rng.uniform(*p.roughness)
    sigma = rng.uniform(*p.dispersion)
    if count == 1:
        radius, centres = np.array([length / 2]), np.zeros((1, 2))
    else:
        radius = rng.uniform(*p.radius) * length * np.exp(rng.normal(0, sigma, count))
        radius = np.clip(radius, 0.9, length * 0.22)
        centres = _centres(count, rng.uniform(*p.cluster), length, rng)
    u, v = warp(space, roughness * 0.9 * float(np.median(radius)), max(float(np.median(radius)) * 1.8, 3), rng)
    field = np.full(u.shape, -np.float32(length), np.float32)
    for (cu, cv), r in zip(centres, radius, strict=True):
        turn, flat = rng.uniform(0, np.pi), rng.uniform(0.55, 1)
        c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        du, dv = u - np.float32(cu), v - np.float32(cv)
        field = np.maximum(field, ellipse(c * du + s * dv, c * dv - s * du, r, max(r * flat, 0.8)))
    field = field + roughness * 0.12 * float(np.median(radius)) * fractal(field.shape, 4.0, rng)
    steep = rng.uniform(0.6, 1.4)

    def profile(depth: F32, widest: F32) -> F32:
        return np.asarray(np.sin(np.clip(depth / widest, 0, 1) * np.pi / 2) ** steep, np.float32)

    return shape_from_field(np.asarray(field, np.float32), space, profile)
