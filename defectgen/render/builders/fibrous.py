"""Soft goods: satin, spunbond, pile, net, nap, crepe, and glass roving in resin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.textile import PATTERNS, cloth_frame, weave
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, grid, noise, speckle, streaks

F32 = NDArray[np.float32]


def drawn(rng: np.random.Generator, colours: tuple[RGB, ...], spread: float = 0.05) -> RGB:
    """One of the colours, as another lot of it comes out."""
    return warm_shift(rng, colours[int(rng.integers(len(colours)))], spread)


def bent(image: F32, rng: np.random.Generator, cell: float, reach: float) -> F32:
    """The image pulled about by up to some `reach` pixels: straight lines become curved ones."""
    hw = (image.shape[0], image.shape[1])
    x, y = grid(hw)
    dx, dy = fractal(hw, rng, cell, 2), fractal(hw, rng, cell, 2)
    moved = cv2.remap(
        image, x + np.float32(reach) * dx, y + np.float32(reach) * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(moved, np.float32)


class Satin(Params):
    """Satin: colours, thread pitch, how high the folds stand, how strong the sheen is."""

    colours: tuple[RGB, ...] = ((0.5, 0.42, 0.3),)
    pitch: float = 2.4
    drape: float = 14.0
    sheen: float = 0.4
    roughness: float = 0.42


@builder("satin", Satin)
def satin(p: Satin, hw: HW, rng: np.random.Generator) -> Surface:
    """Long floats that all run one way, so that the cloth shines in bands across its folds."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.08))
    along, across = frame(hw, angle)
    turn = angle + float(rng.uniform(-0.9, 0.9))
    fu, fv = frame(hw, turn)
    bow = np.float32(40) * noise(fu, fv, rng, (260.0, 200.0))
    folds = noise(fu, fv + bow, rng, (420.0, 120.0)) + 0.35 * noise(fu, fv + bow, rng, (200.0, 55.0))
    folds = cv2.GaussianBlur(folds, (0, 0), 9.0)
    pitch = p.pitch * float(rng.uniform(0.9, 1.3))
    pull = 1.2 * noise(along, across, rng, (140.0, 140.0))
    thread = streaks(along, across + pull, rng, 60.0, pitch * 0.7) + 0.6 * streaks(along, across, rng, 300.0, pitch * 2)
    step = blurred(hw, rng, 0.8)
    height = np.float32(p.drape * rng.uniform(0.4, 1.1)) * folds + 0.05 * thread + 0.012 * step
    tone = 0.92 + 0.035 * thread + 0.025 * step + 0.02 * blurred(hw, rng, 0.7)
    return assemble(
        hw, height=height, albedo=tinted(drawn(rng, p.colours), tone), roughness=p.roughness + 0.02 * thread,
        metalness=p.sheen, anisotropy=0.75, grain=angle,
    )  # fmt: skip


class Spunbond(Params):
    """Spunbond nonwoven: colours, filaments, distance of the bonding points in pixels (0: none)."""

    colours: tuple[RGB, ...] = ((0.66, 0.67, 0.68),)
    filaments: float = 130.0
    bond: float = 17.0
    ground: float = 0.35


@builder("spunbond", Spunbond)
def spunbond(p: Spunbond, hw: HW, rng: np.random.Generator) -> Surface:
    """Curved filaments in all directions, thin places between them, and small embossed ovals in rows."""
    layers = [
        bent(hairlines(hw, rng, float(rng.uniform(0, 3)), p.filaments * share, 90.0, 1.2), rng, 40.0, 5.0)
        for share in (0.55, 0.4, 0.3)
    ]
    web = cv2.GaussianBlur(layers[0] + 0.8 * layers[1] + 0.7 * layers[2], (0, 0), 0.6)
    cloud = 0.6 * blurred(hw, rng, 7.0) + 0.5 * fractal(hw, rng, 60, 3)
    points = _ovals(hw, rng, p.bond * float(rng.uniform(0.85, 1.3))) if p.bond else np.zeros(hw, np.float32)
    cover = np.clip(0.62 + 0.14 * cloud + 0.55 * (web - web.mean()), 0, 1) * (1 - 0.2 * points)
    tone = p.ground + (1 - p.ground) * cover + 0.02 * blurred(hw, rng, 0.7)
    height = 1.5 * np.minimum(web, 1.6) + 0.5 * cloud - 1.1 * points + 0.8 * fractal(hw, rng, 220, 2)
    rough = 0.85 - 0.35 * points
    return assemble(hw, height=height, albedo=tinted(drawn(rng, p.colours), tone), roughness=rough)


