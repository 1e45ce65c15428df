"""Silhouettes: a part cut out of its surface and laid on a bench.

A window of 512 pixels shows a whole part; a smaller one shows a detail of it, with or without an edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.registry import RGB, Params
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal

__all__ = ["Outline", "Silhouette", "corner", "cut_out", "draw_silhouette"]

F32 = NDArray[np.float32]

PART_PX = 512


class Outline(Params):
    """A part's silhouette, and how often a picture shows it instead of a close-up.

    bevel: pixels of rounded or broken edge. thickness: pixels that the part stands above the bench.
    """

    kind: Literal["full", "disc", "ring", "plate", "slab", "gear"] = "full"
    chance: float = 1.0
    bevel: float = 3.0
    thickness: float = 14.0
    bench: RGB = (0.05, 0.05, 0.055)


@dataclass(frozen=True)
class Silhouette:
    """One drawn silhouette: signed distance into the part, (H, W) pixels, and its middle (x, y)."""

    depth: F32
    centre: tuple[float, float]


def draw_silhouette(outline: Outline, hw: tuple[int, int], rng: np.random.Generator) -> Silhouette | None:
    """The silhouette in a window that holds at least 45% part; None for a close-up."""
    seen = rng.random() < outline.chance
    if outline.kind == "full" or not seen:
        return None
    side = max(*hw, PART_PX)
    whole = {"disc": _disc, "ring": _ring, "plate": _plate, "slab": _slab, "gear": _gear}[
        outline.kind
    ](side, rng)
    top, left = corner(whole.depth, hw, rng)
    window = whole.depth[top : top + hw[0], left : left + hw[1]]
    return Silhouette(window, (whole.centre[0] - left, whole.centre[1] - top))


def cut_out(surface: Surface, silhouette: Silhouette, outline: Outline, rng: np.random.Generator) -> Surface:
    """The surface within the silhouette, the bench outside it."""
    h, w = surface.height.shape
    depth = silhouette.depth
    inside = np.clip(depth + 0.5, 0, 1)
    rounded = np.clip(depth / np.float32(outline.bevel), 0, 1)
    edge = np.float32(outline.bevel * 0.6) * (np.sqrt(rounded * (2 - rounded)) - 1)
    bench_height = -np.float32(outline.thickness) + np.float32(0.15) * blurred((h, w), rng, 1.2)
    grime = 1 + 0.025 * fractal((h, w), rng, 120, 4) + 0.05 * blurred((h, w), rng, 0.8)
    bench = np.array(outline.bench, np.float32) * grime[..., None]
    worn = 1 + np.float32(0.08) * ((depth > 0) & (depth < outline.bevel))

    def mix(part: F32, other: F32 | float) -> F32:
        return np.asarray(inside * part + (1 - inside) * other, np.float32)

    return Surface(
        height=mix(surface.height + edge, bench_height),
        albedo=np.clip(inside[..., None] * surface.albedo * worn[..., None] + (1 - inside[..., None]) * bench, 0, 1),
        roughness=mix(surface.roughness, 0.7),
        metalness=mix(surface.metalness, 0.0),
        anisotropy=mix(surface.anisotropy, 0.0),
        grain=surface.grain,
        foreground=depth > 0,
    )


def corner(whole: F32, hw: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    """Top left of a window of size hw that holds enough of the part."""
    side = whole.shape[0]
    for _ in range(24):
        top, left = (int(rng.integers(0, side - n + 1)) for n in hw)
        if float((whole[top : top + hw[0] : 4, left : left + hw[1] : 4] > 0).mean()) >= 0.45:
            return top, left
    middle = np.unravel_index(int(np.argmax(whole)), whole.shape)
    top, left = (int(np.clip(m - n // 2, 0, side - n)) for m, n in zip(middle, hw, strict=True))
    return top, left


def _axes(side: int, rng: np.random.Generator, turn: float) -> tuple[F32, F32, tuple[float, float]]:
    """Coordinates of a part laid nearly centred and turned by about `turn` radians, and its middle."""
    a, cx, cy = rng.normal(0, turn), *rng.normal(side / 2, 0.015 * side, 2)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    x, y = x - np.float32(cx), y - np.float32(cy)
    c, s = np.float32(np.cos(a)), np.float32(np.sin(a))
    return x * c - y * s, x * s + y * c, (float(cx), float(cy))


def _disc(side: int, rng: np.random.Generator) -> Silhouette:
    x, y, centre = _axes(side, rng, 0.0)
    return Silhouette(np.float32(side * rng.uniform(0.41, 0.46)) - np.hypot(x, y), centre)


def _ring(side: int, rng: np.random.Generator) -> Silhouette:
    x, y, centre = _axes(side, rng, 0.0)
    radius = np.hypot(x, y)
    outer, inner = side * rng.uniform(0.43, 0.48), side * rng.uniform(0.12, 0.2)
    return Silhouette(np.minimum(np.float32(outer) - radius, radius - np.float32(inner)), centre)


def _box(x: F32, y: F32, half: tuple[float, float], corner: float) -> F32:
    """Signed distance into a rectangle with rounded corners."""
    qx, qy = np.abs(x) - np.float32(half[0] - corner), np.abs(y) - np.float32(half[1] - corner)
    outside = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0))
    return np.asarray(np.float32(corner) - outside - np.minimum(np.maximum(qx, qy), 0), np.float32)


def _slab(side: int, rng: np.random.Generator) -> Silhouette:
    x, y, centre = _axes(side, rng, 0.02)
    half = (side * rng.uniform(0.43, 0.47), side * rng.uniform(0.4, 0.47))
    return Silhouette(_box(x, y, half, side * rng.uniform(0.004, 0.015)), centre)


def _plate(side: int, rng: np.random.Generator) -> Silhouette:
    """A plate with four drilled holes, and at times a slot."""
    x, y, centre = _axes(side, rng, 0.04)
    half = (side * rng.uniform(0.42, 0.46), side * rng.uniform(0.33, 0.45))
    depth = _box(x, y, half, side * rng.uniform(0.02, 0.06))
    hole, inset = side * rng.uniform(0.028, 0.045), side * rng.uniform(0.085, 0.11)
    for sx in (-1, 1):
        for sy in (-1, 1):
            cx, cy = np.float32(sx * (half[0] - inset)), np.float32(sy * (half[1] - inset))
            depth = np.minimum(depth, np.hypot(x - cx, y - cy) - np.float32(hole))
    if rng.random() < 0.5:
        slot = (side * rng.uniform(0.08, 0.14), side * 0.03)
        depth = np.minimum(depth, -_box(x, y, slot, side * 0.03))
    return Silhouette(np.asarray(cv2.GaussianBlur(depth, (0, 0), 0.6), np.float32), centre)


def _gear(side: int, rng: np.random.Generator) -> Silhouette:
    """A spur gear with a bore, a keyway and at times lightening holes."""
    x, y, centre = _axes(side, rng, 1.0)
    radius, theta = np.hypot(x, y), np.arctan2(y, x)
    teeth, tip = int(rng.integers(18, 37)), side * rng.uniform(0.45, 0.475)
    module = 2 * tip / (teeth + 2)
    pitch_radius = tip - module
    phase = theta * np.float32(teeth / (2 * np.pi))
    # half of the tooth's width shrinks outwards, as an involute's does
    reach = np.float32(module * np.pi) * np.abs(phase - np.round(phase)) * (radius / np.float32(pitch_radius))
    rise = (radius - np.float32(pitch_radius)) / np.float32(module)
    flank = np.float32(module) * (np.float32(0.79) - np.float32(0.36) * rise - np.float32(0.07) * rise * rise) - reach
    tooth = np.minimum(flank * np.float32(0.92), np.float32(tip) - radius)
    depth = np.maximum(np.float32(tip - 2.25 * module) - radius, tooth)
    bore = side * rng.uniform(0.07, 0.12)
    key = _box(x, y - np.float32(bore), (bore * 0.24, bore * 0.3), 1.0)
    depth = np.minimum(depth, np.minimum(radius - np.float32(bore), -key))
    if rng.random() < 0.35:
        count, ring = int(rng.choice([4, 5, 6])), 0.5 * (bore + tip - 2.25 * module)
        hole = 0.3 * (tip - 2.25 * module - bore)
        for k in range(count):
            a = 2 * np.pi * k / count
            away = np.hypot(x - np.float32(ring * np.cos(a)), y - np.float32(ring * np.sin(a)))
            depth = np.minimum(depth, away - np.float32(hole))
    return Silhouette(np.asarray(cv2.GaussianBlur(depth, (0, 0), 0.7), np.float32), centre)
