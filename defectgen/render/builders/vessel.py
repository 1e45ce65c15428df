"""Bottles, plates and lenses: round parts with a silhouette of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import laid, view
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, noise, speckle, streaks

F32 = NDArray[np.float32]


class Bottle(Params):
    """Bottle with an upright axis: wall colours, how clear the wall is, ribs, gloss, and the ground behind.

    clear: 0 for an opaque wall; up to 1 for glass before a bright field, dark where its wall is seen edge on.
    """

    colours: tuple[RGB, ...] = ((0.64, 0.64, 0.62),)
    clear: float = 0.0
    ribs: float = 0.4
    wave: float = 0.6
    roughness: float = 0.25
    ground: RGB = (0.12, 0.125, 0.13)


@builder("bottle", Bottle)
def bottle(p: Bottle, hw: HW, rng: np.random.Generator) -> Surface:
    """Body, shoulder and neck turned round one axis, with a mould seam, faint waves in the wall, and dust."""
    body, neck = float(rng.uniform(150, 190)), float(rng.uniform(55, 75))
    start, reach = float(rng.uniform(-190, -90)), float(rng.uniform(40, 80))
    ribbed, every = rng.random() < p.ribs, float(rng.uniform(30, 46))

    def radius(y: F32) -> F32:
        rise = np.clip((y - np.float32(start)) / np.float32(reach), 0, 1)
        r = neck + (body - neck) * rise * rise * (3 - 2 * rise)
        rib = 2.2 * np.maximum(np.cos((y - start) * 2 * np.pi / every), 0) ** 4 if ribbed else 0.0
        return np.asarray(r - rib * (y > 60) + 5 * np.exp(-(((y - start + 30) / 6) ** 2)), np.float32)

    x, y = view(hw, rng, lambda x, y: radius(y) - np.abs(x))
    r = radius(y)
    inset = r - np.abs(x)
    across = np.clip(x / r, -1, 1)
    rise = np.sqrt(np.maximum(1 - across * across, 0.0))
    arc = np.asarray(np.arcsin(across) * r, np.float32)
    wave = p.wave * (fractal(hw, rng, 70, 3) + 0.5 * noise(arc, y, rng, (24.0, 160.0)))
    seam = np.exp(-(((arc - np.float32(rng.uniform(-0.8, 0.8) * body)) / 1.1) ** 2))
    scuff = hairlines(hw, rng, float(rng.uniform(0, 3)), 0.15, 24.0, 0.8)
    dust = np.minimum(speckle(hw, rng, 2e-4, (0.5, 1.1)), 1)
    colour = np.array(warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.04), np.float32)
    path = 1 / (rise + np.float32(0.22)) - np.float32(0.8)
    seen = colour ** (0.8 + 1.1 * path)[..., None] * (1 + 0.05 * wave)[..., None]
    solid = colour * (1 + 0.012 * blurred(hw, rng, 0.8) + 0.01 * wave)[..., None]
    albedo = p.clear * seen + (1 - p.clear) * solid + (0.03 * scuff + 0.12 * dust)[..., None]
    height = 0.75 * r * rise + wave + 0.4 * seam + 0.2 * dust + 0.01 * blurred(hw, rng, 1.0)
    made = assemble(hw, height=height, albedo=albedo, roughness=p.roughness + 0.1 * scuff + 0.3 * dust)
    return laid(made, inset, rng, thickness=4, bench=p.ground)


class Dish(Params):
    """Glazed plate: glaze colours, chance of a painted line on the rim, gloss, bench."""

    colours: tuple[RGB, ...] = ((0.68, 0.68, 0.66), (0.66, 0.62, 0.54), (0.16, 0.2, 0.24))
    bands: tuple[RGB, ...] = ((0.02, 0.06, 0.25), (0.45, 0.3, 0.08), (0.2, 0.02, 0.02))
    painted: float = 0.5
    roughness: float = 0.14
    bench: RGB = (0.16, 0.11, 0.07)


@builder("dish", Dish)
def dish(p: Dish, hw: HW, rng: np.random.Generator) -> Surface:
    """Raised rim, sloping shoulder and flat well, under a glaze that pools at the corners and has a few pinholes."""
    outer, well = float(rng.uniform(222, 240)), float(rng.uniform(130, 150))

    def depth(x: F32, y: F32) -> F32:
        return np.asarray(np.float32(outer) - np.hypot(x, y), np.float32)

    x, y = view(hw, rng, depth)
    radius = np.hypot(x, y)
    slope = np.clip((radius - well) / 26, 0, 1)
    lip = np.clip((outer - radius) / 6, 0, 1)
    profile = 12 * slope * slope * (3 - 2 * slope) + 0.06 * np.maximum(radius - well - 26, 0)
    profile = profile + 3 * np.sqrt(lip * (2 - lip))
    glaze = 0.5 * fractal(hw, rng, 90, 3) + 0.06 * blurred(hw, rng, 6.0)
    pin = np.minimum(speckle(hw, rng, 1.2e-4, (0.6, 1.1)), 1)
    tone = 1 + 0.012 * fractal(hw, rng, 70, 4) - 0.05 * np.exp(-(((radius - well) / 9) ** 2)) - 0.35 * pin
    albedo = tinted(warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))]), tone)
    if rng.random() < p.painted:
        hand = 0.8 * noise(np.arctan2(y, x) * np.float32(200), radius, rng, (40.0, 900.0), period=float(400 * np.pi))
        line = np.clip(3.2 - np.abs(radius - (outer - 14) + hand), 0, 1)[..., None] * np.float32(0.9)
        ink = np.array(warm_shift(rng, p.bands[int(rng.integers(len(p.bands)))], 0.05), np.float32)
        albedo = np.asarray(albedo * (1 - line) + ink * line, np.float32)
    made = assemble(hw, height=profile + glaze - 0.3 * pin, albedo=albedo, roughness=p.roughness + 0.1 * pin)
    return laid(made, depth(x, y), rng, thickness=9, bench=p.bench, bevel=2)


class Lens(Params):
    """Mounted lens: tints of its coating, colour of the mount, curvature, bench."""

    tints: tuple[RGB, ...] = ((0.1, 0.03, 0.22), (0.02, 0.13, 0.08), (0.03, 0.07, 0.24), (0.16, 0.08, 0.02))
    mount: RGB = (0.03, 0.03, 0.032)
    bulge: float = 46.0
    bench: RGB = (0.3, 0.3, 0.31)


@builder("lens", Lens)
def lens(p: Lens, hw: HW, rng: np.random.Generator) -> Surface:
    """A domed, coated glass in a turned black ring; inside, rings of the mount and ghosts of the window."""
    outer, rim = float(rng.uniform(226, 242)), float(rng.uniform(182, 198))

    def depth(x: F32, y: F32) -> F32:
        return np.asarray(np.float32(outer) - np.hypot(x, y), np.float32)

    x, y = view(hw, rng, depth)
    radius = np.hypot(x, y)
    t = radius / np.float32(rim)
    inside = np.clip(np.float32(rim) - radius + 0.5, 0, 1)
    coat = np.array(warm_shift(rng, p.tints[int(rng.integers(len(p.tints)))], 0.05), np.float32)
    iris, stop = float(rng.uniform(0.3, 0.45)), float(rng.uniform(0.62, 0.74))
    tube = 0.008 + 0.012 / (1 + np.exp(-(t - stop) / 0.012)) + 0.012 / (1 + np.exp(-(t - iris) / 0.008))
    albedo = tube[..., None] + coat * (0.14 * np.clip(t, 0, 1) ** 2)[..., None]
    for _ in range(3):
        way, size = rng.uniform(0, 2 * np.pi), float(rng.uniform(14, 44))
        gx, gy = (float(rng.uniform(0.15, 0.55)) * rim * f for f in (np.cos(way), np.sin(way)))
        box = np.maximum(np.abs(x - gx) * 1.3, np.abs(y - gy)) / np.float32(size)
        ghost = float(rng.uniform(0.15, 0.5)) / (1 + np.exp((box - 1) * 9))
        albedo = albedo + (coat + np.float32(0.03)) * ghost[..., None] * inside[..., None]
    dust = np.minimum(speckle(hw, rng, 1.5e-4, (0.45, 0.9)), 1) * inside
    turned = streaks(np.arctan2(y, x) * np.float32(200), radius, rng, 160.0, 1.6)
    ring = tinted(warm_shift(rng, p.mount, 0.05), 1 + 0.08 * turned)
    albedo = inside[..., None] * (albedo + 0.12 * dust[..., None]) + (1 - inside[..., None]) * ring
    step = np.clip((radius - rim) / 5, 0, 1) * 7 - 3 * np.exp(-(((radius - rim - 18) / 2.5) ** 2)) + 0.06 * turned
    dome = p.bulge * (1 - np.minimum(t, 1) ** 2) - 6
    height = inside * dome + (1 - inside) * step
    made = assemble(
        hw, height=height, albedo=albedo, roughness=inside * (0.17 + 0.3 * dust) + (1 - inside) * 0.4,
        metalness=0.25 * inside * (1 - dust),
    )  # fmt: skip
    return laid(made, depth(x, y), rng, thickness=14, bench=p.bench, bevel=4)


class Toroid(Params):
    """O-ring lying flat: colours, radius of the section relative to the ring's, gloss, bench."""

    colours: tuple[RGB, ...] = ((0.02, 0.02, 0.021),)
    section: tuple[float, float] = (0.13, 0.2)
    roughness: float = 0.5
    bench: RGB = (0.5, 0.5, 0.49)