def _ovals(hw: HW, rng: np.random.Generator, pitch: float) -> F32:
    """Soft ovals on a diamond lattice, 1 inside."""
    u, v = frame(hw, float(rng.normal(0, 0.04)))
    u, v = u / np.float32(pitch) + 200, v / np.float32(pitch * 0.5) + 200
    u = np.asarray(u + np.float32(0.5) * (np.floor(v) % 2), np.float32)
    du, dv = u - np.floor(u) - np.float32(0.5), (v - np.floor(v) - np.float32(0.5)) * np.float32(0.5)
    distance = np.hypot(du / np.float32(0.2), dv / np.float32(0.12))
    return np.asarray(np.clip((1.15 - distance) * 3, 0, 1), np.float32)


class Pile(Params):
    """Carpet pile: colours of the yarns (mixed tuft by tuft), tuft size in pixels, 1 for cut pile and 0 for loops."""

    schemes: tuple[tuple[RGB, ...], ...] = (((0.2, 0.2, 0.21), (0.3, 0.3, 0.31)),)
    tuft: float = 11.0
    cut: float = 0.3


@builder("pile", Pile)
def pile(p: Pile, hw: HW, rng: np.random.Generator) -> Surface:
    """Tufts side by side, each a twisted yarn that leans its own way, dark between them."""
    size = p.tuft * float(rng.uniform(0.85, 1.3))
    scheme = p.schemes[int(rng.integers(len(p.schemes)))]
    index, near, second = cells(hw, rng, size, size * 0.3)
    count = int(index.max()) + 1
    lean = rng.uniform(0, np.pi, count).astype(np.float32)[index]
    x, y = grid(hw)
    across = x * np.sin(lean) + y * np.cos(lean)
    strand = np.sin(across * np.float32(2 * np.pi / (size * 0.33)) + 1.5 * blurred(hw, rng, 1.5))
    dome = np.sqrt(np.clip((second - near) / np.float32(size * 0.75), 0, 1))
    fibre = blurred(hw, rng, 0.6)
    fuzz = bent(hairlines(hw, rng, 0.5, 60.0, 12.0, 2.0), rng, 12.0, 2.0)
    tall = rng.normal(0, 1, count).astype(np.float32)[index]
    mat = fractal(hw, rng, 90, 3)
    height = np.float32(size * 0.3) * (dome + 0.12 * tall) + 0.5 * (1 - p.cut) * strand + 0.25 * fibre + 0.7 * fuzz
    yarn = np.array([warm_shift(rng, c) for c in scheme], np.float32)[rng.integers(0, len(scheme), count)]
    tone = (0.25 + 0.75 * dome) * (1 + 0.1 * strand + 0.09 * fibre + 0.05 * tall + 0.05 * mat) + 0.18 * fuzz
    return assemble(hw, height=height + 1.5 * mat, albedo=yarn[index] * tone[..., None], roughness=0.95)


class Net(Params):
    """Open mesh: colours of the yarn and of the ground seen through it, mesh width in pixels, share of yarn."""

    schemes: tuple[tuple[RGB, RGB], ...] = (((0.6, 0.6, 0.6), (0.03, 0.03, 0.035)),)
    mesh: float = 22.0
    yarn: float = 0.36


