"""Steel as the mill or the hammer leaves it: roll grind, mill scale, forged skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import lines, swell
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, noise, speckle, streaks

F32 = NDArray[np.float32]


class Rolled(Params):
    """Cold-rolled strip: colour, gloss, depth of the roll grind and of the rolls' matt roughness, oil left on it."""

    colour: RGB = (0.6, 0.605, 0.61)
    roughness: float = 0.36
    anisotropy: float = 0.55
    grind: float = 0.022
    matt: float = 0.012
    oil: float = 0.4


@builder("rolled", Rolled)
def rolled(p: Rolled, hw: HW, rng: np.random.Generator) -> Surface:
    """The ground rolls printed along the strip over their matt craters, long bands, thin clouds of oil."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.012))
    fine = lines(hw, rng, angle, 90.0, 1.5) + 0.7 * lines(hw, rng, angle, 260.0, 2.2)
    band = lines(hw, rng, angle, 1500.0, 12.0) + 0.8 * lines(hw, rng, angle, 1500.0, 60.0)
    crater = blurred(hw, rng, 0.9) + 0.6 * blurred(hw, rng, 1.8)
    film = np.clip(0.6 * fractal(hw, rng, 170, 4) + 0.5 * lines(hw, rng, angle, 400.0, 50.0), 0, 2)
    mark = hairlines(hw, rng, angle, 0.5, 120.0, 0.01)
    flat = 0.9 * swell(hw, rng, 420)
    height = p.grind * fine + p.matt * crater + flat - 0.04 * mark
    tone = 1 + 0.022 * band + 0.02 * fine + 0.02 * crater - 0.05 * p.oil * film - 0.05 * mark
    rough = p.roughness * (1 + 0.04 * band + 0.04 * crater - 0.16 * p.oil * film)
    tint = np.array([0.0, 0.004, 0.018], np.float32) * np.float32(p.oil) * film[..., None]
    albedo = np.array(warm_shift(rng, p.colour), np.float32) * np.asarray(tone, np.float32)[..., None] - tint
    return assemble(
        hw, height=height, albedo=albedo, roughness=rough, metalness=1.0, anisotropy=p.anisotropy, grain=angle
    )


class Scaled(Params):
    """Hot-worked steel under scale: colours of the tight, the loose and the rusted scale.

    flaked: share of the skin where scale came off, and bare: how pale that is. rust: strength of the reddish bloom.
    rolled: how far all runs along one direction. depth: of the skin's bumps, `grain_px` wide.
    """

    tight: RGB = (0.085, 0.09, 0.1)
    loose: RGB = (0.2, 0.2, 0.205)
    rust: float = 0.09
    flaked: float = 0.07
    bare: float = 0.5
    rolled: float = 1.0
    grain_px: float = 1.2
    depth: float = 0.1
    roughness: float = 0.46


@builder("scaled", Scaled)
def scaled(p: Scaled, hw: HW, rng: np.random.Generator) -> Surface:
    """Dark oxide with islands where it flaked off to a paler step, streaks of rolling, reddish bloom, pinholes."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.02)) if p.rolled else float(rng.uniform(0, np.pi))
    u, v = frame(hw, angle)
    stretch = 1 + 3.5 * p.rolled
    size = p.grain_px * float(rng.uniform(0.85, 1.2))
    skin = blurred(hw, rng, size) + 0.6 * blurred(hw, rng, size * 2.4) + 0.5 * blurred(hw, rng, 0.7)
    swell = _octaves(u, v, rng, 26 * size, stretch, 3)
    cloud = _octaves(u, v, rng, 120.0, stretch, 5)
    field = _octaves(u, v, rng, 34.0, 1 + 0.8 * p.rolled, 5) + 0.45 * cloud + 0.3 * blurred(hw, rng, 1.1)
    level = float(np.quantile(field, 1 - p.flaked * float(rng.uniform(0.4, 1.5))))
    gone = np.asarray(np.clip((field - level) * 3, 0, 1), np.float32)
    bloom = np.clip(0.35 + 0.8 * _octaves(u, v, rng, 90.0, stretch, 5), 0, 1.5) * p.rust
    pin = np.minimum(speckle(hw, rng, 7e-4, (0.6, 1.3)), 1)
    line = streaks(u, v, rng, 240.0, 2.2) * p.rolled
    tone = 1 + 0.1 * skin + 0.13 * cloud + 0.06 * line - 0.35 * pin
    base = np.array(warm_shift(rng, p.tight, 0.05), np.float32)
    bare = np.array(warm_shift(rng, p.loose, 0.05), np.float32)
    albedo = base * (1 - p.bare * gone)[..., None] + bare * (p.bare * gone)[..., None]
    albedo = albedo * tone[..., None] * (1 + np.array([0.75, 0.12, -0.3], np.float32) * bloom[..., None])
    height = p.depth * (size * 0.5 * skin + 1.6 * swell) - 0.35 * gone - 0.5 * pin + 0.03 * line
    rough = p.roughness * (1 + 0.1 * cloud + 0.22 * gone + 0.3 * bloom)
    return assemble(
        hw, height=height, albedo=albedo, roughness=rough, metalness=0.55 * (1 - 0.5 * np.minimum(bloom, 1)),
        anisotropy=0.2 * p.rolled, grain=angle,
    )  # fmt: skip