@builder("toroid", Toroid)
def toroid(p: Toroid, hw: HW, rng: np.random.Generator) -> Surface:
    """A round cord closed to a ring, with a faint flash line, moulding grain, bloom and lint."""
    outer = float(rng.uniform(228, 244))
    half = outer * float(rng.uniform(*p.section))
    middle = outer - half

    def depth(x: F32, y: F32) -> F32:
        return np.asarray(np.float32(half) - np.abs(np.hypot(x, y) - np.float32(middle)), np.float32)

    x, y = view(hw, rng, depth)
    inset = depth(x, y)
    away = np.hypot(x, y) - np.float32(middle)
    cord = np.sqrt(np.maximum(half * half - away * away, 0))
    skin = blurred(hw, rng, 1.0) + 0.5 * blurred(hw, rng, 2.4)
    bloom = fractal(hw, rng, 90, 4)
    lint = np.minimum(speckle(hw, rng, 2.5e-4, (0.5, 1.0)), 1)
    flash = np.exp(-(((np.abs(away) - 0.93 * half) / 1.2) ** 2))
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    albedo = tinted(colour, 1 + 0.05 * skin + 0.08 * bloom) + (0.1 * lint)[..., None]
    height = cord + 0.06 * skin + 0.5 * flash + 0.2 * lint
    made = assemble(hw, height=height, albedo=albedo, roughness=p.roughness * (1 + 0.08 * bloom) + 0.2 * lint)
    return laid(made, inset, rng, thickness=half * 0.5, bench=p.bench)