@builder("net", Net)
def net(p: Net, hw: HW, rng: np.random.Generator) -> Surface:
    """Rounded six-sided openings between twisted yarns, unevenly drawn as a knitted net is."""
    pitch = p.mesh * float(rng.uniform(0.8, 1.4))
    u, v, angle = cloth_frame(hw, rng, pitch * 0.25, 0.05)
    u, v = u * np.float32(0.25), v * np.float32(0.25)
    waves = [np.cos(np.float32(2 * np.pi) * (u * np.float32(np.sin(a)) + v * np.float32(np.cos(a)))) for a in
             (0.0, 2.0944, 4.18879)]  # fmt: skip
    field = waves[0] * np.float32(rng.uniform(0.8, 1.15)) + waves[1] + waves[2]
    ragged = 0.16 * noise(u, v, rng, (0.25, 0.25)) + 0.1 * blurred(hw, rng, 1.0)
    level = np.float32(4 * p.yarn - 1.6)
    depth = (level - field + ragged) / np.float32(1.6)
    body = np.sqrt(np.clip(depth * 1.3, 0, 1))
    cover = np.clip(depth * np.float32(pitch * 0.35) + 0.3, 0, 1)
    strand = np.sin((u + v) * np.float32(2 * np.pi * 5) + noise(u, v, rng, (0.6, 0.6)))
    fibre, fuzz = blurred(hw, rng, 0.6), hairlines(hw, rng, 0.4, 18.0, 9.0, 2.0)
    yarn, ground = p.schemes[int(rng.integers(len(p.schemes)))]
    tone = (0.5 + 0.5 * body) * (1 + 0.09 * strand + 0.07 * fibre)
    below = tinted(warm_shift(rng, ground, 0.06), 1 + 0.05 * fibre + 0.04 * fractal(hw, rng, 120, 3))
    top = tinted(warm_shift(rng, yarn, 0.05), tone + 0.1 * fuzz)
    mix = np.maximum(cover, 0.6 * np.minimum(fuzz, 1) * (fuzz > 0.2))[..., None]
    height = cover * (4 + np.float32(pitch * 0.12) * body + 0.2 * strand) + 1.2 * fractal(hw, rng, 200, 2)
    return assemble(hw, height=height, albedo=mix * top + (1 - mix) * below, roughness=0.85, grain=angle)


class Nap(Params):
    """Napped leather or velvet: colours, length of the nap in pixels, strength of the brush marks."""

    colours: tuple[RGB, ...] = ((0.3, 0.18, 0.1),)
    length: float = 6.0
    marks: float = 0.2


@builder("nap", Nap)
def nap(p: Nap, hw: HW, rng: np.random.Generator) -> Surface:
    """Short fibres that lie as the last hand brushed them: paler where they lean towards the lamp."""
    angle = float(rng.uniform(0, np.pi))
    along, across = frame(hw, angle)
    bend = 14 * fractal(hw, rng, 90, 2)
    fur = sum(
        w * noise(*_shifted(hw, angle + turn, bend), rng, (p.length, 1.1))
        for turn, w in ((-0.5, 0.6), (0.0, 0.8), (0.45, 0.6))
    )
    stroke = noise(along + bend, across + bend, rng, (230.0, 46.0)) + 0.6 * noise(along, across, rng, (120.0, 20.0))
    lying = np.tanh(1.6 * stroke) * np.float32(p.marks)
    clump = blurred(hw, rng, 2.2)
    height = 0.28 * fur + 0.25 * clump + 1.0 * fractal(hw, rng, 160, 3)
    tone = 0.9 + lying + 0.11 * fur + 0.05 * clump + 0.04 * blurred(hw, rng, 0.6)
    return assemble(hw, height=height, albedo=tinted(drawn(rng, p.colours), tone), roughness=0.97)


def _shifted(hw: HW, angle: float, bend: F32) -> tuple[F32, F32]:
    u, v = frame(hw, angle)
    return u, np.asarray(v + np.float32(0.3) * bend, np.float32)


