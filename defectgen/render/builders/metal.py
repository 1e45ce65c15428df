"""Bare metals: brushed, milled, turned, polished, cast, galvanised, blasted."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, grid, noise, speckle, streaks

F32 = NDArray[np.float32]


def tinted(base: RGB, tone: ArrayLike) -> F32:
    """A base colour times a tone map, (H, W, 3)."""
    return np.array(base, np.float32) * np.asarray(tone, np.float32)[..., None]


def warm_shift(rng: np.random.Generator, base: RGB, spread: float = 0.02) -> RGB:
    """The base colour as another lot of it comes out."""
    value = float(np.exp(rng.normal(0, 2 * spread)))
    r, g, b = (float(np.clip(c * value * rng.normal(1, 0.3 * spread), 0, 1)) for c in base)
    return r, g, b


def hairlines(hw: HW, rng: np.random.Generator, angle: float, count: float, length: float, wander: float) -> F32:
    """Single fine scratches about `angle`, `count` to 10,000 pixels, one pixel wide, strength in [0, 1]."""
    h, w = hw
    canvas = np.zeros((2 * h, 2 * w), np.uint8)
    number = rng.poisson(count * (h + length) * (w + length) / 1e4)
    for _ in range(int(number)):
        a = angle + rng.normal(0, wander)
        x, y = rng.uniform(-length / 2, w + length / 2), rng.uniform(-length / 2, h + length / 2)
        half = length * rng.lognormal(0, 0.5) / 2
        dx, dy = half * np.cos(a), -half * np.sin(a)
        ends = [(round(32 * (x + s * dx)), round(32 * (y + s * dy))) for s in (-1, 1)]
        cv2.line(canvas, ends[0], ends[1], round(255 * rng.beta(1.2, 3)), 2, cv2.LINE_AA, 4)
    # drawn at double size and blurred: a line's stairs would glint as dots
    small = cv2.resize(canvas, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.6) * np.float32(1.7 / 255), np.float32)


class Brushed(Params):
    """Brushed sheet: colour, how deep and fine the lines are, how strongly they spread light."""

    colour: RGB = (0.88, 0.885, 0.89)
    roughness: float = 0.36
    anisotropy: float = 0.85
    depth: float = 0.09
    length: float = 220.0
    scratches: float = 4.0
    angle_spread: float = 0.06


@builder("brushed", Brushed)
def brushed(p: Brushed, hw: HW, rng: np.random.Generator) -> Surface:
    """Lines of several widths, none quite parallel, over a slow change of finish."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, p.angle_spread))
    along, across = frame(hw, angle)
    bow = noise(along, across, rng, (900.0, 900.0)) * np.float32(3.0)
    lines = streaks(along, across + bow, rng, p.length, 1.7)
    cut = np.float32(0.6) * lines
    for _ in range(3):
        tilted = frame(hw, angle + float(rng.normal(0, 0.02)))
        cut += streaks(*tilted, rng, p.length * float(rng.uniform(0.3, 0.9)), float(rng.uniform(1.5, 2.1)))
    bands = streaks(along, across + bow, rng, p.length * 3, 9.0)
    load = np.exp(np.float32(0.3) * streaks(along, across, rng, p.length * 1.5, 5.0))
    cut = np.clip(cut * load, -3.5, 3.5)
    sheen = streaks(*frame(hw, angle + float(rng.normal(0, 0.01))), rng, p.length * 0.5, 1.5)
    deep = hairlines(hw, rng, angle, p.scratches, p.length * 0.4, 0.02)
    depth = np.float32(p.depth * rng.lognormal(0, 0.3))
    # what lies near the pixel's own frequency would beat against it
    relief = cv2.GaussianBlur(cut, (0, 0), 0.75)
    height = depth * np.float32(0.7) * relief + fractal(hw, rng, 260, 2) * 0.8
    tone = 1 + np.float32(0.02) * cut + np.float32(0.035) * sheen + np.float32(0.015) * bands - np.float32(0.12) * deep
    rough = p.roughness * (1 + np.float32(0.05) * bands + np.float32(0.06) * np.abs(cut))
    return assemble(
        hw, height=height, albedo=tinted(warm_shift(rng, p.colour, 0.01), tone), roughness=rough, metalness=1.0,
        anisotropy=p.anisotropy, grain=angle,
    )


class Machined(Params):
    """Cut metal: arcs of a face mill or rings of a lathe, feed in pixels between passes.

    wander: how unevenly the passes follow each other. centre: (x, y) of the lathe's axis, where the outline knows it.
    """

    colour: RGB = (0.62, 0.61, 0.6)
    roughness: float = 0.34
    anisotropy: float = 0.75
    pattern: Literal["milled", "turned"] = "milled"
    feed: float = 5.0
    depth: float = 0.24
    wander: float = 0.12
    cutter: float = 420.0
    centre: tuple[float, float] | None = None


