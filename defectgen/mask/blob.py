"""Closed areas: blobs, bulges and holes, which differ in edge and in the profile between border and middle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.field import canvas, fractal, shape_from_field
from defectgen.mask.outline import body, ellipse, soft_union
from defectgen.mask.params import BlobParams, BulgeParams, HoleParams
from defectgen.mask.shape import Shape

__all__ = ["draw_blob", "draw_bulge", "draw_hole"]

F32 = NDArray[np.float32]


def draw_blob(p: BlobParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    lobes = int(rng.integers(p.lobes[0], p.lobes[1] + 1))
    field = body(space, length, rng.uniform(*p.aspect), lobes, rng.uniform(*p.roughness), rng)
    plateau, grain = rng.uniform(0.25, 0.8), 1 - 0.25 * np.abs(fractal(field.shape, max(length / 8, 3), rng))

    def profile(depth: F32, widest: F32) -> F32:
        return np.asarray(np.clip(depth / (plateau * widest), 0, 1) ** 0.7 * grain, np.float32)

    return shape_from_field(field, space, profile)


def draw_bulge(p: BulgeParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    domes = int(rng.integers(p.domes[0], p.domes[1] + 1)) if rng.random() < 0.35 else p.domes[0]
    aspect, roughness = rng.uniform(*p.aspect), rng.uniform(*p.roughness)
    u = space.u + np.float32(roughness * length * 0.3) * fractal(space.u.shape, length * 0.6, rng, gain=0.2)
    v = space.v + np.float32(roughness * length * 0.3) * fractal(space.u.shape, length * 0.6, rng, gain=0.2)
    a, plump = length / 2, rng.uniform(0.7, 1.7)
    bodies = [(0.0, 0.0, a, max(a * aspect, 0.9))]
    for _ in range(domes - 1):
        share = rng.uniform(0.3, 0.6) * a
        off = rng.choice([-1, 1]) * a * aspect * rng.uniform(0.4, 0.9)
        bodies.append((rng.uniform(-0.5, 0.5) * a, off, share, max(share * rng.uniform(0.7, 1), 0.9)))
    parts = [ellipse(u - at, v - off, ra, rb) for at, off, ra, rb in bodies]
    flat: NDArray[np.floating[Any]] = np.ones(u.shape, np.float32)
    for k, (at, off, ra, rb) in enumerate(bodies):
        cap = 1 - np.clip(((u - at) / (1.04 * ra)) ** 2 + ((v - off) / (1.04 * rb)) ** 2, 0, 1)
        flat = flat * (1 - (cap**plump if k == 0 else 0.8 * cap**2))
    dome = 1 - flat

    def profile(depth: F32, widest: F32) -> F32:
        # The distance to the border has creases where it turns; paraboloids have none.
        return np.asarray(dome / max(float(dome.max()), 1e-6), np.float32)

    return shape_from_field(soft_union(parts, 0.04 * length), space, profile)


def draw_hole(p: HoleParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    style = p.style if p.style != "mixed" else str(rng.choice(["round", "torn"]))
    space = canvas(length, angle)
    aspect = rng.uniform(*p.aspect)
    if style == "round":
        a = length / 2
        field = ellipse(space.u, space.v, a, max(a * max(aspect, 0.85), 0.9))
        wave = fractal(space.u.shape, length / 3, rng)
        field = np.asarray(field + np.float32(0.012 * length) * wave, np.float32)
    else:
        field = body(space, length, aspect, int(rng.integers(1, 3)), rng.uniform(*p.tear), rng)
        angular = np.abs(fractal(field.shape, max(length / 5, 3), rng, gain=0.6))
        field = np.asarray(field - np.float32(0.1 * length * rng.uniform(0.3, 1)) * angular, np.float32)
    wall = rng.uniform(1.2, 2.5)

    def profile(depth: F32, widest: F32) -> F32:
        return np.asarray(np.clip(depth / np.minimum(wall, widest), 0, 1), np.float32)

    return shape_from_field(field, space, profile)
