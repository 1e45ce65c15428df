"""Knots: the cut through a branch, with its own growth rings and, in some, checks that run out from the pith."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import canvas, fractal, shape_from_field
from defectgen.mask.outline import ellipse
from defectgen.mask.params import KnotParams
from defectgen.mask.shape import Shape

__all__ = ["draw_knot"]

F32 = NDArray[np.float32]


def draw_knot(p: KnotParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    a, aspect = length / 2, rng.uniform(*p.aspect)
    b = max(a * aspect, 0.9)
    wave = np.float32(rng.uniform(*p.roughness) * 0.5 * b) * fractal(space.u.shape, max(0.6 * length, 3), rng, gain=0.3)
    field = ellipse(space.u, space.v, a, b) + wave
    pith = rng.normal(0, 0.1, 2) * [a, b]
    u, v = space.u - np.float32(pith[0]), (space.v - np.float32(pith[1])) / np.float32(aspect)
    bent = np.float32(0.05 * length) * fractal(space.u.shape, max(length / 3, 3), rng, gain=0.4)
    share = np.clip((np.hypot(u, v) + bent + wave * 0.5) / np.float32(a), 0, 1)
    count = int(rng.integers(p.rings[0], p.rings[1] + 1))
    # Rings lie closer towards the bark, as a branch grows slower with age.
    turns = count * share**1.2
    ring = (turns % 1) ** 2
    checks = _checks(u, v, a, int(rng.integers(p.checks[0], p.checks[1] + 1)), rng)

    def profile(depth: F32, widest: F32) -> F32:
        tone = 0.08 + 0.4 * ring * np.clip(4 * share, 0, 1) + 0.4 * (share < 0.09)
        return np.asarray(np.maximum(tone, checks) * np.clip(depth / 1.2, 0.3, 1), np.float32)

    return shape_from_field(np.asarray(field, np.float32), space, profile)


def _checks(u: F32, v: F32, reach: float, count: int, rng: np.random.Generator) -> F32:
    """1 on thin wedges that open from the pith outwards, 0 elsewhere."""
    out = np.zeros(u.shape, np.float32)
    for theta in rng.uniform(0, 2 * np.pi, count):
        c, s = np.float32(np.cos(theta)), np.float32(np.sin(theta))
        along, across = u * c + v * s, v * c - u * s
        thins = np.clip(1 - along / np.float32(reach * rng.uniform(0.5, 0.9)), 0, 1)
        width = np.float32(max(0.025 * reach, 0.6)) * thins
        out = np.maximum(out, np.where(along > 0, np.clip(width - np.abs(across) + 0.5, 0, 1) * (width > 0), 0))
    return np.asarray(out, np.float32)
