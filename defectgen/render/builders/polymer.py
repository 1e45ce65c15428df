"""Film, foam, printed layers, and tyre treads."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, noise, speckle, streaks

F32 = NDArray[np.float32]


class Film(Params):
    """Clear film: colours of the ground behind it, height of the tension wrinkles, haze, roughness."""

    grounds: tuple[RGB, ...] = ((0.05, 0.055, 0.06), (0.16, 0.17, 0.18), (0.3, 0.31, 0.31))
    wrinkles: float = 1.6
    haze: float = 0.02
    roughness: float = 0.1


@builder("film", Film)
def film(p: Film, hw: HW, rng: np.random.Generator) -> Surface:
    """Long soft wrinkles along the web that bend the room's reflection; die lines, dust, and the ground behind."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.05))
    u, v = frame(hw, angle)
    bend = 26 * noise(u, v, rng, (420.0, 220.0))
    fold = noise(u, v + bend, rng, (620.0, 46.0)) + 0.5 * noise(u, v + bend, rng, (380.0, 20.0))
    crease = np.sign(fold) * np.abs(fold) ** 1.4 * np.clip(0.9 + 0.7 * fractal(hw, rng, 200, 2), 0.15, 2)
    # long cells come out of the table in steps: they must not show in the mirror
    along, over = (16.0, 2.5) if abs(np.cos(angle)) > 0.5 else (2.5, 16.0)
    crease = cv2.GaussianBlur(np.asarray(crease, np.float32), (0, 0), along, sigmaY=over)
    slack = cv2.GaussianBlur(fractal(hw, rng, 150, 2), (0, 0), 6.0)
    die = streaks(u, v, rng, 3000.0, 2.0)
    dust = np.minimum(speckle(hw, rng, 2.5e-4, (0.45, 1.0)), 1)
    ground = warm_shift(rng, p.grounds[int(rng.integers(len(p.grounds)))], 0.05)
    seen = 1 + 0.1 * noise(*frame(hw, angle + 1.2), rng, (500.0, 160.0)) + 0.03 * die
    veil = p.haze * np.clip(1 + 0.9 * crease, 0, 3) + 0.12 * dust
    height = np.float32(p.wrinkles * rng.uniform(0.6, 1.5)) * crease + 1.5 * slack + 0.008 * die
    rough = p.roughness + 0.02 * np.abs(crease) + 0.3 * dust
    return assemble(hw, height=height, albedo=tinted(ground, seen) + veil[..., None], roughness=rough, grain=angle)


class Foam(Params):
    """Cut foam: colours, pore sizes in pixels, depth of the open pores."""

    colours: tuple[RGB, ...] = ((0.6, 0.54, 0.36), (0.12, 0.12, 0.125), (0.62, 0.6, 0.56), (0.4, 0.5, 0.6))
    pores: tuple[float, ...] = (24.0, 11.0)
    depth: float = 1.0


@builder("foam", Foam)
def foam(p: Foam, hw: HW, rng: np.random.Generator) -> Surface:
    """Cut cells of uneven size, each a dark cup behind thin struts, some closed by a skin that shines."""
    scale = float(rng.uniform(0.7, 1.4))
    height, shade = np.zeros(hw, np.float32), np.ones(hw, np.float32)
    for size in p.pores:
        s = size * scale
        index, near, second = cells(hw, rng, s, s * 0.1)
        open_ = rng.uniform(0.15, 1, int(index.max()) + 1).astype(np.float32)[index]
        cup = np.clip((second - near) / np.float32(s * 0.5) - 0.1, 0, 1)
        cup = cup * cup * (3 - 2 * cup) * open_
        height -= np.float32(p.depth * s * 0.28) * cup
        shade *= 1 - 0.62 * cup
    skin = blurred(hw, rng, 0.7)
    loose = hairlines(hw, rng, 0.7, 20.0, 8.0, 2.0)
    height = height + 0.12 * skin + 0.4 * loose + 2.0 * fractal(hw, rng, 120, 3)
    tone = shade * (1 + 0.06 * skin + 0.04 * fractal(hw, rng, 140, 3)) + 0.08 * loose
    base = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    return assemble(hw, height=height, albedo=tinted(base, tone), roughness=0.85)


class Layered(Params):
    """Printed layers: colours, layer height in pixels, how uneven the layers are, gloss."""

    colours: tuple[RGB, ...] = ((0.5, 0.5, 0.5), (0.5, 0.14, 0.02), (0.03, 0.03, 0.032), (0.04, 0.16, 0.4))
    layer: float = 5.5
    wander: float = 0.12
    roughness: float = 0.4
    blobs: float = 1e-4


@builder("layered", Layered)
def layered(p: Layered, hw: HW, rng: np.random.Generator) -> Surface:
    """Rounded beads one on another, each a little out of line with the next, with fine ringing and a few blobs."""
    angle = float(rng.normal(0, 0.03)) + (np.pi / 4 if rng.random() < 0.3 else 0.0)
    u, v = frame(hw, angle)
    pitch = np.float32(p.layer * rng.uniform(0.8, 1.5))
    v = v / pitch + 0.06 * noise(u, v, rng, (140.0, 60.0))
    row = np.floor(v)
    off = v - row - np.float32(0.5)
    out = noise(row, np.zeros_like(row), rng, (1.0, 10.0))
    along = noise(u, row, rng, (50.0, 1.0)) + 0.5 * noise(u, row, rng, (9.0, 1.0))
    bead = np.sqrt(np.maximum(1 - (1.85 * off) ** 2, 0))
    ringing = np.sin(u * np.float32(2 * np.pi / 34)) * np.exp(-((u - u.min() + 60) / 170))
    blob = np.minimum(speckle(hw, rng, p.blobs, (1.0, 2.4)), 1)
    string = hairlines(hw, rng, angle + 0.4, 0.15, 40.0, 0.5)
    push = p.wander * (out + 0.6 * along) * np.float32(pitch * 0.5)
    height = pitch * np.float32(0.3) * bead + push + 0.35 * ringing + 1.6 * blob + 0.5 * string
    tone = 0.75 + 0.25 * bead + 0.02 * out + 0.025 * along + 0.015 * blurred(hw, rng, 0.8)
    base = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    return assemble(
        hw, height=height + 0.8 * fractal(hw, rng, 240, 2), albedo=tinted(base, tone), grain=angle, anisotropy=0.3,
        roughness=p.roughness + 0.04 * along,
    )  # fmt: skip


