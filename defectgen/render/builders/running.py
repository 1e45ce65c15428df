"""Running surfaces: bearing rings and rails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import laid, swell, view
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, noise, streaks

F32 = NDArray[np.float32]


class Race(Params):
    """A bearing ring from above: steel, its ground faces, the depth of the raceway against its width."""

    colour: RGB = (0.62, 0.615, 0.61)
    roughness: float = 0.3
    groove: float = 0.2
    bench: RGB = (0.05, 0.05, 0.055)


@builder("race", Race)
def race(p: Race, hw: HW, rng: np.random.Generator) -> Surface:
    """Two ground faces with chamfers round a honed raceway; fine rings everywhere, cross-hatch on the faces."""
    outer, inner = float(rng.uniform(228, 248)), float(rng.uniform(88, 125))
    cx, cy = rng.normal(0, 6, 2).astype(np.float32)

    def depth(x: F32, y: F32) -> F32:
        r = np.hypot(x - cx, y - cy)
        return np.asarray(np.minimum(np.float32(outer) - r, r - np.float32(inner)), np.float32)

    x, y = view(hw, rng, depth)
    r, theta = np.hypot(x - cx, y - cy), np.arctan2(-(y - cy), x - cx)
    middle, wide = 0.5 * (outer + inner) + float(rng.normal(0, 6)), (outer - inner) * float(rng.uniform(0.46, 0.6))
    t = np.clip(np.abs(r - np.float32(middle)) / np.float32(wide / 2), 0, 1.2)
    track = np.clip((1 - t) * np.float32(wide / 2) + 0.5, 0, 1)
    bowl = np.float32(-p.groove * wide) * np.sqrt(np.maximum(1 - t * t, 0))
    edge = np.clip(depth(x, y) / np.float32(rng.uniform(7, 11)), 0, 1)
    chamfer = np.float32(6.0) * (np.minimum(edge, 1) - 1)
    around, period = theta * np.float32(middle), 2 * np.pi * middle
    rings = noise(around, r, rng, (700.0, 1.7), period) + 0.6 * noise(around, r, rng, (1200.0, 4.0), period)
    hatch = streaks(*frame(hw, float(rng.uniform(0, np.pi))), rng, 130.0, 1.7)
    hatch = hatch + streaks(*frame(hw, float(rng.uniform(0, np.pi))), rng, 90.0, 1.8)
    grit, cloud = blurred(hw, rng, 0.8), fractal(hw, rng, 110, 4)
    lines = rings * (0.35 + 0.65 * track) + 0.5 * hatch * (1 - track)
    ridge = np.exp(-((np.abs(t - 1) * np.float32(wide / 2) / 1.3) ** 2))
    tone = 1 + 0.035 * lines + 0.025 * grit + 0.02 * cloud + 0.12 * ridge - 0.1 * (edge < 1)
    surface = assemble(
        hw, height=bowl + chamfer + 0.045 * lines + 0.02 * grit + 0.3 * swell(hw, rng, 300), metalness=1.0,
        albedo=tinted(warm_shift(rng, p.colour), tone), anisotropy=0.25 + 0.5 * track, grain=theta + np.pi / 2,
        roughness=(p.roughness - 0.06 * track) * (1 + 0.06 * cloud + 0.05 * np.abs(lines)),
    )  # fmt: skip
    return laid(surface, depth(x, y), rng, thickness=24, bench=p.bench, bevel=3)


class Rail(Params):
    """A rail from above: bright running band, dull and rusty shoulders, what lies beside the head."""

    steel: RGB = (0.5, 0.49, 0.48)
    rust: RGB = (0.11, 0.068, 0.045)
    width: float = 400.0
    band: float = 0.55
    ballast: tuple[RGB, ...] = ((0.1, 0.085, 0.075), (0.16, 0.15, 0.14), (0.05, 0.045, 0.04))


@builder("rail", Rail)
def rail(p: Rail, hw: HW, rng: np.random.Generator) -> Surface:
    """Wheels polish a band with drawn-out marks; past its ragged border scale and rust take over to the gauge face."""
    angle, offset = float(np.pi / 2 + rng.normal(0, 0.015)), float(rng.normal(0, 14))
    half = 0.5 * p.width * float(rng.uniform(0.88, 1.12))
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y = view(hw, rng, lambda x, y: np.float32(half) - np.abs(x * s + y * c - np.float32(offset)))
    u, v = x * c - y * s, x * s + y * c - np.float32(offset)
    marks = streaks(u, v, rng, 260.0, 2.0) + 0.7 * streaks(u, v, rng, 1200.0, 7.0)
    grit = blurred(hw, rng, 0.9)
    ragged = 7 * noise(u, v, rng, (120.0, 30.0)) + 3 * noise(u, v, rng, (24.0, 8.0)) + 2 * marks
    centre, wide = np.float32(rng.normal(0, 0.09) * half), np.float32(p.band * rng.uniform(0.8, 1.25) * half)
    soft = np.float32(rng.uniform(7, 20))
    band = 1 / (1 + np.exp(-np.clip((wide - np.abs(v - centre) + ragged) / soft, -20, 20)))
    cloud = fractal(hw, rng, 90, 5, 0.6)
    rusty = (1 - band) * np.clip(0.95 + 0.15 * cloud + 0.08 * grit, 0.55, 1)
    nick = hairlines(hw, rng, angle, 0.6, 26.0, 0.25) * band
    steel = tinted(warm_shift(rng, p.steel), 1 + 0.05 * marks + 0.03 * grit + 0.05 * cloud - 0.12 * nick)
    brown = tinted(warm_shift(rng, p.rust, 0.1), 1 + 0.22 * grit + 0.25 * cloud + 0.1 * marks)
    albedo = steel * (1 - rusty)[..., None] + brown * rusty[..., None]
    t = np.clip(np.abs(v) / np.float32(half), 0, 1)
    head = np.float32(0.1 * half) * (1 - t * t) + np.float32(0.16 * half) * (np.sqrt(1 - t**6) - 1)
    relief = 0.045 * marks * band + (0.12 * grit + 0.22 * blurred(hw, rng, 2.2)) * (1 - band) ** 2 - 0.05 * nick
    surface = assemble(
        hw, height=head + relief + 0.7 * swell(hw, rng, 380), albedo=albedo, metalness=1 - 0.95 * rusty, grain=angle,
        roughness=0.34 * band + 0.7 * (1 - band) + 0.03 * cloud, anisotropy=0.6 * band,
    )  # fmt: skip
    bench = p.ballast[int(rng.integers(len(p.ballast)))]
    return laid(surface, np.float32(half) - np.abs(v), rng, thickness=60, bench=bench)
