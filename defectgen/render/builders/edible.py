"""Biscuits, bread crust, chocolate, and fruit."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import laid, view
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, noise, speckle

F32 = NDArray[np.float32]


def shades(stops: tuple[RGB, ...], value: F32) -> F32:
    """Colour at value in [0, 1] between the stops, (H, W, 3)."""
    at = np.linspace(0, 1, len(stops))
    bands = [np.interp(value, at, [stop[k] for stop in stops]) for k in range(3)]
    return np.asarray(np.stack(bands, -1), np.float32)


class Biscuit(Params):
    """Biscuit on a belt: colours from pale to well baked, bench, distance of the docker holes in pixels."""

    crumb: tuple[RGB, ...] = ((0.64, 0.45, 0.21), (0.52, 0.29, 0.09), (0.26, 0.11, 0.03))
    bench: RGB = (0.07, 0.075, 0.085)
    holes: float = 70.0
    waves: int = 34


@builder("biscuit", Biscuit)
def biscuit(p: Biscuit, hw: HW, rng: np.random.Generator) -> Surface:
    """A fluted disc or rectangle with rows of docker holes, blistered crumb, browner towards its border."""
    turn, square = float(rng.normal(0, 0.05)), bool(rng.random() < 0.5)
    half = 225.0 * rng.uniform(0.93, 1.03), (165.0 if square else 225.0) * rng.uniform(0.95, 1.05)

    def depth(x: F32, y: F32) -> F32:
        u, v = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        flute = 4.5 * np.cos(np.arctan2(v, u) * np.float32(p.waves)) if not square else 3.5 * np.cos((u + v) * 0.16)
        if square:
            qx, qy = np.abs(u) - np.float32(half[0] - 30), np.abs(v) - np.float32(half[1] - 30)
            edge = 30 - np.hypot(np.maximum(qx, 0), np.maximum(qy, 0)) - np.minimum(np.maximum(qx, qy), 0)
            return np.asarray(edge + flute, np.float32)
        return np.asarray(np.float32(half[0]) - np.hypot(u, v) + flute, np.float32)

    x, y = view(hw, rng, depth)
    inset = depth(x, y) + 1.5 * fractal(hw, rng, 20, 2)
    pitch = p.holes * float(rng.uniform(0.85, 1.15))
    row = np.round(y / pitch)
    hx, hy = x - (np.round(x / pitch)) * pitch, y - row * pitch
    hole = np.clip((4.5 - np.hypot(hx, hy) + 0.8 * blurred(hw, rng, 1.5)) / 3, 0, 1) * (inset > 22)
    crumb = blurred(hw, rng, 0.8) + 0.9 * blurred(hw, rng, 1.8) + 0.7 * blurred(hw, rng, 4.0)
    bubble = np.clip(1.4 * speckle(hw, rng, 8e-4, (1.5, 5.0)) - 0.2, 0, 1)
    rim = np.exp(-np.maximum(inset, 0) / 24)
    ring = np.exp(-((np.hypot(hx, hy) / 14) ** 2))
    baked = 0.3 + 0.55 * rim + 0.14 * fractal(hw, rng, 110, 4) + 0.1 * bubble + 0.05 * crumb - 0.08 * ring
    albedo = shades(p.crumb, np.clip(baked, 0, 1)) * (1 - 0.72 * hole)[..., None]
    dome = 11 * np.sqrt(np.clip(inset / 26, 0, 1) * (2 - np.clip(inset / 26, 0, 1)))
    height = dome + 0.4 * crumb + 1.4 * bubble - 7 * hole - 2.0 * np.exp(-((np.hypot(hx, hy) / 9) ** 2)) * (inset > 22)
    made = assemble(hw, height=height, albedo=albedo, roughness=0.75)
    return laid(made, inset, rng, thickness=10, bench=p.bench)


class Crust(Params):
    """Bread crust: colours from pale to dark, strength of the crackle, flour."""

    baked: tuple[RGB, ...] = ((0.62, 0.4, 0.17), (0.44, 0.2, 0.06), (0.2, 0.075, 0.025), (0.09, 0.035, 0.018))
    crackle: float = 1.0
    flour: float = 0.6


@builder("crust", Crust)
def crust(p: Crust, hw: HW, rng: np.random.Generator) -> Surface:
    """Brown skin that darkens on its bumps, with fine blisters, a crackle of plates, and flour in its hollows."""
    hills = fractal(hw, rng, 130, 4, 0.55)
    _, near, second = cells(hw, rng, float(rng.uniform(26, 44)), 9.0)
    gate = np.clip(0.5 + 0.8 * fractal(hw, rng, 90, 2), 0, 1)
    crack = np.clip(1 - (second - near) / 1.6, 0, 1) * gate * p.crackle
    blister = np.clip(1.3 * speckle(hw, rng, 1.6e-3, (1.0, 4.0)) - 0.15, 0, 1)
    wrinkle = fractal(hw, rng, 16, 3)
    skin = blurred(hw, rng, 0.8) + 0.7 * blurred(hw, rng, 1.7)
    tone = 0.45 + 0.17 * hills + 0.07 * wrinkle + 0.12 * blister - 0.3 * crack + 0.03 * skin
    dust = np.clip(0.9 * fractal(hw, rng, 120, 4, 0.65) - 0.35 * hills - 0.35 + 0.3 * skin, 0, 1) * p.flour
    dust = dust * float(rng.uniform(0, 1.2))
    albedo = shades(p.baked, np.clip(tone, 0, 1)) * (1 - dust)[..., None] + np.float32(0.66) * dust[..., None]
    height = 5 * hills + 0.9 * wrinkle + 1.6 * blister + 0.22 * skin - 1.4 * crack + 0.3 * dust
    return assemble(hw, height=height, albedo=albedo, roughness=0.58 + 0.35 * dust + 0.05 * wrinkle)


class Bar(Params):
    """Chocolate bar: colours, size of a piece in pixels, depth of the grooves, gloss."""

    colours: tuple[RGB, ...] = ((0.06, 0.021, 0.009), (0.14, 0.05, 0.018), (0.2, 0.075, 0.028))
    piece: tuple[float, float] = (190.0, 130.0)
    depth: float = 17.0
    roughness: float = 0.33


@builder("bar", Bar)
def bar(p: Bar, hw: HW, rng: np.random.Generator) -> Surface:
    """Pieces with sloping sides and a raised border line, satin from the mould, with pinholes and faint bloom."""
    turn = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.03))
    u, v = frame(hw, turn)
    scale = float(rng.uniform(0.85, 1.2))
    a, b = (np.float32(n * scale) for n in p.piece)
    u, v = (c + np.float32(rng.uniform(0, n)) + 16 * n for c, n in ((u, a), (v, b)))
    du, dv = (np.float32(0.5) - np.abs(c / n % 1 - np.float32(0.5)) for c, n in ((u, a), (v, b)))
    inset = np.minimum(du * a, dv * b) + 0.15 * noise(u, v, rng, (14.0, 14.0))
    slope = np.clip((inset - 1.5) / 15, 0, 1)
    line = np.exp(-(((inset - 24) / 1.8) ** 2))
    wave, skin = fractal(hw, rng, 110, 3), blurred(hw, rng, 1.0)
    pin = np.minimum(speckle(hw, rng, 1.5e-4, (0.7, 1.6)), 1)
    crumbs = np.clip(speckle(hw, rng, 1.5e-4, (0.7, 1.5)), 0, 1)
    bloom = np.clip(0.02 * fractal(hw, rng, 70, 5, 0.65) + 0.01, 0, 1)
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.06)
    height = p.depth * (slope * slope * (3 - 2 * slope)) + 1.0 * line + 0.9 * wave + 0.03 * skin - 1.2 * pin + crumbs
    albedo = tinted(colour, 1 + 0.03 * skin + 0.03 * wave - 0.3 * pin) + (0.12 * bloom + 0.03 * crumbs)[..., None]
    return assemble(hw, height=height, albedo=albedo, roughness=p.roughness * (1 + 0.06 * wave) + 0.2 * (1 - slope))


class Fruit(Params):
    """A round fruit, whole or close up: ground and blush colours, depth and width of oil glands, spots, gloss.

    whole: chance that the picture shows the fruit's outline. stem: whether the stem's hollow shows.
    """

    schemes: tuple[tuple[RGB, RGB], ...] = (((0.7, 0.27, 0.02), (0.68, 0.2, 0.012)),)
    glands: float = 0.5
    gland_px: float = 8.0
    spots: float = 0.0
    streak: float = 0.0
    stem: bool = False
    roughness: float = 0.4
    whole: float = 0.6
    bench: RGB = (0.42, 0.42, 0.42)


@builder("fruit", Fruit)
def fruit(p: Fruit, hw: HW, rng: np.random.Generator) -> Surface:
    """A flattened ball whose skin has oil glands, or streaks from stem to calyx with pale lenticels."""
    seen = rng.random() < p.whole
    radius = np.float32(235 * rng.uniform(0.92, 1.03))
    warp = rng.normal(0, 0.012, 3)

    def depth(x: F32, y: F32) -> F32:
        a = np.arctan2(y, x)
        lobes = sum(w * np.cos((k + 2) * a + 3 * k) for k, w in enumerate(warp))
        return np.asarray(radius * (1 + lobes) - np.hypot(x, y), np.float32)

    x, y = view(hw, rng, depth)
    inset = depth(x, y)
    ball = np.sqrt(np.clip(1 - (np.hypot(x, y) / radius) ** 2, 0.0, 1)) if seen else -((x**2 + y**2) / (2 * radius**2))
    far, way = float(rng.uniform(0, 110) if seen else 700), float(rng.uniform(0, 2 * np.pi))
    sx, sy = x - np.float32(far * np.cos(way)), y - np.float32(far * np.sin(way))
    away, bearing = np.hypot(sx, sy), np.arctan2(sy, sx)
    _, near, second = cells(hw, rng, p.gland_px * float(rng.uniform(0.8, 1.2)), p.gland_px * 0.1)
    gland = np.clip((second - near) / np.float32(p.gland_px * 0.8), 0, 1) if p.glands else np.zeros(hw, np.float32)
    wax = blurred(hw, rng, 0.9)
    lines = noise(bearing * np.float32(90), away, rng, (1.6, 150.0), period=float(2 * np.pi * 90))
    patch = cv2.GaussianBlur(fractal(hw, rng, 170, 3), (0, 0), 4.0)
    blush = 1 / (1 + np.exp(-(1.3 * patch + p.streak * lines + 1.1)))
    ground, red = (np.array(warm_shift(rng, c, 0.05), np.float32) for c in p.schemes[int(rng.integers(len(p.schemes)))])
    tone = 1 + 0.02 * wax + 0.16 * (gland - 0.5)
    albedo = (ground * (1 - blush[..., None]) + red * blush[..., None]) * tone[..., None]
    spot = np.minimum(speckle(hw, rng, p.spots, (0.7, 1.3)), 1) if p.spots else np.zeros(hw, np.float32)
    albedo = albedo * (1 - 0.45 * spot[..., None]) + 0.45 * spot[..., None] * np.array((0.6, 0.5, 0.3), np.float32)
    hollow = np.exp(-((away / 42) ** 2)) if p.stem and seen else np.zeros(hw, np.float32)
    albedo = albedo * (1 - 0.55 * hollow[..., None]) + 0.2 * hollow[..., None] * np.array((0.2, 0.2, 0.06), np.float32)
    height = 0.8 * radius * ball - p.glands * 1.6 * gland + 0.04 * wax + 1.6 * patch - 26 * hollow
    made = assemble(hw, height=height, albedo=albedo, roughness=p.roughness + 0.04 * patch)
    return laid(made, inset, rng, thickness=8, bench=p.bench) if seen else made
