"""Small parts side by side: tablets, capsules, grains, and blister packs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, noise, speckle

F32 = NDArray[np.float32]


@dataclass
class Heap:
    """Pieces laid into a picture, the higher one in front: height, own coordinates (u, v), index (-1: none)."""

    height: F32
    u: F32
    v: F32
    index: NDArray[np.int32]

    @classmethod
    def empty(cls, hw: HW) -> Heap:
        height, u, v = np.zeros((3, *hw), np.float32)
        return cls(height, u, v, np.full(hw, -1, np.int32))

    def lay(self, k: int, at: tuple[float, float], turn: float, reach: float, shape: Callable[[F32, F32], F32]) -> None:
        """Lay piece k at (x, y), turned; `shape` gives its height at its own coordinates, negative outside."""
        h, w = self.height.shape
        left, top = max(int(at[0] - reach), 0), max(int(at[1] - reach), 0)
        right, bottom = min(int(at[0] + reach) + 2, w), min(int(at[1] + reach) + 2, h)
        if left >= right or top >= bottom:
            return
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        x, y = x - np.float32(at[0]), y - np.float32(at[1])
        c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        u, v = x * c - y * s, x * s + y * c
        rise = shape(u, v)
        cut = (slice(top, bottom), slice(left, right))
        front = rise > np.where(self.index[cut] >= 0, self.height[cut], 0)
        for layer, value in ((self.height, rise), (self.u, u), (self.v, v)):
            layer[cut] = np.where(front, value, layer[cut])
        self.index[cut] = np.where(front, np.int32(k), self.index[cut])


def lattice(
    hw: HW, rng: np.random.Generator, pitch: float, row: float, jitter: float, turn: float
) -> list[tuple[float, float]]:
    """Places of a staggered lattice, turned counter-clockwise, that covers the picture."""
    reach = int(1.1 * max(hw) / min(pitch, row)) + 2
    c, s = np.cos(turn), -np.sin(turn)
    x0, y0 = rng.uniform(0, pitch, 2) + np.array(hw)[::-1] / 2
    places = []
    for j in range(-reach, reach):
        for i in range(-reach, reach):
            a, b = (i + 0.5 * (j % 2)) * pitch + rng.normal(0, jitter), j * row + rng.normal(0, jitter)
            places.append((float(x0 + a * c - b * s), float(y0 + a * s + b * c)))
    return [(x, y) for x, y in places if -pitch < x < hw[1] + pitch and -pitch < y < hw[0] + pitch]


def tray(hw: HW, rng: np.random.Generator, colour: RGB) -> F32:
    grit = blurred(hw, rng, 0.8)
    return np.array(colour, np.float32) * (1 + 0.06 * grit + 0.05 * fractal(hw, rng, 120, 4))[..., None]


class Tablets(Params):
    """Round tablets on a tray: colours, radius in pixels, what is pressed into them, gloss."""

    colours: tuple[RGB, ...] = ((0.68, 0.68, 0.66),)
    tray: RGB = (0.03, 0.032, 0.036)
    radius: float = 48.0
    roughness: float = 0.55
    gap: float = 1.1


@builder("tablets", Tablets)
def tablets(p: Tablets, hw: HW, rng: np.random.Generator) -> Surface:
    """Biconvex tablets with a band and a bevelled edge; a score line, letters, or nothing pressed in."""
    r = np.float32(p.radius * rng.uniform(0.75, 1.25))
    heap = Heap.empty(hw)
    turn = float(rng.uniform(0, np.pi))
    places = lattice(hw, rng, float(r) * 2 * p.gap, float(r) * 1.74 * p.gap, float(r) * 0.03, turn)
    mark, press = rng.integers(3), _pressed(int(r), rng)

    def shape(u: F32, v: F32) -> F32:
        d = np.hypot(u, v) / r
        cap = np.float32(0.32) * r + np.float32(0.24) * r * (1 - d * d) - np.maximum(d - np.float32(0.9), 0) * r * 1.6
        if mark == 1:
            cap = cap - np.maximum(np.float32(0.055) * r - np.abs(v), 0) * np.float32(1.3)
        elif mark == 2:
            at = [np.asarray(c + np.float32(press.shape[0] / 2), np.float32) for c in (u, v)]
            cap = cap - np.float32(0.06) * r * cv2.remap(press, at[0], at[1], cv2.INTER_LINEAR)
        return np.asarray(np.where(d < 1, cap, -1), np.float32)

    for k, at in enumerate(places):
        heap.lay(k, at, float(rng.uniform(0, 2 * np.pi)), float(r) + 1, shape)
    on = heap.index >= 0
    powder = blurred(hw, rng, 0.7) + 0.6 * blurred(hw, rng, 1.6)
    colour = np.array(warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.02), np.float32)
    tone = rng.normal(1, 0.015, len(places) + 1).astype(np.float32)[heap.index] * (1 + 0.018 * powder)
    albedo = np.where(on[..., None], colour * tone[..., None], tray(hw, rng, p.tray))
    height = np.where(on, heap.height + 0.1 * powder, 0.1 * powder)
    made = assemble(hw, height=height, albedo=albedo, roughness=np.where(on, p.roughness, 0.6))
    return replace(made, foreground=on)


def _pressed(radius: int, rng: np.random.Generator) -> F32:
    """Letters and numbers of a tablet's die, 1 where they are cut."""
    canvas = np.zeros((2 * radius, 2 * radius), np.uint8)
    text = "".join(rng.choice(list("ABCDEGLMNPRST"), int(rng.integers(1, 3)))) + str(rng.integers(2, 60))
    scale, thick = radius / 26 / max(len(text) - 1, 1) ** 0.6, max(radius // 14, 2)
    (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, thick)
    at = (radius - w // 2, radius + h // 2)
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, 255, thick, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), radius / 40).astype(np.float32) / 255, np.float32)


