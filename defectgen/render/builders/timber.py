"""Boards of wood: planks, veneer leaves, and pressed strands."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, grid, noise, streaks

F32 = NDArray[np.float32]


class Planks(Params):
    """Strips of wood side by side: colours, strip width and length and joint width in pixels, tone between strips.

    ring: pixels between growth rings; figure: how far the rings arch, 0 for straight grain; late: tone of late wood.
    gap: depth of the joint, 0 for leaves glued edge to edge.
    """

    colours: tuple[RGB, ...] = ((0.42, 0.33, 0.24),)
    width: float = 150.0
    length: float = 620.0
    joint: float = 1.6
    gap: float = 1.5
    contrast: float = 0.1
    ring: float = 9.0
    figure: float = 1.0
    late: float = 0.62
    pores: float = 1.0
    relief: float = 0.5
    roughness: float = 0.4


@builder("planks", Planks)
def planks(p: Planks, hw: HW, rng: np.random.Generator) -> Surface:
    """Each strip is cut from another place of another trunk, so that figure and tone break at the joints."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.02))
    along, across = frame(hw, angle)
    along, across = along - along.min(), across - across.min() + np.float32(rng.uniform(0, p.width))
    row = np.floor(across / np.float32(p.width))
    shift = rng.uniform(0, p.length, 64).astype(np.float32)[row.astype(int) % 64]
    column = np.floor((along + shift) / np.float32(p.length))
    strip = (row * 7 + column * 3).astype(int) % 64
    inset = _inset(along + shift, p.length, across, p.width)
    start, slant, tone_of = rng.uniform(0, 1, 64), rng.normal(0, 0.02, 64), rng.normal(1, p.contrast, 64)
    u = along + (300 * start).astype(np.float32)[strip]
    v = across + (900 * start).astype(np.float32)[strip] + slant.astype(np.float32)[strip] * along
    inner = across - (row + np.float32(0.5)) * np.float32(p.width) + (p.width * (start - 0.5)).astype(np.float32)[strip]
    late, fibre, pore = _figure(p, u, v, inner, rng)
    line = np.clip(1 - inset / np.float32(max(p.joint, 0.5)), 0, 1)
    tone = (1 - (1 - p.late) * late + 0.05 * fibre - 0.34 * pore) * tone_of.astype(np.float32)[strip]
    tone = tone * (1 + 0.04 * fractal(hw, rng, 160, 3))
    colour = np.array(warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.06), np.float32)
    albedo = colour ** np.clip(2 - tone[..., None], 0.7, 2) * tone[..., None] * (1 - 0.55 * line)[..., None]
    bevel = np.clip(1 - inset / np.float32(2.5 * p.joint), 0, 1)
    height = p.relief * (0.06 * fibre - 0.4 * pore + 0.08 * late) - p.gap * bevel + 0.5 * fractal(hw, rng, 240, 2)
    rough = p.roughness * (1 + 0.05 * fibre) + 0.2 * line
    return assemble(hw, height=height, albedo=albedo, roughness=rough, anisotropy=0.3, grain=angle)


def _inset(u: F32, length: float, v: F32, width: float) -> F32:
    """Pixels to the nearest joint."""
    ends = [np.minimum(c % np.float32(n), np.float32(n) - c % np.float32(n)) for c, n in ((u, length), (v, width))]
    return np.asarray(np.minimum(ends[0], ends[1]), np.float32)


