"""Pits: rounded irregular pores, log-normal in size, alone or in clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import Canvas, canvas, fractal, shape_from_field
from defectgen.mask.outline import body, ellipse
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


def _spread(centres: F64, radius: F64, length: float) -> F64:
    """Centres scaled along and across so that the pits together are about `length` long."""
    centres = centres - (centres.max(axis=0) + centres.min(axis=0)) / 2
    apart = np.hypot(*(centres[:, None] - centres[None]).T) + radius[:, None] + radius[None]
    i, j = np.unravel_index(int(apart.argmax()), apart.shape)
    bare = float(np.hypot(*(centres[i] - centres[j])))
    return np.asarray(centres * (max(length - radius[i] - radius[j], 1.0) / max(bare, 1.0)))


def _pit_field(space: Canvas, centres: F64, radius: F64, roughness: float, rng: np.random.Generator) -> F32:
    """The union of pits, each an ellipse of its own turn and flatness, bent by noise of the scale of its size."""
    hw = space.u.shape
    middle = float(np.median(radius))
    bend = [fractal(hw, max(k * middle, 3.0), rng, gain=0.4) for k in (1.8, 1.8)]
    field = np.full(hw, -np.float32(middle + 6), np.float32)
    for centre, r in zip(centres, radius, strict=True):
        at = space.around(float(centre[0]), float(centre[1]), 1.6 * r + 5)
        turn, flat = rng.uniform(0, np.pi), rng.uniform(0.55, 1)
        c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        sway = np.float32(roughness * 0.9 * min(r, 2 * middle))
        du = space.u[at] - np.float32(centre[0]) + sway * bend[0][at]
        dv = space.v[at] - np.float32(centre[1]) + sway * bend[1][at]
        field[at] = np.maximum(field[at], ellipse(c * du + s * dv, c * dv - s * du, r, max(r * flat, 0.8)))
    edge = np.float32(roughness * 0.3 * middle) * fractal(hw, max(middle * 0.8, 3.0), rng, gain=0.6)
    return np.asarray(field + edge, np.float32)


def _profile(rng: np.random.Generator) -> Callable[[F32, F32], F32]:
    steep = rng.uniform(0.6, 1.4)

    def profile(depth: F32, widest: F32) -> F32:
        return np.asarray(np.sin(np.clip(depth / widest, 0, 1) * np.pi / 2) ** steep, np.float32)

    return profile


def _lone(length: float, angle: float, roughness: float, rng: np.random.Generator) -> Shape:
    """One pore by itself: a bean, a drop or a lens, from round to three times as long as wide."""
    space = canvas(length, angle)
    field = body(space, length, rng.uniform(0.35, 1), int(rng.integers(1, 3)), roughness, rng)
    return shape_from_field(field, space, _profile(rng))


def draw_pit(p: PitParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    low, high = p.count
    count = int(np.clip(np.rint(np.exp(rng.uniform(np.log(max(low, 1)), np.log(max(high, 1) + 0.5)))), low, high))
    count = max(1, min(count, int(length / 4)))
    roughness = rng.uniform(*p.roughness)
    if count == 1 and rng.random() < 0.6:
        return _lone(length, angle, 2 * roughness, rng)
    if count == 1:
        radius, centres = np.array([length / 2]), np.zeros((1, 2))
    else:
        median = rng.uniform(*p.radius) * (1 + 2 / count) * length
        sizes = median * np.exp(rng.normal(0, rng.uniform(*p.dispersion), count))
        radius = np.clip(sizes, max(1.0, 0.16 * length / count), 0.22 * length)
        centres = _spread(_centres(count, rng.uniform(*p.cluster), length, rng), radius, length)
    space = canvas(length, angle, room=1.35)
    field = _pit_field(space, centres, radius, roughness, rng)
    return shape_from_field(field, space, _profile(rng))
