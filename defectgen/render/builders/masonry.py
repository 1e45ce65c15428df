"""Brick, asphalt, terrazzo, bedded stone, and plaster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, noise, speckle, streaks

F32 = NDArray[np.float32]


class Brickwork(Params):
    """Brick wall: colours of bricks and mortar, length and height of a brick and width of the joint in pixels."""

    colours: tuple[RGB, ...] = ((0.4, 0.14, 0.08), (0.46, 0.2, 0.11), (0.3, 0.1, 0.07))
    mortar: RGB = (0.46, 0.44, 0.4)
    size: tuple[float, float] = (190.0, 58.0)
    joint: float = 9.0
    depth: float = 5.0


@builder("brickwork", Brickwork)
def brickwork(p: Brickwork, hw: HW, rng: np.random.Generator) -> Surface:
    """Running bond: sanded, wire-cut bricks of uneven tone and edge in recessed mortar."""
    u, v = frame(hw, float(rng.normal(0, 0.012)))
    scale = float(rng.uniform(0.85, 1.25))
    length, tall = (np.float32(n * scale) for n in p.size)
    ragged = 2.2 * noise(u, v, rng, (22.0, 22.0)) + 1.0 * noise(u, v, rng, (6.0, 6.0))
    v = v / tall + np.float32(rng.uniform(0, 1) + 32)
    row = np.floor(v)
    u = np.asarray(u / length + np.float32(0.5) * (row % 2) + np.float32(rng.uniform(0, 1) + 32), np.float32)
    brick = (np.floor(u) * 17 + row * 5).astype(int) % 97
    du, dv = (np.float32(0.5) - np.abs(u % 1 - np.float32(0.5))) * length, (0.5 - np.abs(v % 1 - 0.5)) * tall
    inset = np.minimum(du, dv) - np.float32(p.joint / 2) + ragged * np.float32(0.45)
    face, edge = np.clip(inset + 0.5, 0, 1), np.clip(inset / 5, 0, 1)
    sand = blurred(hw, rng, 0.7) + 0.8 * blurred(hw, rng, 1.5)
    drag = np.maximum(streaks(u * length, v * tall, rng, 3.0, 26.0) - 1.1, 0)
    pit = np.minimum(speckle(hw, rng, 1.2e-3, (0.8, 2.2)), 1)
    base = np.array([warm_shift(rng, c, 0.05) for c in p.colours], np.float32)
    tone = rng.normal(1, 0.12, 97).astype(np.float32)[brick] * (1 + 0.08 * sand + 0.12 * fractal(hw, rng, 45, 4))
    fired = base[rng.integers(0, len(base), 97)][brick] * np.clip(tone - 0.35 * pit - 0.1 * drag, 0.2, 2)[..., None]
    mortar = tinted(warm_shift(rng, p.mortar), 1 + 0.08 * sand + 0.07 * fractal(hw, rng, 30, 3))
    level = rng.normal(0, 0.8, 97).astype(np.float32)[brick]
    body = p.depth * np.sqrt(edge * (2 - edge)) + level + 0.4 * sand - 0.8 * drag - 1.5 * pit
    height = face * body + (1 - face) * (0.35 * sand + 0.5 * fractal(hw, rng, 12, 2))
    albedo = face[..., None] * fired + (1 - face[..., None]) * mortar
    return assemble(hw, height=height, albedo=albedo, roughness=0.92)


class Aggregate(Params):
    """Stones in a binder: their colours and sizes in pixels, the binder's colour, and whether the face is polished.

    gap: width of binder between stones relative to their size. relief: height of the stones over the binder.
    """

    stones: tuple[RGB, ...] = ((0.16, 0.155, 0.15), (0.23, 0.22, 0.21), (0.1, 0.1, 0.1))
    sizes: tuple[float, ...] = (15.0, 8.0, 4.5)
    share: tuple[float, ...] = (0.55, 0.6, 0.7)
    binder: RGB = (0.05, 0.05, 0.052)
    gap: float = 0.2
    spread: float = 0.2
    relief: float = 1.0
    roughness: float = 0.8
    grit: float = 0.12


@builder("aggregate", Aggregate)
def aggregate(p: Aggregate, hw: HW, rng: np.random.Generator) -> Surface:
    """Stones of several sizes, the small ones where the large ones leave room."""
    scale = float(rng.uniform(0.8, 1.3))
    grit = blurred(hw, rng, 0.6) + 0.7 * blurred(hw, rng, 1.2)
    mottle = fractal(hw, rng, 120, 4)
    albedo = tinted(warm_shift(rng, p.binder, 0.05), 1 + p.grit * grit + 0.06 * mottle)
    height = 0.25 * p.relief * grit
    cover = np.zeros(hw, np.float32)
    for size, share in zip(p.sizes, p.share, strict=True):
        index, near, second = cells(hw, rng, size * scale, size * scale * 0.12)
        count = int(index.max()) + 1
        gap = p.gap * size * scale * rng.uniform(0.6, 1.8, count).astype(np.float32)[index]
        inside = (second - near) - gap
        there = (rng.random(count) < share)[index] & (cover < 0.2)
        stone = np.clip(inside / 1.2, 0, 1) * there
        colour = np.array([warm_shift(rng, c, 0.04) for c in p.stones], np.float32)
        tone = rng.normal(1, p.spread, count).astype(np.float32)[index] * (1 + 0.6 * p.grit * grit + 0.04 * mottle)
        painted = colour[rng.integers(0, len(colour), count)][index] * np.clip(tone, 0.3, 1.8)[..., None]
        albedo = np.asarray(albedo * (1 - stone)[..., None] + painted * stone[..., None], np.float32)
        dome = np.sqrt(np.clip(inside / (0.5 * size * scale), 0, 1))
        flat = rng.normal(0.8, 0.35, count).astype(np.float32)[index]
        height = height + stone * p.relief * (flat * np.float32(min(size, 9) * 0.16) * dome + 0.1 * grit)
        cover = np.maximum(cover, stone)
    rough = p.roughness * (1 + 0.08 * mottle + 0.1 * (1 - cover))
    return assemble(hw, height=height + 0.6 * fractal(hw, rng, 200, 2), albedo=albedo, roughness=rough)


class Bedded(Params):
    """Sawn stone: colours, contrast and spacing of the beds in pixels, share of shells and pores."""

    colours: tuple[RGB, ...] = ((0.56, 0.42, 0.27),)
    beds: float = 0.07
    spacing: float = 26.0
    pores: float = 6e-4
    fossils: float = 4e-4
    depth: float = 0.35


@builder("bedded", Bedded)
def bedded(p: Bedded, hw: HW, rng: np.random.Generator) -> Surface:
    """Sand grains over wavy beds of changing colour, a few pores and rust specks, faint saw lines."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.15))
    u, v = frame(hw, angle)
    bend = 16 * noise(u, v, rng, (330.0, 160.0)) + 4 * noise(u, v, rng, (70.0, 40.0))
    spacing = p.spacing * float(rng.uniform(0.6, 1.7))
    bed = noise(u, v + bend, rng, (900.0, spacing)) + 0.6 * noise(u, v + bend, rng, (300.0, spacing * 0.3))
    bed = bed * np.clip(0.8 + 0.4 * fractal(hw, rng, 160, 2), 0.1, 1.5)
    sand = blurred(hw, rng, 0.6) + 0.7 * blurred(hw, rng, 1.0) + 0.35 * blurred(hw, rng, 2.0)
    saw = streaks(*frame(hw, float(rng.uniform(0, np.pi))), rng, 700.0, 3.0)
    pore = np.clip(2 * speckle(hw, rng, p.pores, (0.7, 1.9)) - 0.5, 0, 1)
    speck = np.minimum(speckle(hw, rng, p.fossils, (0.8, 2.2)), 1)
    base = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    tone = 1 + p.beds * bed + 0.06 * sand + 0.03 * fractal(hw, rng, 110, 4) - 0.45 * pore - 0.2 * speck
    warm = np.array([0.25, 0.0, -0.35], np.float32) * (p.beds * np.maximum(bed, 0) + 0.25 * speck)[..., None]
    height = p.depth * (0.5 * sand - 2.5 * pore) + 0.1 * saw + 0.5 * fractal(hw, rng, 200, 2)
    return assemble(hw, height=height, albedo=tinted(base, tone) * (1 + warm), roughness=0.9, grain=angle)


