"""Finishes: satin and ground metal, mirrors of polished or plated metal, metallic paint."""

from __future__ import annotations

import numpy as np

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import lines, swell
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, speckle


class Satin(Params):
    """Satin, drawn or ground surface: colours, lines of `length` by `width` pixels, their depth, single scratches.

    metalness: 1 for metal, little for ferrite and the like. stain: strength of slow changes of tone.
    """

    colours: tuple[RGB, ...] = ((0.6, 0.595, 0.59),)
    roughness: float = 0.34
    metalness: float = 1.0
    anisotropy: float = 0.7
    depth: float = 0.05
    length: float = 160.0
    width: float = 1.5
    scratches: float = 2.0
    stain: float = 0.04


@builder("satin", Satin)
def satin(p: Satin, hw: HW, rng: np.random.Generator) -> Surface:
    """Lines of three lengths on a gently waved face, deeper in some bands, with stray scratches and stains."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.03))
    cut = 0.75 * lines(hw, rng, angle, p.length, p.width)
    cut += 0.5 * lines(hw, rng, angle + float(rng.normal(0, 0.015)), p.length * 0.45, p.width * 0.8)
    cut += 0.4 * lines(hw, rng, angle + float(rng.normal(0, 0.02)), p.length * 1.8, p.width * 2.2)
    band = lines(hw, rng, angle, p.length * 3, 22.0)
    cut = np.clip(cut * (1 + 0.25 * band), -3, 3)
    deep = hairlines(hw, rng, angle, p.scratches, p.length * 0.5, 0.04) + hairlines(hw, rng, angle, 0.15, 60.0, 2.0)
    stain, grit = fractal(hw, rng, 110, 5, 0.6), blurred(hw, rng, 0.8)
    tone = 1 + 0.035 * cut + 0.02 * band + p.stain * stain + 0.015 * grit - 0.09 * deep
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.03)
    return assemble(
        hw, height=p.depth * cut - 0.05 * deep + 0.012 * grit + 0.9 * swell(hw, rng, 420), albedo=tinted(colour, tone),
        roughness=p.roughness * (1 + 0.05 * np.abs(cut) + 0.06 * band + p.stain * stain), metalness=p.metalness,
        anisotropy=p.anisotropy, grain=angle,
    )  # fmt: skip


class Mirror(Params):
    """Mirror of metal: colour, waviness of the sheet, curve of the part, wiping marks, dust, hairlines.

    curve: slope that the surface gains from the middle of a picture of 512 to its border.
    """

    colour: RGB = (0.66, 0.66, 0.67)
    roughness: float = 0.1
    wave: float = 1.0
    curve: float = 0.0
    scratches: float = 0.3
    smear: float = 0.5
    dust: float = 2e-4


@builder("mirror", Mirror)
def mirror(p: Mirror, hw: HW, rng: np.random.Generator) -> Surface:
    """A sheet whose waves bend the room's reflection, with swirls of wiping, dust and a few hairlines."""
    x, y = frame(hw, float(rng.uniform(0, 2 * np.pi)))
    x, y = x - x.mean() + np.float32(rng.normal(0, 60)), y - y.mean()
    bow = np.float32(p.curve * rng.uniform(0.7, 1.2) / 512) * (x * x + np.float32(rng.uniform(0.25, 0.8)) * y * y)
    wave = np.float32(p.wave) * (1.5 * swell(hw, rng, 420) + 0.1 * swell(hw, rng, 120))
    scored = hairlines(hw, rng, 0.0, p.scratches, 60.0, 2.0)
    wiped = np.maximum(fractal(hw, rng, 130, 3), 0) * np.maximum(fractal(hw, rng, 22, 3, 0.6), 0)
    dust = np.minimum(speckle(hw, rng, p.dust, (0.5, 0.9)), 1)
    height = wave - bow - 0.03 * scored + 0.15 * dust + 0.006 * blurred(hw, rng, 0.8)
    rough = p.roughness * (1 + 0.1 * fractal(hw, rng, 120, 3)) + 0.025 * p.smear * wiped + 0.1 * scored + 0.3 * dust
    tone = 1 - 0.02 * p.smear * wiped - 0.12 * dust + 0.006 * blurred(hw, rng, 0.9)
    albedo = tinted(warm_shift(rng, p.colour), tone) + (0.06 * scored)[..., None].astype(np.float32)
    return assemble(hw, height=height, albedo=albedo, roughness=rough, metalness=1.0)


class Metallic(Params):
    """Metallic car paint: colours, how strongly single flakes glint, curve of the panel, orange peel."""

    colours: tuple[RGB, ...] = ((0.3, 0.31, 0.32),)
    roughness: float = 0.3
    glint: float = 1.0
    curve: float = 0.12
    peel: float = 0.01


@builder("metallic", Metallic)
def metallic(p: Metallic, hw: HW, rng: np.random.Generator) -> Surface:
    """Flakes of every tilt in a coloured base that darkens away from the highlight, under a slightly wavy coat."""
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.06)
    x, y = frame(hw, float(rng.uniform(0, 2 * np.pi)))
    x, y = x - x.mean(), y - y.mean() + np.float32(rng.normal(0, 80))
    panel = np.float32(p.curve * rng.uniform(0.5, 1.3) / 512) * (y * y + np.float32(0.15) * x * x)
    facet = blurred(hw, rng, 0.55)
    bright = np.maximum(blurred(hw, rng, 0.5) - 1.5, 0)
    rare = np.minimum(speckle(hw, rng, 2e-3, (0.45, 0.7)), 1.5)
    peel = blurred(hw, rng, 4.0) + 0.5 * blurred(hw, rng, 9.0)
    dust = np.minimum(speckle(hw, rng, 6e-5, (0.6, 1.1)), 1)
    height = p.peel * 2.5 * peel - panel + 1.2 * swell(hw, rng, 450) + 0.025 * p.glint * facet + 0.4 * dust
    tone = 1 + p.glint * (0.1 * facet + 0.5 * bright + 0.9 * rare) + 0.015 * fractal(hw, rng, 60, 3)
    white = (p.glint * (0.03 * bright + 0.09 * rare) + 0.1 * dust)[..., None].astype(np.float32)
    return assemble(
        hw, height=height, albedo=tinted(colour, tone) + white, roughness=p.roughness - 0.06 * np.minimum(bright, 1),
        metalness=0.62,
    )