@builder("machined", Machined)
def machined(p: Machined, hw: HW, rng: np.random.Generator) -> Surface:
    """Tool marks: cusps at the feed's pitch, each pass with its own depth, torn in places."""
    turn, phase, grain, period = _passes(p, hw, rng)

    def field(length: float, width: float, at: F32 = phase) -> F32:
        return noise(turn, at, rng, (length, width), period)

    feed = p.feed * float(rng.uniform(0.75, 1.15))
    s = phase / np.float32(feed) + np.float32(p.wander) * field(260.0, feed * 3)
    cusp = np.float32(0.5) - np.float32(0.5) * np.cos(s * np.float32(2 * np.pi))
    each = field(700.0, 1.0, s)
    fine = field(120.0, 1.6)
    tear = np.maximum(field(14.0, 1.7) - np.float32(1.7), 0)
    height = np.float32(p.depth) * (1.0 * cusp + 0.45 * each + 0.22 * fine - 0.3 * tear)
    tone = 1 + np.float32(0.05) * each + np.float32(0.03) * fine - np.float32(0.12) * tear
    tone = tone * (1 + np.float32(0.03) * fractal(hw, rng, 180, 3))
    return assemble(
        hw, height=height, albedo=tinted(warm_shift(rng, p.colour), tone), metalness=1.0,
        roughness=p.roughness * (1 + 0.12 * np.abs(fine) + 0.1 * each), anisotropy=p.anisotropy, grain=grain,
    )


def _passes(p: Machined, hw: HW, rng: np.random.Generator) -> tuple[F32, F32, F32, float | None]:
    """Coordinates along and across the tool marks, their direction at each pixel, and the way round, if they close."""
    x, y = grid(hw)
    big = max(*hw, 512)
    if p.pattern == "turned":
        cx, cy = p.centre or (rng.uniform(-0.1, 1.1) * hw[1], hw[0] + rng.uniform(0.1, 0.5) * big)
        radius = np.hypot(x - np.float32(cx), y - np.float32(cy))
        theta = np.arctan2(-(y - np.float32(cy)), x - np.float32(cx))
        around = float(radius.mean())
        return theta * np.float32(around), radius, theta + np.float32(np.pi / 2), 2 * np.pi * around
    feed_angle = float(rng.uniform(0, 2 * np.pi))
    u, v = frame(hw, feed_angle)
    reach = 0.55 * float(np.hypot(*hw))
    radius = np.float32(reach * 1.15 + p.cutter * rng.uniform(0.3, 1.0))
    arc = np.arcsin((v - np.float32(v.mean() + rng.uniform(-0.1, 0.1) * reach)) / radius)
    # the mark is u = const + radius cos(arc): across the feed in the middle, leaning back by arc beside it
    grain = np.asarray(np.float32(feed_angle - np.pi / 2) - arc, np.float32)
    return arc * radius, u - radius * np.cos(arc), grain, None


class Polished(Params):
    """Near-mirror metal with fine random scratches and polishing haze."""

    colour: RGB = (0.7, 0.69, 0.67)
    roughness: float = 0.2
    wave: float = 1.0
    scratches: float = 1.5
    haze: float = 0.05


@builder("polished", Polished)
def polished(p: Polished, hw: HW, rng: np.random.Generator) -> Surface:
    """Slow waves of the sheet, polishing haze, and hairlines in all directions."""
    angle = float(rng.uniform(0, np.pi))
    lines = hairlines(hw, rng, angle, p.scratches, 90.0, 0.7) + hairlines(hw, rng, angle, p.scratches, 40.0, 2.0)
    haze = fractal(hw, rng, 90, 4, 0.6)
    wave = fractal(hw, rng, 200, 2, 0.3) * np.float32(0.45 * p.wave)
    along, across = frame(hw, angle)
    buff = streaks(along, across, rng, 70.0, 1.2)
    dust = speckle(hw, rng, 3e-4, (0.5, 0.9))
    fine = np.float32(0.022) * buff + np.float32(0.012) * blurred(hw, rng, 0.7)
    height = wave + fine - np.float32(0.035) * lines + np.float32(0.08) * dust
    rough = p.roughness * (1 + np.float32(p.haze) * haze) + np.float32(0.07) * lines + np.float32(0.02) * np.abs(buff)
    tone = 1 + np.float32(0.02) * haze - np.float32(0.1) * np.minimum(dust, 1)
    return assemble(
        hw, height=height, albedo=tinted(warm_shift(rng, p.colour), tone), roughness=rough, metalness=1.0,
        anisotropy=0.25, grain=angle,
    )


class Cast(Params):
    """Cast skin: grain of the sand or die, pits, and dull oxide."""

    colour: RGB = (0.11, 0.107, 0.104)
    roughness: float = 0.55
    metalness: float = 0.35
    grain_px: float = 2.2
    depth: float = 0.34
    pits: float = 0.003