class Crepe(Params):
    """Creped tissue: colour, distance of the creases in pixels, depth, chance of an embossed pattern."""

    colour: RGB = (0.69, 0.69, 0.68)
    pitch: float = 4.0
    depth: float = 0.5
    emboss: float = 0.5


@builder("crepe", Crepe)
def crepe(p: Crepe, hw: HW, rng: np.random.Generator) -> Surface:
    """Short creases across the web, loose fibres, thin places, and at times rows of embossed dots."""
    angle = float(rng.normal(0, 0.04))
    along, across = frame(hw, angle)
    pitch = p.pitch * float(rng.uniform(0.8, 1.4))
    bow = 3.0 * noise(along, across, rng, (60.0, 60.0))
    crease = streaks(along, across + bow, rng, pitch * 4, pitch * 0.5) + 0.4 * streaks(along, across, rng, 30.0, pitch)
    fibre = bent(hairlines(hw, rng, np.pi / 2, 40.0, 22.0, 1.0), rng, 20.0, 3.0)
    cloud = blurred(hw, rng, 4.0) + 0.6 * blurred(hw, rng, 9.0)
    dots = _ovals(hw, rng, pitch * float(rng.uniform(8, 13))) if rng.random() < p.emboss else np.zeros(hw, np.float32)
    dots = np.asarray(cv2.GaussianBlur(dots, (0, 0), 1.5), np.float32)
    height = p.depth * crease + 0.35 * fibre + 0.2 * cloud - 3.0 * dots + 2.5 * fractal(hw, rng, 200, 2)
    tone = 0.96 + 0.035 * crease + 0.03 * cloud + 0.06 * fibre - 0.05 * dots + 0.02 * blurred(hw, rng, 0.7)
    return assemble(hw, height=height, albedo=tinted(warm_shift(rng, p.colour), tone), roughness=0.97, grain=angle)


class Roving(Params):
    """Glass fabric in resin: colours of the glass and of the resin, roving width in pixels, gloss of the resin."""

    glass: RGB = (0.52, 0.57, 0.47)
    resin: RGB = (0.26, 0.31, 0.2)
    tow: float = 19.0
    roughness: float = 0.16
    bubbles: float = 3e-4


@builder("roving", Roving)
def roving(p: Roving, hw: HW, rng: np.random.Generator) -> Surface:
    """Flat rovings seen through clear resin, each streaked by its filaments; the surface prints through a little."""
    pitch = p.tow * float(rng.uniform(0.8, 1.3))
    u, v, angle = cloth_frame(hw, rng, pitch * 0.5, 0.06)
    u, v = u * np.float32(0.5), v * np.float32(0.5)
    t = weave(u, v, PATTERNS["plain" if rng.random() < 0.6 else "twill"], 0.35, 1.02)
    lines = [noise(u * pitch, v * pitch, rng, cell) for cell in ((1.0, 160.0), (160.0, 1.0))]
    filament = np.where(t.warp, lines[0], lines[1])
    of_tow = np.where(t.warp, noise(t.column * 1.0, v, rng, (1.0, 9.0)), noise(t.row * 1.0, u, rng, (1.0, 9.0)))
    seam = 1 - np.clip(t.section * 1.5, 0, 1)
    wet = np.clip(0.72 + 0.08 * filament + 0.07 * of_tow + 0.07 * t.warp - 0.42 * seam + 0.06 * fractal(hw, rng, 90, 3),
                  0, 1)[..., None]  # fmt: skip
    glass, resin = (np.array(warm_shift(rng, c, 0.04), np.float32) for c in (p.glass, p.resin))
    bubble = np.minimum(speckle(hw, rng, p.bubbles, (0.6, 1.6)), 1)
    albedo = (wet * glass + (1 - wet) * resin) * (1 + 0.25 * bubble)[..., None]
    height = np.float32(pitch * 0.02) * t.height + 0.02 * filament + 0.9 * fractal(hw, rng, 220, 2)
    return assemble(hw, height=height, albedo=albedo, roughness=p.roughness + 0.05 * of_tow, grain=angle)