class Capsules(Params):
    """Two-piece capsules: colours of cap and body, radius in pixels, gloss."""

    schemes: tuple[tuple[RGB, RGB], ...] = (((0.5, 0.04, 0.03), (0.66, 0.64, 0.58)),)
    tray: RGB = (0.33, 0.34, 0.35)
    radius: float = 27.0
    roughness: float = 0.26


@builder("capsules", Capsules)
def capsules(p: Capsules, hw: HW, rng: np.random.Generator) -> Surface:
    """Capsules in staggered rows, the cap pushed over the body with a fine step and a locking ring."""
    r = np.float32(p.radius * rng.uniform(0.8, 1.25))
    half, heap = r * np.float32(1.6), Heap.empty(hw)
    base = float(rng.uniform(0, np.pi))

    def shape(u: F32, v: F32) -> F32:
        wide = np.where(u > 0, r, r * np.float32(0.95)) - np.exp(-(((u - 0.5 * r) / (0.06 * r)) ** 2)) * 0.025 * r
        d = np.hypot(np.maximum(np.abs(u) - half, 0), v)
        return np.asarray(np.where(d < wide, np.sqrt(np.maximum(wide * wide - d * d, 0)) + r, -1), np.float32)

    for k, at in enumerate(lattice(hw, rng, float(r) * 5.6, float(r) * 2.35, float(r) * 0.06, base)):
        heap.lay(k, at, base + float(rng.normal(0, 0.03)) + np.pi * float(rng.integers(2)), float(half + r) + 2, shape)
    on = heap.index >= 0
    haze = blurred(hw, rng, 1.4)
    cap, body = (np.array(warm_shift(rng, c), np.float32) for c in p.schemes[int(rng.integers(len(p.schemes)))])
    tone = 1 + 0.012 * haze - 0.3 * np.exp(-((heap.u / np.float32(1.3)) ** 2))
    skin = np.where(heap.u[..., None] > 0, cap, body) * tone[..., None]
    albedo = np.where(on[..., None], skin, tray(hw, rng, p.tray))
    made = assemble(
        hw, height=np.where(on, heap.height, 0) + 0.04 * haze, albedo=albedo, roughness=np.where(on, p.roughness, 0.7)
    )
    return replace(made, foreground=on)


class Grains(Params):
    """A bed of grains: colours, length and width in pixels, how translucent the ends are, gloss."""

    colours: tuple[RGB, ...] = ((0.62, 0.59, 0.5), (0.66, 0.64, 0.58), (0.57, 0.53, 0.43))
    length: float = 46.0
    width: float = 15.0
    chalk: float = 0.15
    roughness: float = 0.42