def _figure(p: Planks, u: F32, v: F32, inner: F32, rng: np.random.Generator) -> tuple[F32, F32, F32]:
    """Late wood in [0, 1], fibre of unit sigma, and pores in [0, 1]."""
    bend = 10 * noise(u, v, rng, (360.0, 120.0)) + 2.0 * noise(u, v, rng, (90.0, 30.0))
    curved = np.asarray(v + 0.3 * bend, np.float32)
    taper = np.float32(25) + np.float32(0.13 * p.figure) * u
    flat = np.abs(inner + bend) + v * np.float32(0.15)
    radius = np.hypot(inner + bend, taper) if p.figure > 0 else flat
    ring = radius / np.float32(p.ring * rng.uniform(0.7, 1.4))
    ring = ring + 0.3 * noise(ring, u, rng, (1.3, 1200.0))
    phase = ring - np.floor(ring)
    late = phase**2.2 * np.clip((1 - phase) * 6, 0, 1) * (0.7 + 0.3 * np.tanh(noise(u, v, rng, (300.0, 60.0))))
    fibre = streaks(u, curved, rng, 80.0, 1.1) + 0.6 * streaks(u, curved, rng, 170.0, 3.0)
    pore = np.minimum(np.maximum(streaks(u, curved, rng, 18.0, 1.2) - 1.3, 0) * p.pores, 1)
    return np.asarray(late, np.float32), np.asarray(fibre, np.float32), np.asarray(pore, np.float32)


class Strands(Params):
    """Pressed board: colours of the strands, their length and width in pixels, spread of their tones.

    scale: range of the factor on the strands' size, from fine particle board to coarse strand board.
    """

    colours: tuple[RGB, ...] = ((0.58, 0.42, 0.23),)
    length: float = 110.0
    width: float = 30.0
    contrast: float = 0.16
    scale: tuple[float, float] = (0.4, 1.2)
    relief: float = 1.0
    roughness: float = 0.6


@builder("strands", Strands)
def strands(p: Strands, hw: HW, rng: np.random.Generator) -> Surface:
    """Flakes of wood laid over each other in all directions and pressed flat, each with its own grain and tone."""
    scale = float(np.exp(rng.uniform(*np.log(p.scale))))
    which, turns = _scattered(hw, rng, p.length * scale, p.width * scale)
    angle = turns[which]
    x, y = grid(hw)
    u, v = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    fibre = noise(u, v, rng, (26.0, 1.1)) + 0.6 * noise(u, v, rng, (60.0, 3.0))
    count = len(turns)
    tone_of, level = rng.normal(1, p.contrast, count).astype(np.float32), rng.normal(0, 1, count).astype(np.float32)
    edge = cv2.GaussianBlur((np.hypot(*np.gradient(which.astype(np.float32))) > 0).astype(np.float32), (0, 0), 0.7)
    base = np.array([warm_shift(rng, c, 0.04) for c in p.colours], np.float32)
    colour = base[rng.integers(0, len(base), count)][which]
    tone = tone_of[which] * (1 + 0.07 * fibre - 0.3 * edge) * (1 + 0.04 * fractal(hw, rng, 90, 3))
    height = p.relief * (0.4 * level[which] + 0.12 * fibre - 0.7 * edge) + 0.15 * blurred(hw, rng, 0.9)
    return assemble(
        hw, height=height, albedo=colour * np.clip(tone, 0.2, 1.5)[..., None], roughness=p.roughness,
        anisotropy=0.35, grain=angle,
    )  # fmt: skip


def _scattered(hw: HW, rng: np.random.Generator, length: float, width: float) -> tuple[NDArray[np.int32], F32]:
    """Index of the topmost strand at each pixel, and the direction of every strand."""
    h, w = hw
    count = max(int(6 * (h + length) * (w + length) / (length * width)), 8)
    turns = rng.uniform(0, np.pi, count).astype(np.float32)
    which = np.zeros(hw, np.int32)
    x, y = rng.uniform(-length / 2, w + length / 2, count), rng.uniform(-length / 2, h + length / 2, count)
    half = length / 2 * rng.lognormal(0, 0.3, count)
    thick = width / 2 * rng.lognormal(-0.1, 0.45, count)
    for k in range(count):
        c, s = np.cos(turns[k]), -np.sin(turns[k])
        ends = rng.uniform(0.7, 1.1, 4) * half[k]
        sides = rng.uniform(0.6, 1.1, 4) * thick[k]
        along, across = ends * (-1, 1, 1, -1), sides * (-1, -1, 1, 1)
        corners = np.stack([x[k] + along * c - across * s, y[k] + along * s + across * c], 1)
        cv2.fillConvexPoly(which, np.rint(corners * 16).astype(np.int32), k, cv2.LINE_8, 4)
    return which, turns