class DieCast(Params):
    """Skin of a pressure die casting: colour, flow marks of the melt, grain, marks of ejector pins."""

    colour: RGB = (0.47, 0.48, 0.5)
    roughness: float = 0.38
    metalness: float = 0.9
    flow: float = 0.04
    grain: float = 0.035
    pins: float = 0.6


@builder("die-cast", DieCast)
def die_cast(p: DieCast, hw: HW, rng: np.random.Generator) -> Surface:
    """Tongues and swirls where the melt ran and froze, a fine skin, at times the ring of an ejector pin."""
    u, v = frame(hw, float(rng.uniform(0, 2 * np.pi)))
    bend = 26 * swell(hw, rng, 330) + 6 * swell(hw, rng, 120)
    tongue = noise(u, v + bend, rng, (150.0, 11.0)) + 0.6 * noise(u, v + bend, rng, (70.0, 4.0))
    front = 1 - np.abs(noise(u + bend, v, rng, (60.0, 90.0)))
    swirl = tongue * np.clip(0.6 + 0.5 * fractal(hw, rng, 120, 2), 0.1, 1.5) + 0.5 * front
    skin = blurred(hw, rng, 0.8) + 0.7 * blurred(hw, rng, 1.7)
    pinhole = np.minimum(speckle(hw, rng, 1.2e-4, (0.6, 1.0)), 1)
    scuff = hairlines(hw, rng, float(rng.uniform(0, np.pi)), 0.4, 35.0, 0.6)
    pin, ring = np.zeros(hw, np.float32), np.zeros(hw, np.float32)
    if rng.random() < p.pins:
        x, y = frame(hw, 0.0)
        at, radius = rng.uniform(0.15, 0.85, 2), float(rng.uniform(17, 30))
        away = np.hypot(x - np.float32(at[0] * hw[1]), y - np.float32(at[1] * hw[0])) - np.float32(radius)
        pin, ring = np.clip(0.5 - away / 2, 0, 1), np.exp(-((away / np.float32(1.5)) ** 2))
    height = p.grain * skin * (1 - 0.5 * pin) + 0.035 * swirl - 0.9 * pin + 0.35 * ring - 0.4 * pinhole
    tone = 1 + p.flow * swirl * (1 - 0.5 * pin) + 0.03 * skin + 0.03 * fractal(hw, rng, 90, 4) - 0.12 * ring
    return assemble(
        hw, height=height + 0.9 * swell(hw, rng, 330), metalness=p.metalness,
        albedo=np.array(warm_shift(rng, p.colour, 0.03), np.float32) * (tone - 0.3 * pinhole)[..., None],
        roughness=p.roughness * (1 + 2.0 * p.flow * swirl - 0.1 * pin) - 0.06 * scuff,
    )  # fmt: skip


def _octaves(u: F32, v: F32, rng: np.random.Generator, cell: float, stretch: float, octaves: int) -> F32:
    """Octaves of noise that is `stretch` times as long along u; about unit sigma."""
    out = np.zeros_like(u)
    for k in range(octaves):
        size = max(cell / 2**k, 1.0)
        out += np.float32(0.62**k) * noise(u, v, rng, (size * stretch, size))
    return np.asarray(out / np.float32(np.sqrt(sum(0.62 ** (2 * k) for k in range(octaves)))), np.float32)
