"""Cloth: weaves of any pattern, knits, and carbon fibre in resin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, noise, speckle

F32 = NDArray[np.float32]
Index = NDArray[np.intp]

# 1 where the warp thread (column) lies over the weft thread (row)
PATTERNS: dict[str, NDArray[np.float32]] = {
    "plain": np.array([[1, 0], [0, 1]], np.float32),
    "twill": np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]], np.float32),
    "denim": np.array([[1, 1, 1, 0], [0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1]], np.float32),
}


@dataclass(frozen=True)
class Threads:
    """A weave at each pixel: height in thread radii, whether the warp is on top, and the top thread's own frame.

    section: [0, 1], 1 on the thread's ridge. across in [-1, 1] and along (threads) run in the top thread's frame.
    column, row: index of the warp and the weft thread.
    """

    height: F32
    warp: NDArray[np.bool_]
    section: F32
    across: F32
    along: F32
    column: Index
    row: Index


def weave(u: F32, v: F32, pattern: F32, swing: float, cover: float) -> Threads:
    """Threads at coordinates (u, v) in thread pitches; `cover` is the thread's width over the pitch."""
    column, row = np.floor(u).astype(np.intp), np.floor(v).astype(np.intp)
    au, av = 2 * (u - column) - 1, 2 * (v - row) - 1
    su, sv = (np.sqrt(np.maximum(1 - (a / np.float32(cover)) ** 2, 0)) for a in (au, av))
    zu, zv = _rise(column, v, pattern), -_rise(row, u, pattern.T)
    hu, hv = su + np.float32(swing) * zu, sv + np.float32(swing) * zv
    hu, hv = np.where(su > 0, hu, -1.5), np.where(sv > 0, hv, -1.5)
    warp = hu >= hv
    return Threads(
        height=np.maximum(hu, hv).astype(np.float32), warp=warp, section=np.where(warp, su, sv),
        across=np.where(warp, au, av), along=np.where(warp, v, u), column=column, row=row,
    )  # fmt: skip


def _rise(thread: Index, position: F32, pattern: F32) -> F32:
    """How high `thread` runs at `position` along it, in [-1, 1], smooth between crossings."""
    rows, columns = pattern.shape
    base = np.floor(position - np.float32(0.5)).astype(np.intp)
    t = position - np.float32(0.5) - base
    t = t * t * (3 - 2 * t)
    here, there = pattern[base % rows, thread % columns], pattern[(base + 1) % rows, thread % columns]
    return np.asarray(2 * (here + (there - here) * t) - 1, np.float32)


def cloth_frame(hw: HW, rng: np.random.Generator, pitch: float, skew: float) -> tuple[F32, F32, float]:
    """Coordinates in thread pitches, distorted as cloth lies, and the angle of the weft."""
    angle = float(rng.normal(0, skew))
    u, v = frame(hw, angle)
    drift = pitch * 0.45
    u = u + drift * noise(u, v, rng, (160.0, 160.0)) + 0.12 * pitch * noise(u, v, rng, (pitch, pitch * 9))
    v = v + drift * noise(u, v, rng, (160.0, 160.0)) + 0.12 * pitch * noise(u, v, rng, (pitch * 9, pitch))
    return u / np.float32(pitch) + 400, v / np.float32(pitch) + 400, angle


class Woven(Params):
    """Woven cloth: pattern, thread pitch in pixels, colours of warp and weft."""

    pattern: Literal["plain", "twill", "denim"] = "plain"
    pitch: float = 6.0
    schemes: tuple[tuple[RGB, RGB], ...] = (((0.5, 0.46, 0.38), (0.52, 0.48, 0.4)),)
    cover: float = 0.95
    fuzz: float = 12.0
    slub: float = 0.12


@builder("woven", Woven)
def woven(p: Woven, hw: HW, rng: np.random.Generator) -> Surface:
    """Twisted yarns of uneven thickness and tone, crossing by the pattern, with stray fibres."""
    pitch = p.pitch * float(rng.uniform(0.85, 1.35))
    u, v, angle = cloth_frame(hw, rng, pitch, 0.05)
    t = weave(u, v, PATTERNS[p.pattern], 0.55, p.cover)
    slub_u, slub_v = noise(t.column * 1.0, v, rng, (1.0, 12.0)), noise(t.row * 1.0, u, rng, (1.0, 12.0))
    slub = np.where(t.warp, slub_u, slub_v)
    twist = np.sin(2 * np.pi * (t.along * 1.9 + t.across * 0.8) + slub)
    fibre = blurred(hw, rng, 0.6)
    fuzz = hairlines(hw, rng, float(rng.uniform(0, 3)), p.fuzz, 8.0, 2.0)
    scale = np.float32(pitch * 0.32)
    yarn = scale * (t.height + 0.1 * twist + p.slub * slub)
    height = yarn + 0.1 * fibre + 0.4 * fuzz + 1.5 * fractal(hw, rng, 200, 2)
    warp, weft = p.schemes[int(rng.integers(len(p.schemes)))]
    base = np.where(t.warp[..., None], np.array(warm_shift(rng, warp), np.float32), np.array(weft, np.float32))
    tone = 0.45 + 0.55 * np.clip(t.section * 0.7 + 0.3 * (t.height + 1) / 2, 0, 1)
    tone = tone * (1 + 0.07 * twist + p.slub * 0.8 * slub + 0.07 * fibre) + 0.1 * fuzz
    return assemble(hw, height=height, albedo=base * tone[..., None], roughness=0.85, grain=angle)


