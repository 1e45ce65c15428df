"""Chips: bites out of an edge, with straight facets and shell-like ripples about the point that was struck.

The axis runs along the part's edge; half of the shape is meant to lie off the part and to be cut away there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import canvas, fractal, shape_from_field
from defectgen.mask.outline import ellipse, facets
from defectgen.mask.params import ChipParams
from defectgen.mask.shape import Shape

__all__ = ["draw_chip"]

F32 = NDArray[np.float32]


def _bites(u: F32, v: F32, length: float, aspect: float, p: ChipParams, rng: np.random.Generator) -> F32:
    """Overlapping bites along the edge, the first as wide as the chip."""
    a, b = length / 2, max(length / 2 * aspect, 0.9)
    count = int(rng.integers(p.bites[0], p.bites[1] + 1))
    fields = []
    for k in range(count):
        share = 1.0 if k == 0 else rng.uniform(0.25, 0.6)
        at = 0.0 if k == 0 else rng.uniform(-1, 1) * (1 - share) * a
        off = 0.0 if k == 0 else rng.uniform(-0.8, 0.8) * b
        sides = int(rng.integers(p.facets[0], p.facets[1] + 1))
        flat = facets(u - at, v - off, a * share, max(b * share, 0.9), sides, rng)
        shell = ellipse(u - at, v - off, a * share, max(b * share, 0.9))
        fields.append(np.minimum(flat, shell + np.float32(0.05 * length)) if rng.random() < 0.7 else shell)
    return np.asarray(np.max(fields, axis=0), np.float32)


def draw_chip(p: ChipParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    aspect, roughness = rng.uniform(*p.aspect), rng.uniform(*p.roughness)
    field = _bites(space.u, space.v, length, aspect, p, rng)
    field = field + roughness * 0.25 * length * fractal(field.shape, max(length / 4, 3), rng, gain=0.65)
    a, b = length / 2, max(length / 2 * aspect, 1.0)
    pitch, strength = rng.uniform(0.3, 0.6) * b + 2.0, rng.uniform(0.0, 0.12)
    struck = rng.normal(0, 0.15, 2) * [a, b]
    away = np.hypot(space.u - np.float32(struck[0]), space.v - np.float32(struck[1]))
    away = away + np.float32(0.06 * length) * fractal(field.shape, max(length / 2, 3), rng, gain=0.4)
    bowl = np.clip(1 - 0.55 * (space.u / a) ** 2 - 0.55 * (space.v / b) ** 2, 0.1, 1)

    def profile(depth: F32, widest: F32) -> F32:
        wall = 1 - (1 - np.clip(depth / (0.5 * widest), 0, 1)) ** 2
        ripple = 1 - strength * (0.5 + 0.5 * np.cos(2 * np.pi * away / pitch)) * np.clip(away / b, 0, 1)
        return np.asarray(wall * bowl * ripple, np.float32)

    return shape_from_field(np.asarray(field, np.float32), space, profile)
