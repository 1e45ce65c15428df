"""Glass, glazed tile, concrete, marble, granite."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import swell
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, noise, speckle

F32 = NDArray[np.float32]


class Glass(Params):
    """Flat glass before an even backing: faint waves, dust, wiping marks."""

    backings: tuple[RGB, ...] = ((0.42, 0.46, 0.45),)
    dust: float = 2.5e-4
    smear: float = 0.06


@builder("glass", Glass)
def glass(p: Glass, hw: HW, rng: np.random.Generator) -> Surface:
    """A mirror-smooth sheet; what is seen of it is the room's reflection, dust and smears."""
    backing = warm_shift(rng, p.backings[int(rng.integers(len(p.backings)))])
    wave = fractal(hw, rng, 240, 2, 0.3) * 1.0
    along, across = frame(hw, float(rng.uniform(0, np.pi)))
    wiped = np.maximum(noise(along, across + 8 * fractal(hw, rng, 150, 2), rng, (160.0, 2.5)), 0)
    smear = p.smear * wiped * np.maximum(fractal(hw, rng, 130, 3), 0)
    dust = np.minimum(speckle(hw, rng, p.dust * float(rng.uniform(0.4, 1.6)), (0.45, 1.1)), 1)
    fine = hairlines(hw, rng, 0.0, 0.06, 30.0, 2.0)
    depth = 1 + 0.1 * noise(*frame(hw, float(rng.uniform(0, np.pi))), rng, (500.0, 500.0))
    albedo = tinted(backing, depth) + (0.05 * smear + 0.2 * dust + 0.05 * fine)[..., None]
    rough = 0.07 + 0.25 * smear + 0.4 * dust + 0.1 * fine
    return assemble(hw, height=wave + 0.3 * dust, albedo=albedo, roughness=rough)


class Tile(Params):
    """Glazed tile: colours, side of a tile in pixels, width of the joint; with none it is one tile, glazed all over."""

    colours: tuple[RGB, ...] = ((0.72, 0.7, 0.66),)
    side: float = 230.0
    joint: float = 7.0
    roughness: float = 0.16
    mottle: float = 0.02


@builder("tile", Tile)
def tile(p: Tile, hw: HW, rng: np.random.Generator) -> Surface:
    """Tiles with rounded glaze edges, each a little tilted and toned, and sandy joints between them."""
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))])
    u, v = frame(hw, float(rng.normal(0, 0.015)))
    side = np.float32(p.side * rng.uniform(0.85, 1.3))
    u, v = (c / side + np.float32(rng.uniform(0, 1) + 64) for c in (u, v))
    rows, columns = np.floor(v).astype(int) % 16, np.floor(u).astype(int) % 16
    fu, fv = u - np.floor(u) - np.float32(0.5), v - np.floor(v) - np.float32(0.5)
    wobble = noise(u * side, v * side, rng, (9.0, 9.0)) * np.float32(0.4)
    inner = (np.float32(0.5) - np.maximum(np.abs(fu), np.abs(fv))) * side - np.float32(p.joint / 2) + wobble
    if p.joint <= 0:
        rows, columns, inner = np.zeros_like(rows), np.zeros_like(columns), np.full_like(inner, side)
        fu, fv = np.zeros_like(fu), np.zeros_like(fv)
    glaze = np.clip(inner + 0.5, 0, 1)
    edge = np.clip(inner / 5, 0, 1)
    tilt = rng.normal(0, 1.0, (2, 16, 16)).astype(np.float32)
    body = 2.2 * np.sqrt(edge * (2 - edge)) + tilt[0, rows, columns] * fu + tilt[1, rows, columns] * fv
    body = body + 0.12 * blurred(hw, rng, 6.0) + 0.9 * swell(hw, rng, 420)
    sand = blurred(hw, rng, 0.9)
    height = glaze * body + (1 - glaze) * (0.35 * sand - 0.6)
    tone_of = rng.normal(1, 0.025, (16, 16)).astype(np.float32)
    speck = np.minimum(speckle(hw, rng, 6e-4, (0.5, 0.9)), 1)
    mottle = p.mottle * (fractal(hw, rng, 45, 5, 0.65) + blurred(hw, rng, 0.8))
    tone = tone_of[rows, columns] * (1 + mottle - 0.25 * speck)
    grout = np.array([0.42, 0.41, 0.39], np.float32) * (1 + 0.13 * sand + 0.08 * fractal(hw, rng, 30, 3))[..., None]
    albedo = glaze[..., None] * tinted(colour, tone) + (1 - glaze[..., None]) * grout
    rough = glaze * p.roughness * (1 + 0.08 * fractal(hw, rng, 50, 3)) + (1 - glaze) * 0.9
    return assemble(hw, height=height, albedo=albedo, roughness=rough)


class Concrete(Params):
    """Cast concrete: sand grain, air voids, formwork mottling."""

    colour: RGB = (0.4, 0.39, 0.37)
    voids: float = 0.0012
    depth: float = 0.5


