"""Wood, leather, paper and cardboard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, noise, speckle, streaks

F32 = NDArray[np.float32]


class Wood(Params):
    """Planed board: early and late wood, ring width, pores, finish."""

    early: tuple[RGB, ...] = ((0.52, 0.33, 0.17), (0.6, 0.43, 0.26), (0.3, 0.16, 0.08))
    late: float = 0.55
    ring: float = 10.0
    pores: float = 1.0
    roughness: float = 0.5


@builder("wood", Wood)
def wood(p: Wood, hw: HW, rng: np.random.Generator) -> Surface:
    """Growth rings cut lengthwise: near the pith they arch, away from it they run straight."""
    early = warm_shift(rng, p.early[int(rng.integers(len(p.early)))], 0.06)
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.04))
    along, across = frame(hw, angle)
    bend = 18 * noise(along, across, rng, (420.0, 200.0)) + 3 * noise(along, across, rng, (110.0, 40.0))
    offset = np.float32(across.mean() + rng.normal(0, 260))
    taper = np.float32(rng.uniform(30, 150)) + np.float32(rng.normal(0, 0.12)) * (along - along.mean())
    radius = np.hypot(across - offset + bend, taper)
    ring = radius / np.float32(p.ring * rng.uniform(0.6, 1.7))
    ring = ring + 0.35 * noise(ring, along, rng, (1.3, 2000.0))
    phase = ring - np.floor(ring)
    each = 0.5 + 0.5 * np.clip(noise(np.floor(ring), np.zeros_like(ring), rng, (1.0, 10.0)) * 0.5 + 0.5, 0, 1)
    latewood = each * phase**2.5 * np.clip((1 - phase) * 7, 0, 1)
    fibre = streaks(along, across + 0.3 * bend, rng, 70.0, 1.1) + 0.6 * streaks(along, across, rng, 160.0, 3.0)
    pore = np.maximum(streaks(along, across + 0.3 * bend, rng, 16.0, 1.2) - 1.35, 0) * p.pores * (1 - 0.6 * phase)
    tone = 1 - (1 - p.late) * latewood + 0.05 * fibre - 0.38 * np.minimum(pore, 1)
    tone = tone * (1 + 0.05 * fractal(hw, rng, 160, 3))
    height = 0.05 * fibre - 0.35 * np.minimum(pore, 1) + 0.05 * latewood + 0.6 * fractal(hw, rng, 240, 2)
    albedo = np.array(early, np.float32) ** (2 - tone[..., None]) * tone[..., None]
    rough = p.roughness * (1 + 0.08 * fibre - 0.1 * latewood)
    return assemble(hw, height=height, albedo=albedo, roughness=rough, anisotropy=0.4, grain=angle)


class Leather(Params):
    """Finished leather: colours, pebble size, depth of the creases."""

    colours: tuple[RGB, ...] = ((0.16, 0.07, 0.035), (0.03, 0.028, 0.027), (0.34, 0.2, 0.1), (0.45, 0.4, 0.33))
    pebble: float = 10.0
    depth: float = 1.0
    roughness: float = 0.48


@builder("leather", Leather)
def leather(p: Leather, hw: HW, rng: np.random.Generator) -> Surface:
    """Pebbles of two sizes between creases that deepen along one direction, hair pores, fine skin grain."""
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.06)
    size = p.pebble * float(rng.uniform(0.8, 1.5))
    _, near, second = cells(hw, rng, size, size * 0.18)
    _, n2, s2 = cells(hw, rng, size * 0.55, size * 0.12)
    loose = np.clip(1 + 0.25 * fractal(hw, rng, 60, 3), 0.4, 1.6)
    pebble = 1 - (1 - np.clip((second - near) / np.float32(size * 0.75), 0, 1)) ** 3
    minor = 1 - (1 - np.clip((s2 - n2) / np.float32(size * 0.3), 0, 1)) ** 3
    skin = blurred(hw, rng, 0.8)
    pore = np.minimum(speckle(hw, rng, 0.0012, (0.6, 1.0)), 1)
    relief = np.float32(p.depth * size * 0.13) * loose * (pebble + 0.3 * minor - np.float32(1.0))
    height = relief - 0.5 * pore + 0.05 * skin + 0.45 * fractal(hw, rng, 190, 2)
    crease = 1 - np.clip(1.6 * pebble, 0, 1)
    tone = 1 - 0.35 * crease - 0.06 * (1 - minor) - 0.2 * pore + 0.03 * skin + 0.015 * fractal(hw, rng, 120, 4)
    rough = p.roughness * (1 + 0.3 * crease + 0.05 * skin)
    return assemble(hw, height=height, albedo=tinted(colour, tone), roughness=rough)


class Paper(Params):
    """Paper or board: fibres, formation, flutes of corrugated board."""

    colour: RGB = (0.84, 0.83, 0.8)
    fibres: float = 30.0
    contrast: float = 0.05
    flecks: float = 0.0
    flute: float = 0.0


@builder("paper", Paper)
def paper(p: Paper, hw: HW, rng: np.random.Generator) -> Surface:
    """A felt of fibres that leans in the machine's direction, cloudy formation, flecks, faint flutes."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.03))
    along, across = frame(hw, angle)
    fibre = hairlines(hw, rng, angle, p.fibres, 16.0, 0.7)
    dark = hairlines(hw, rng, angle, p.fibres * 0.5, 12.0, 0.9)
    felt = blurred(hw, rng, 0.8) + 0.8 * blurred(hw, rng, 1.8) + 0.3 * streaks(along, across, rng, 24.0, 2.0)
    formation = blurred(hw, rng, 5.0) + 0.7 * blurred(hw, rng, 11.0)
    fleck = hairlines(hw, rng, angle, p.flecks, 7.0, 1.5) if p.flecks else np.zeros(hw, np.float32)
    pitch = 30 * float(rng.uniform(0.85, 1.2))
    flute = np.cos(across * np.float32(2 * np.pi / pitch) + 0.4 * noise(along, across, rng, (300.0, 100.0)))
    height = 0.11 * felt + 0.25 * (fibre - dark) + 0.12 * formation + p.flute * flute + 0.8 * fractal(hw, rng, 220, 2)
    tone = 1 + p.contrast * (0.6 * felt + 0.35 * formation + 0.9 * fibre - 1.2 * dark) - 0.5 * fleck
    tone = tone + 0.01 * flute * (p.flute > 0)
    return assemble(hw, height=height, albedo=tinted(warm_shift(rng, p.colour), tone), roughness=0.95, grain=angle)