class Knit(Params):
    """Jersey: wale and course pitch in pixels, colours."""

    colours: tuple[RGB, ...] = ((0.4, 0.4, 0.41), (0.05, 0.07, 0.14), (0.5, 0.12, 0.1), (0.6, 0.57, 0.5))
    wale: float = 13.0


@builder("knit", Knit)
def knit(p: Knit, hw: HW, rng: np.random.Generator) -> Surface:
    """Columns of V stitches: each leg is a leaning, overlapping, twisted yarn."""
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    pitch = p.wale * float(rng.uniform(0.8, 1.3))
    u, v, angle = cloth_frame(hw, rng, pitch, 0.05)
    v = v * np.float32(1.3)
    column = np.floor(u)
    side = u - column - np.float32(0.5)
    height, twist = _stitches(np.abs(side), v)
    loop = noise(column, v, rng, (1.0, 1.0))
    strand = np.sin(2 * np.pi * twist)
    fibre, fuzz = blurred(hw, rng, 0.6), hairlines(hw, rng, 1.0, 25.0, 9.0, 2.0)
    relief = np.float32(pitch * 0.3) * (height + 0.05 * loop) + 0.12 * strand + 0.1 * fibre + 0.4 * fuzz
    relief = relief + 2.0 * fractal(hw, rng, 220, 2)
    tone = (0.35 + 0.65 * np.clip(height, 0, 1)) * (1 + 0.07 * strand + 0.05 * loop + 0.06 * fibre) + 0.12 * fuzz
    return assemble(hw, height=relief, albedo=tinted(colour, tone), roughness=0.9, grain=angle + np.pi / 2)


def _stitches(side: F32, v: F32) -> tuple[F32, F32]:
    """Height in [0, 1] of the highest leg at |side| in [0, 0.5] wales, v courses; and its twist phase."""
    row = np.floor(v)
    height, twist = np.zeros_like(v), np.zeros_like(v)
    lean = np.float32(0.42)
    for k in (-1, 0, 1):
        du, dv = side - np.float32(0.26), v - row - np.float32(0.5) - np.float32(k)
        along = dv * np.cos(lean) - du * np.sin(lean) * np.float32(1.3)
        across = du * np.cos(lean) + dv * np.sin(lean) / np.float32(1.3)
        d2 = (along / np.float32(0.95)) ** 2 + (across / np.float32(0.25)) ** 2
        leg = np.sqrt(np.maximum(1 - d2, 0)) * (1 + np.float32(0.15) * dv)
        twist = np.where(leg > height, along * 1.2 + across * 1.6, twist)
        height = np.maximum(height, leg)
    return height.astype(np.float32), twist.astype(np.float32)


class Carbon(Params):
    """Carbon twill under clear resin: tow width in pixels."""

    pattern: Literal["plain", "twill"] = "twill"
    tow: float = 17.0


@builder("carbon", Carbon)
def carbon(p: Carbon, hw: HW, rng: np.random.Generator) -> Surface:
    """Flat tows of filaments; each shines across its own run, so the checks flip with the light."""
    pitch = p.tow * float(rng.uniform(0.8, 1.3))
    u, v, angle = cloth_frame(hw, rng, pitch, 0.1)
    t = weave(u, v, PATTERNS[p.pattern], 0.3, 1.03)
    filament_u = noise(u * pitch, v * pitch, rng, (1.0, 90.0))
    filament_v = noise(u * pitch, v * pitch, rng, (90.0, 1.0))
    filament = np.where(t.warp, filament_u, filament_v)
    tow_tone = np.where(t.warp, noise(t.column * 1.0, v, rng, (1.0, 8.0)), noise(t.row * 1.0, u, rng, (1.0, 8.0)))
    dust = np.minimum(speckle(hw, rng, 2e-4, (0.5, 0.9)), 1)
    height = np.float32(pitch * 0.05) * t.height + 0.05 * filament + 0.6 * fractal(hw, rng, 220, 2) + 0.3 * dust
    seam = 1 - np.clip(t.section * 1.6, 0, 1)
    tone = (1 + 0.14 * filament + 0.07 * tow_tone) * (1 - 0.6 * seam) + 0.8 * dust
    grain = np.where(t.warp, np.float32(angle + np.pi / 2), np.float32(angle))
    return assemble(
        hw, height=height, albedo=tinted((0.15, 0.15, 0.155), tone), roughness=0.4, metalness=0.75 * (1 - seam),
        anisotropy=0.85, grain=grain,
    )  # fmt: skip