class Tread(Params):
    """Tyre tread: rubber colour, width of a rib and length of a block in pixels, groove width and depth."""

    colour: RGB = (0.026, 0.026, 0.027)
    rib: float = 120.0
    block: float = 92.0
    groove: float = 15.0
    depth: float = 22.0
    sipes: float = 2.0
    roughness: float = 0.66


@builder("tread", Tread)
def tread(p: Tread, hw: HW, rng: np.random.Generator) -> Surface:
    """Ribs between straight grooves, cut into blocks by slanting grooves and thin wavy sipes; dusty, scuffed tops."""
    angle = float(np.pi / 2 + rng.normal(0, 0.03))
    u, v = frame(hw, angle)
    scale = float(rng.uniform(0.85, 1.2))
    rib, block, groove = (np.float32(n * scale) for n in (p.rib, p.block, p.groove))
    v = v + np.float32(rng.uniform(0, 300) + 4000)
    lane = np.floor(v / rib)
    dv = (np.float32(0.5) - np.abs(v / rib % 1 - np.float32(0.5))) * rib - groove * np.float32(0.5)
    slant = np.where(lane % 2 > 0, 1, -1) * np.float32(rng.uniform(0.2, 0.6))
    w = u + slant * v + lane * block * np.float32(0.37) + 4000
    dw = (np.float32(0.5) - np.abs(w / block % 1 - np.float32(0.5))) * block - groove * np.float32(0.28)
    solid = lane % 3 == 1 if rng.random() < 0.5 else np.zeros(hw, np.bool_)
    inset = np.minimum(dv, np.where(solid, np.float32(99), dw))
    top = np.clip(inset / 3.0, 0, 1)
    zigzag = 3 * np.abs((v / 7) % 2 - 1)
    sipe = np.abs((w + zigzag) / block * p.sipes % 1 - np.float32(0.5)) * block / np.float32(p.sipes)
    cut = np.clip(1.5 - sipe, 0, 1) * (inset > 6)
    grain = blurred(hw, rng, 0.9) + 0.6 * blurred(hw, rng, 2.0)
    scuff = hairlines(hw, rng, angle, 1.5, 18.0, 0.6) * top
    dust = np.clip(0.4 + 0.5 * fractal(hw, rng, 80, 4), 0, 1)
    height = p.depth * (top * (2 - top) - 1) - 5 * cut + 0.16 * grain + 0.8 * fractal(hw, rng, 160, 2) - 0.1 * scuff
    tone = (1 + 0.07 * grain) * (0.55 + 0.45 * top) * (1 - 0.6 * cut)
    pale = (0.012 * dust * top + 0.02 * scuff + 0.008 * dust)[..., None]
    return assemble(
        hw, height=height, albedo=tinted(warm_shift(rng, p.colour, 0.05), tone) + pale, grain=angle,
        roughness=p.roughness + 0.1 * dust,
    )  # fmt: skip


class Gloss(Params):
    """High-gloss moulding: colours, sink and waviness of the face in pixels, gloss, dust, swirl marks."""

    colours: tuple[RGB, ...] = ((0.012, 0.012, 0.013), (0.66, 0.66, 0.65), (0.4, 0.025, 0.02), (0.03, 0.1, 0.3))
    wave: float = 2.2
    roughness: float = 0.15
    dust: float = 2.5e-4
    swirls: float = 0.25


@builder("gloss", Gloss)
def gloss(p: Gloss, hw: HW, rng: np.random.Generator) -> Surface:
    """A face that mirrors the room, bent a little by sinks; dust, lint and fine swirls from wiping."""
    wave = cv2.GaussianBlur(fractal(hw, rng, 230, 2), (0, 0), 12.0)
    near = cv2.GaussianBlur(fractal(hw, rng, 90, 2), (0, 0), 6.0)
    x, y = frame(hw, float(rng.uniform(0, np.pi)))
    bow = ((x - x.mean()) ** 2 + 0.4 * (y - y.mean()) ** 2) * np.float32(rng.uniform(-1.5e-4, 1.5e-4))
    dust = np.minimum(speckle(hw, rng, p.dust, (0.45, 1.1)), 1)
    lint = hairlines(hw, rng, 0.5, 0.06, 12.0, 2.0)
    swirl = hairlines(hw, rng, float(rng.uniform(0, 3)), p.swirls, 60.0, 0.5)
    wipe = np.maximum(fractal(hw, rng, 120, 4), 0)
    base = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.04)
    pale = (0.1 * dust + 0.12 * lint + 0.006 * swirl + 0.004 * wipe)[..., None]
    height = p.wave * wave + 0.35 * near + bow - 0.02 * swirl + 0.25 * dust + 0.004 * blurred(hw, rng, 1.0)
    rough = p.roughness + 0.02 * wipe + 0.3 * dust + 0.03 * swirl
    return assemble(hw, height=height, albedo=tinted(base, 1 + 0.01 * wave) + pale, roughness=rough)