@builder("concrete", Concrete)
def concrete(p: Concrete, hw: HW, rng: np.random.Generator) -> Surface:
    """Sand at three grain sizes, sharp-edged air voids of all sizes, blotches of cement paste."""
    sand = blurred(hw, rng, 0.6) + 0.8 * blurred(hw, rng, 1.1) + 0.6 * blurred(hw, rng, 2.4)
    paste = fractal(hw, rng, 70, 5, 0.7)
    voids = np.clip(2.2 * speckle(hw, rng, p.voids * float(rng.uniform(0.4, 1.8)), (0.8, 3.2)) - 0.7, 0, 1)
    grains = np.maximum(blurred(hw, rng, 1.3) - 1.9, 0)
    smooth = 1 / (1 + np.exp(-1.5 * fractal(hw, rng, 140, 4)))
    height = p.depth * ((0.25 + 0.4 * smooth) * sand - 3.5 * voids) + 0.6 * fractal(hw, rng, 120, 3)
    tone = 1 + 0.06 * sand * (0.5 + smooth) + 0.045 * paste - 0.5 * voids - 0.25 * grains
    return assemble(hw, height=height, albedo=tinted(warm_shift(rng, p.colour), tone), roughness=0.85)


class Marble(Params):
    """Polished marble: ground and vein colours."""

    ground: RGB = (0.72, 0.71, 0.69)
    vein: RGB = (0.26, 0.27, 0.29)
    roughness: float = 0.2


@builder("marble", Marble)
def marble(p: Marble, hw: HW, rng: np.random.Generator) -> Surface:
    """Veins along one strike, thin and branching, with haze beside them, over fine crystals."""
    u, v = frame(hw, float(rng.uniform(0, np.pi)))
    bend = 38 * fractal(hw, rng, 150, 5, 0.6)
    vein = np.zeros(hw, np.float32)
    for cell, width, weight in ((150.0, 0.05, 1.0), (85.0, 0.035, 0.6), (40.0, 0.05, 0.22)):
        field = noise(u + 0.6 * bend, v + bend, rng, (cell * 4, cell))
        # over its own slope, so that flat places of the field do not turn into blots
        slope = cv2.GaussianBlur(np.hypot(*np.gradient(field)), (0, 0), 4.0)
        ridge = np.abs(field) / (1 + 0.012 * cell) * 0.02 / (slope + 0.004)
        gate = np.clip(0.7 * fractal(hw, rng, 160, 2) + 0.6, 0, 1)
        vein += weight * gate * (np.exp(-ridge / width) * 0.62 + 0.14 * np.exp(-ridge / (5 * width)))
    crystal = blurred(hw, rng, 0.8) + blurred(hw, rng, 1.8)
    haze = fractal(hw, rng, 60, 5, 0.65)
    mix = np.clip(vein * (0.75 + 0.25 * haze) + 0.05 + 0.05 * haze + 0.03 * crystal, 0, 1)[..., None]
    albedo = np.array(warm_shift(rng, p.ground), np.float32) * (1 - mix) + np.array(p.vein, np.float32) * mix
    height = 0.6 * fractal(hw, rng, 240, 2) + 0.006 * crystal - 0.05 * np.minimum(vein, 1)
    return assemble(hw, height=height, albedo=albedo, roughness=p.roughness * (1 + 0.05 * haze))


class Granite(Params):
    """Polished granite: mineral colours with their shares, and grain size."""

    minerals: tuple[RGB, ...] = ((0.55, 0.53, 0.5), (0.42, 0.34, 0.3), (0.3, 0.3, 0.31), (0.03, 0.03, 0.032))
    shares: tuple[float, ...] = (0.4, 0.2, 0.22, 0.18)
    grain_px: float = 6.0
    roughness: float = 0.22


@builder("granite", Granite)
def granite(p: Granite, hw: HW, rng: np.random.Generator) -> Surface:
    """Interlocked crystals of a few minerals, each crystal with its own tone, mica glinting."""
    size = p.grain_px * float(rng.uniform(0.8, 1.4))
    index, near, second = cells(hw, rng, size, size * 0.35)
    small, _, _ = cells(hw, rng, size * 0.45, size * 0.2)
    choice = rng.choice(len(p.minerals), int(max(index.max(), small.max())) + 1, p=np.array(p.shares) / sum(p.shares))
    kind = np.where(rng.random(int(small.max()) + 1)[small] < 0.3, choice[small], choice[index])
    tone_of = rng.normal(1, 0.12, int(index.max()) + 1).astype(np.float32)
    fine = blurred(hw, rng, 0.7)
    seam = np.exp(-(second - near))
    colours = np.array([warm_shift(rng, mineral) for mineral in p.minerals], np.float32)
    tone = tone_of[index] * (1 + 0.06 * fine - 0.1 * seam)
    dark = colours.mean(1)[kind] < 0.1
    height = 0.5 * fractal(hw, rng, 240, 2) + 0.01 * fine - 0.06 * seam - 0.08 * dark
    rough = p.roughness * (1 + 0.3 * dark + 0.1 * (tone_of[index] - 1))
    return assemble(hw, height=height, albedo=colours[kind] * tone[..., None], roughness=rough)
