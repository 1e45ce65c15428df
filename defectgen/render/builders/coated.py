"""Coated metal, rubber and plastics."""

from __future__ import annotations

import numpy as np

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, speckle, streaks


class Painted(Params):
    """Sprayed paint: orange peel, gloss, dust under the coat."""

    colours: tuple[RGB, ...] = ((0.05, 0.12, 0.3),)
    roughness: float = 0.28
    peel: float = 0.16
    peel_px: float = 3.5
    dust: float = 2e-4
    flake: float = 0.0


@builder("painted", Painted)
def painted(p: Painted, hw: HW, rng: np.random.Generator) -> Surface:
    """Orange peel at two scales over the waves of the sheet; a few grains of dust."""
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    size = p.peel_px * float(rng.uniform(0.8, 1.4))
    peel = blurred(hw, rng, size) + 0.35 * blurred(hw, rng, size * 0.45)
    wave = fractal(hw, rng, 220, 2)
    dust = speckle(hw, rng, p.dust, (0.6, 1.4))
    height = p.peel * size * 0.16 * peel + 1.2 * wave + 0.5 * dust + 0.008 * blurred(hw, rng, 0.6)
    flake = p.flake * np.maximum(blurred(hw, rng, 0.5) - 1.2, 0)
    tone = 1 + 0.015 * fractal(hw, rng, 90, 4) + flake + 0.02 * blurred(hw, rng, 0.8)
    return assemble(
        hw, height=height, albedo=tinted(colour, tone), roughness=p.roughness * (1 + 0.06 * fractal(hw, rng, 60, 3)),
        metalness=0.0,
    )


class Moulded(Params):
    """Moulded plastic or rubber: the mould's texture, bloom, sparse scuffs."""

    colours: tuple[RGB, ...] = ((0.05, 0.05, 0.052),)
    roughness: float = 0.45
    bump: float = 0.12
    grain_px: float = 1.2
    bloom: float = 0.05
    scuffs: float = 0.12
    lint: float = 0.0


@builder("moulded", Moulded)
def moulded(p: Moulded, hw: HW, rng: np.random.Generator) -> Surface:
    """Fine eroded mould texture with faint flow, some bloom, lint and scuffs."""
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    size = p.grain_px * float(rng.uniform(0.8, 1.3))
    bumps = blurred(hw, rng, size) + 0.5 * blurred(hw, rng, size * 2.3)
    flow = streaks(*frame(hw, float(rng.uniform(0, np.pi))), rng, 400.0, 60.0)
    scuffs = hairlines(hw, rng, float(rng.uniform(0, np.pi)), p.scuffs, 30.0, 0.8)
    bloom = fractal(hw, rng, 130, 5, 0.6)
    lint = speckle(hw, rng, p.lint, (0.5, 0.9)) if p.lint else np.zeros(hw, np.float32)
    height = p.bump * size * bumps + 0.6 * fractal(hw, rng, 240, 2) + 0.3 * lint - 0.04 * scuffs
    veil = p.bloom * (0.5 * bloom + 0.4 * flow + 0.5 * blurred(hw, rng, 2.0))
    pale = 0.03 * scuffs + 0.2 * np.minimum(lint, 1)
    albedo = tinted(colour, 1 + 0.04 * bumps + veil) + pale[..., None].astype(np.float32)
    return assemble(hw, height=height, albedo=albedo, roughness=p.roughness * (1 + 0.03 * bloom) - 0.08 * scuffs)


class Grained(Params):
    """Plastic with an etched leather or spark grain: raised islands between fine valleys."""

    colours: tuple[RGB, ...] = ((0.03, 0.03, 0.032),)
    roughness: float = 0.45
    island_px: float = 7.0
    depth: float = 0.9


@builder("grained", Grained)
def grained(p: Grained, hw: HW, rng: np.random.Generator) -> Surface:
    """Islands between valleys, as etched into the mould, with fine gloss variation on top."""
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    spacing = p.island_px * float(rng.uniform(0.85, 1.3))
    _, near, second = cells(hw, rng, spacing, spacing * 0.15)
    island = 1 - (1 - np.clip((second - near) / np.float32(spacing * 0.5), 0, 1)) ** 2
    fine = blurred(hw, rng, 0.8)
    height = p.depth * island + 0.06 * fine + 0.4 * fractal(hw, rng, 240, 2)
    tone = 0.85 + 0.15 * island + 0.03 * fine + 0.01 * fractal(hw, rng, 120, 3)
    return assemble(hw, height=height, albedo=tinted(colour, tone), roughness=p.roughness + 0.15 * (1 - island))
