"""Patterns: an area filled with close bumps or drawn-out streaks, as of orange peel, flow marks or strain lines.

With `cover` 1 the whole area is the defect and the bumps are in its relief; below it the defect is the bumps alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from defectgen.mask.field import Canvas, canvas, fractal, shape_from_field
from defectgen.mask.outline import body
from defectgen.mask.params import PatternParams
from defectgen.mask.shape import Shape

__all__ = ["draw_pattern"]

F32 = NDArray[np.float32]
LEAST_GRAIN_PX = 2.5


def _bumps(u: F32, v: F32, cell: tuple[float, float], rng: np.random.Generator) -> F32:
    """Smooth noise of about unit sigma with one value a cell of (along, across) pixels."""
    rows, cols = (v - v.min()) / np.float32(cell[1]) + 3, (u - u.min()) / np.float32(cell[0]) + 3
    table = rng.standard_normal((int(rows.max()) + 5, int(cols.max()) + 5)).astype(np.float32)
    out = map_coordinates(table, [rows + rng.random(), cols + rng.random()], order=3, mode="nearest")
    return np.asarray(out * np.float32(1.5), np.float32)


def _streaks(space: Canvas, length: float, grain: float, p: PatternParams, rng: np.random.Generator) -> F32:
    """The pattern, about unit sigma: bumps of `grain` pixels, drawn out along the axis, on a bent ground."""
    hw = space.u.shape
    stretch, wave = rng.uniform(*p.stretch), np.float32(rng.uniform(*p.waviness) * length * 0.12)
    v = space.v + wave * fractal(hw, length * 0.45, rng, gain=0.35)
    u = space.u + np.float32(0.5) * wave * fractal(hw, length * 0.45, rng, gain=0.35)
    coarse = _bumps(u, v, (grain * stretch, grain), rng)
    fine = _bumps(u, v, (0.6 * grain * stretch, 0.6 * grain), rng)
    return np.asarray((coarse + 0.4 * fine) / np.float32(1.08), np.float32)


def draw_pattern(p: PatternParams, length: float, angle: float, rng: np.random.Generator) -> Shape:
    space = canvas(length, angle)
    grain = max(rng.uniform(*p.grain) * length, LEAST_GRAIN_PX)
    area = body(space, length, rng.uniform(*p.aspect), 1, rng.uniform(*p.roughness), rng)
    streaks, cover = _streaks(space, length, grain, p, rng), rng.uniform(*p.cover)
    level = float(np.quantile(streaks[area > 0], 1 - cover)) if cover < 1 and (area > 0).any() else 0.0
    fade = max(0.12 * length, 2.0)
    over = streaks - np.float32(level)
    # Towards the area's border fewer of the streaks reach up.
    risen = over - np.float32(0.9) * (1 - np.clip(area / np.float32(2 * fade), 0, 1))
    field = area if cover >= 1 else np.minimum(area, np.asarray(risen * np.float32(0.45 * grain), np.float32))
    hump = np.clip(0.5 + 0.45 * streaks if cover >= 1 else risen / np.float32(1.3), 0, 1)
    # Streaks rise from nothing: a kink at their border would shine as a rim.
    hump = hump if cover >= 1 else hump * hump * (3 - 2 * hump)

    def profile(depth: F32, widest: F32) -> F32:
        border = np.clip(depth / fade, 0, 1) if cover >= 1 else np.clip(depth / 1.5, 0, 1)
        return np.asarray(np.maximum(hump, 0.02) * border, np.float32)

    shape = shape_from_field(np.asarray(field, np.float32), space, profile)
    return replace(shape, half_width=np.minimum(shape.half_width, np.float32(max(grain / 2, 0.5))))