@builder("grains", Grains)
def grains(p: Grains, hw: HW, rng: np.random.Generator) -> Surface:
    """Grains heaped in all directions, each a long rounded body with a paler core, some with a broken end."""
    scale = float(rng.uniform(0.8, 1.3))
    a, b = p.length * scale / 2, p.width * scale / 2
    heap = Heap.empty(hw)
    count = int(6.0 * (hw[0] + 2 * a) * (hw[1] + 2 * a) / (np.pi * a * b))
    spots = rng.uniform((-a, -a), (hw[1] + a, hw[0] + a), (count, 2))
    levels = np.sort(rng.uniform(2, 2 + 2.2 * b, count))
    for k in range(count):
        long, wide, cut = a * rng.normal(1, 0.09), b * rng.normal(1, 0.07), rng.random() < 0.08
        turn, level = float(rng.uniform(0, 2 * np.pi)), levels[k]

        def shape(u: F32, v: F32, n: float = long, w: float = wide, z: float = level, c: bool = cut) -> F32:
            d = np.abs(u / np.float32(n)) ** np.float32(2.3) + (v / np.float32(w)) ** 2
            body = np.float32(z) + np.float32(w) * np.sqrt(np.maximum(1 - d, 0))
            return np.asarray(np.where((d < 1) & ((u < 0.3 * n) | (not c)), body, -1), np.float32)

        heap.lay(k, (float(spots[k, 0]), float(spots[k, 1])), turn, long * 1.1, shape)
    on = heap.index >= 0
    base = np.array([warm_shift(rng, c) for c in p.colours], np.float32)[rng.integers(0, len(p.colours), count + 1)]
    core = np.exp(-((heap.u / a / 0.7) ** 2) - (heap.v / b / 0.6) ** 2) * rng.random(count + 1)[heap.index] ** 3
    streak = noise(heap.u + 40 * (heap.index % 9), heap.v + 30 * (heap.index % 7), rng, (a, 2.0))
    fine = 0.02 * streak + 0.015 * blurred(hw, rng, 0.8)
    tone = rng.normal(0.95, 0.05, count + 1)[heap.index] + p.chalk * core + fine
    albedo = np.where(on[..., None], base[heap.index] * tone[..., None], 0.2)
    return assemble(hw, height=heap.height, albedo=albedo, roughness=p.roughness)


class Blister(Params):
    """Blister pack: colours of the tablets, pocket radius in pixels."""

    colours: tuple[RGB, ...] = ((0.68, 0.67, 0.63), (0.55, 0.1, 0.06), (0.6, 0.45, 0.1))
    radius: float = 46.0


@builder("blister", Blister)
def blister(p: Blister, hw: HW, rng: np.random.Generator) -> Surface:
    """Clear pockets in straight rows over knurled foil; each holds a tablet that lies off its middle."""
    r = np.float32(p.radius * rng.uniform(0.85, 1.2))
    u, v = frame(hw, float(rng.normal(0, 0.03)))
    stretch = np.float32(1.0 if rng.random() < 0.5 else 1.6)
    cell = (r * np.float32(2.75) * (1 + stretch) / 2, r * np.float32(2.75))
    u, v = (c + np.float32(rng.uniform(0, n)) + 8 * n for c, n in zip((u, v), cell, strict=True))
    place = (np.floor(u / cell[0]) * 7 + np.floor(v / cell[1])).astype(int) % 61
    x, y = (c % n - n / 2 for c, n in zip((u, v), cell, strict=True))
    d = np.hypot(np.maximum(np.abs(x) - r * (stretch - 1), 0), y) / r
    off = rng.normal(0, 0.05, (2, 61)).astype(np.float32) * r
    px, py = x - off[0][place], y - off[1][place]
    pill = np.hypot(np.maximum(np.abs(px) - r * (stretch - 1), 0), py) / (r * np.float32(0.8))
    inside = np.clip((1 - pill) * r * 0.8 + 0.5, 0, 1)
    grit = blurred(hw, rng, 0.8)
    knurl = np.sin(u * np.float32(1.1)) * np.sin(v * np.float32(1.1)) * np.clip((d - 1.06) * 20, 0, 1)
    foil = np.float32(0.6) * (1 + 0.05 * grit + 0.06 * knurl + 0.05 * fractal(hw, rng, 60, 3))
    shadow = 1 - 0.55 * np.exp(-((np.maximum(pill - 1, 0) / 0.12) ** 2)) * (d < 1.05)
    colour = np.array(warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))]), np.float32)
    body = colour * (0.93 - 0.25 * np.clip(pill - 0.8, 0, 1) * 5 + 0.02 * grit)[..., None]
    albedo = inside[..., None] * body + ((1 - inside) * foil * shadow)[..., None]
    wall = np.clip((np.float32(1.08) - d) / np.float32(0.22), 0, 1)
    dome = r * np.float32(0.24) * wall * wall * (3 - 2 * wall) + r * np.float32(0.1) * np.clip(1 - d * d, 0, 1)
    rim = np.exp(-(((d - 1.1) / 0.03) ** 2))
    wave = 1.2 * fractal(hw, rng, 90, 2)
    clear = np.clip((1.06 - d) * 12, 0, 1)
    height = dome + 0.5 * rim + 0.3 * knurl + wave + 0.02 * grit
    albedo = albedo * (1 - 0.18 * np.clip(1 - np.abs(d - 0.97) / 0.09, 0, 1))[..., None]
    scuff = 0.03 * np.minimum(speckle(hw, rng, 2e-4, (0.6, 1.2)), 1)
    return assemble(
        hw, height=height, albedo=albedo + scuff[..., None], roughness=0.32 - 0.2 * clear,
        metalness=0.75 * (1 - inside) * (1 - 0.6 * clear),
    )  # fmt: skip