@builder("cast", Cast)
def cast(p: Cast, hw: HW, rng: np.random.Generator) -> Surface:
    """Bumps of the mould at three scales, small pits, and mottled oxide that follows the low spots."""
    size = p.grain_px * float(rng.uniform(0.8, 1.3))
    bumps = blurred(hw, rng, size)
    grit = blurred(hw, rng, max(size * 0.4, 0.6))
    swell = fractal(hw, rng, 60, 3)
    pits = speckle(hw, rng, p.pits, (0.7, size))
    height = np.float32(p.depth) * (bumps * size * 0.42 + grit * 0.5 + swell * 0.8 - pits * 2.0)
    oxide = fractal(hw, rng, 110, 5, 0.6)
    tone = 1 + 0.1 * bumps + 0.09 * grit + 0.04 * oxide - 0.3 * np.minimum(pits, 1)
    sparkle = (blurred(hw, rng, 0.7) > 2.3).astype(np.float32)
    return assemble(
        hw, height=height, albedo=tinted(warm_shift(rng, p.colour, 0.04), tone * (1 + 0.4 * sparkle)),
        roughness=p.roughness * (1 + 0.04 * oxide - 0.2 * sparkle), metalness=p.metalness,
    )


class Galvanized(Params):
    """Zinc spangle: crystals of about `spangle` pixels, each shining another way."""

    colour: RGB = (0.62, 0.64, 0.66)
    spangle: float = 34.0
    roughness: float = 0.45


@builder("galvanized", Galvanized)
def galvanized(p: Galvanized, hw: HW, rng: np.random.Generator) -> Surface:
    """Crystal plates with feathered dendrites, each tilted a little and with its own grain direction."""
    spacing = p.spangle * float(rng.uniform(0.75, 1.3))
    index, near, second = cells(hw, rng, spacing, spacing * 0.06)
    count = int(index.max()) + 1
    tilt = rng.normal(0, 0.045, (count, 2)).astype(np.float32)
    tone_of = rng.normal(0, 0.15, count).astype(np.float32)
    grain_of = rng.uniform(0, np.pi, count).astype(np.float32)
    x, y = grid(hw)
    grain = grain_of[index]
    across = x * np.sin(grain) + y * np.cos(grain)
    feather = np.sin(across * np.float32(1.3) + fractal(hw, rng, 9, 2) * 1.2)
    border = np.exp(-(((second - near) / np.float32(1.2)) ** 2))
    plane = (x % 512) * tilt[index, 0] + (y % 512) * tilt[index, 1]
    plane = cv2.GaussianBlur(plane - _cell_mean(plane, index, count), (0, 0), 1.2)
    mottle = fractal(hw, rng, 60, 4, 0.6)
    height = plane * 0.13 + 0.045 * feather - 0.01 * border + 0.06 * blurred(hw, rng, 0.8)
    tone = 1 + tone_of[index] + 0.045 * feather - 0.03 * border + 0.05 * mottle
    return assemble(
        hw, height=height, albedo=tinted(warm_shift(rng, p.colour), tone), metalness=0.85, anisotropy=0.55,
        roughness=p.roughness * (1 + 0.35 * tone_of[index] + 0.12 * mottle), grain=grain,
    )


def _cell_mean(values: F32, index: NDArray[np.intp], count: int) -> F32:
    total = np.bincount(index.ravel(), values.ravel(), count)
    number = np.maximum(np.bincount(index.ravel(), minlength=count), 1)
    return np.asarray((total / number)[index], np.float32)


class Blasted(Params):
    """Bead-blasted and anodised sheet: fine matte bumps, even colour."""

    colours: tuple[RGB, ...] = ((0.3, 0.31, 0.33),)
    metalness: float = 0.85
    roughness: float = 0.5
    bump: float = 0.045
    grain_px: float = 0.8


@builder("blasted", Blasted)
def blasted(p: Blasted, hw: HW, rng: np.random.Generator) -> Surface:
    """Overlapping craters of beads at two scales, with a faint rolling direction left in the sheet."""
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.03)
    bumps = blurred(hw, rng, p.grain_px) + np.float32(0.6) * blurred(hw, rng, p.grain_px * 2.2)
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.03))
    rolled = streaks(*frame(hw, angle), rng, 260.0, 2.0)
    shade = fractal(hw, rng, 240, 3)
    height = np.float32(p.bump) * (bumps + 0.25 * rolled) + shade * 0.5
    tone = 1 + 0.035 * bumps + 0.012 * rolled + 0.02 * shade
    return assemble(
        hw, height=height, albedo=tinted(colour, tone), metalness=p.metalness,
        roughness=p.roughness * (1 + 0.04 * bumps), anisotropy=0.2, grain=angle,
    )
