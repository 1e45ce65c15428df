"""Bodies that area shapes are built from: ellipses and facets as distance-like fields, positive inside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import Canvas, fractal

__all__ = ["body", "ellipse", "facets", "soft_union", "warp"]

F32 = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]


def ellipse(u: Floats, v: Floats, a: float, b: float) -> F32:
    """Approximate distance to the border of an ellipse of half-axes a and b, pixels, positive inside."""
    q = np.sqrt((u / a) ** 2 + (v / b) ** 2) + 1e-6
    slope = np.sqrt((u / a**2) ** 2 + (v / b**2) ** 2) / q + 1e-6
    return np.asarray(np.minimum((1 - q) / slope, min(a, b)), np.float32)


def facets(u: Floats, v: Floats, a: float, b: float, count: int, rng: np.random.Generator) -> F32:
    """Distance to the nearest of `count` straight sides of a polygon of half-axes a and b."""
    angles = (np.arange(count) + rng.uniform(-0.35, 0.35, count)) * 2 * np.pi / count + rng.uniform(0, 6.28)
    sides = []
    for theta in angles:
        nu, nv = np.cos(theta), np.sin(theta)
        reach = np.hypot(a * nu, b * nv) * rng.uniform(0.75, 1.0)
        sides.append(reach - nu * u - nv * v)
    return np.asarray(np.min(sides, axis=0), np.float32)


def soft_union(fields: list[F32], blend: float) -> F32:
    """Union of bodies with necks rounded over about `blend` pixels."""
    if len(fields) == 1:
        return fields[0]
    k = np.float32(max(blend, 0.5))
    stack = np.stack(fields)
    top = stack.max(axis=0)
    union = top + k * np.log(np.exp((stack - top) / k).sum(axis=0))
    return np.asarray(union - k * np.log(len(fields)) * 0.5, np.float32)


def warp(space: Canvas, amount: float, coarse: float, rng: np.random.Generator) -> tuple[F32, F32]:
    """The canvas' coordinates, bent by smooth noise of `amount` pixels."""
    hw = space.u.shape
    return (
        space.u + np.float32(amount) * fractal(hw, coarse, rng, gain=0.35),
        space.v + np.float32(amount) * fractal(hw, coarse, rng, gain=0.35),
    )


def _lobes(u: F32, v: F32, a: float, b: float, lobes: int, rng: np.random.Generator) -> F32:
    """Ellipses in a row along the axis, merged with rounded necks."""
    parts = []
    for k in range(lobes):
        share = rng.uniform(0.4, 0.75)
        at = (k / (lobes - 1) - 0.5) * 2 * (1 - share) * a
        off = rng.uniform(-0.6, 0.6) * b
        parts.append(ellipse(u - at, v - off, a * share, max(b * rng.uniform(0.45, 1.0), 0.9)))
    return soft_union(parts, 0.06 * a)


def body(space: Canvas, length: float, aspect: float, lobes: int, roughness: float, rng: np.random.Generator) -> F32:
    """An irregular closed body: ellipses merged along a bowed axis, bent, sometimes faceted, with a fractal edge."""
    u, v = warp(space, 0.22 * roughness * length, length * rng.uniform(0.35, 0.7), rng)
    a, b = length / 2, max(length / 2 * aspect, 0.9)
    v = v + np.float32(rng.normal(0, 0.35) * (1 - aspect)) * (u * u / np.float32(a) - np.float32(a / 3))
    field = ellipse(u, v, a, b) if lobes == 1 else _lobes(u, v, a, b, lobes, rng)
    if rng.random() < 0.3:
        field = np.minimum(field, facets(u, v, a, b, int(rng.integers(4, 8)), rng))
    coarse, gain = max(b * rng.uniform(0.5, 1.4), 3.0), rng.uniform(0.4, 0.75)
    edge = np.float32(roughness * 0.5 * b) * fractal(space.u.shape, coarse, rng, gain=gain)
    return np.asarray(field + edge, np.float32)