class Trowelled(Params):
    """Plaster or painted board: colours, strength of the float marks, sand, stipple of a paint roller."""

    colours: tuple[RGB, ...] = ((0.66, 0.65, 0.62),)
    marks: float = 1.0
    sand: float = 0.16
    stipple: float = 0.12


@builder("trowelled", Trowelled)
def trowelled(p: Trowelled, hw: HW, rng: np.random.Generator) -> Surface:
    """Overlapping strokes of the float, each with its ridge, over sand; patches polished smooth."""
    marks = np.zeros(hw, np.float32)
    for _ in range(5):
        u, v = frame(hw, float(rng.uniform(0, np.pi)))
        arc = v + ((u - u.mean()) ** 2) * np.float32(rng.uniform(-6e-4, 6e-4)) + 6 * noise(u, v, rng, (150.0, 80.0))
        stroke = noise(u, arc, rng, (260.0, 38.0))
        marks += np.maximum(stroke, 0.4) + 0.12 * noise(u, arc, rng, (120.0, 2.0)) * (stroke > 0.4)
    smooth = 1 / (1 + np.exp(-2.0 * fractal(hw, rng, 110, 3)))
    sand = blurred(hw, rng, 0.7) + 0.8 * blurred(hw, rng, 1.4)
    stipple = blurred(hw, rng, 2.6) * float(rng.uniform(0.3, 1.0))
    pin = np.minimum(speckle(hw, rng, 2e-4, (0.6, 1.3)), 1)
    height = p.marks * 0.8 * marks + p.sand * (0.4 + smooth) * sand + p.stipple * 2.6 * stipple - 0.8 * pin
    base = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.03)
    tone = 1 + 0.012 * sand + 0.012 * marks + 0.015 * fractal(hw, rng, 150, 4) - 0.2 * pin
    return assemble(hw, height=height, albedo=tinted(base, tone), roughness=0.9 - 0.1 * smooth)
