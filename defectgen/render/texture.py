"""Random fields that surfaces are built from; all (H, W) float32, lengths in pixels, y down.

A field is value noise on its own coordinates, so grain may be as long, as fine, as curved and as turned as wished;
or white noise, blurred; or cells round random seeds (Worley 1996).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["blurred", "cells", "fractal", "frame", "grid", "noise", "speckle", "streaks"]

F32 = NDArray[np.float32]
HW = tuple[int, int]

LATTICE = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if abs(dy) + abs(dx) < 3]


def grid(hw: HW) -> tuple[F32, F32]:
    """x and y of each pixel."""
    y, x = np.mgrid[0 : hw[0], 0 : hw[1]]
    return x.astype(np.float32), y.astype(np.float32)


def frame(hw: HW, angle: float) -> tuple[F32, F32]:
    """Coordinates along and across a direction given in radians counter-clockwise from the x axis."""
    x, y = grid(hw)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * c - y * s, x * s + y * c


def noise(
    u: F32, v: F32, rng: np.random.Generator, cell: tuple[float, float], period: float | None = None
) -> F32:
    """Smooth noise of about unit sigma at coordinates (u, v), with one random value a cell.

    period: length after which u comes round to its start, as the way round a circle does.
    """
    mu, mv = u - u.min(), (v - v.min()) / np.float32(cell[1]) + 2
    count = max(round(period / cell[0]), 3) if period else 0
    mu = mu * np.float32(count / period) if period else mu / np.float32(cell[0])
    rows, columns = int(mv.max()) + 4, count or int(mu.max()) + 6
    table = rng.standard_normal((rows, columns), np.float32)
    if count:
        table = np.pad(table, ((0, 0), (2, 4)), mode="wrap")
    shift = rng.random(2)
    mu, mv = np.asarray(mu + np.float32(2 + shift[0]), np.float32), np.asarray(mv + np.float32(shift[1]), np.float32)
    out = cv2.remap(table, mu, mv, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(out * np.float32(1.3), np.float32)


def fractal(hw: HW, rng: np.random.Generator, cell: float, octaves: int = 4, gain: float = 0.5) -> F32:
    """Octaves of noise from `cell` pixels downwards, each turned another way, about unit sigma."""
    out = np.zeros(hw, np.float32)
    total = 0.0
    for k in range(octaves):
        u, v = frame(hw, float(rng.uniform(0, np.pi)))
        size = max(cell / 2**k, 1.0)
        out += noise(u, v, rng, (size, size)) * np.float32(gain**k)
        total += gain ** (2 * k)
    return np.asarray(out / np.float32(np.sqrt(total)), np.float32)


def blurred(hw: HW, rng: np.random.Generator, sigma: float) -> F32:
    """White noise blurred by sigma pixels, unit sigma."""
    white = rng.standard_normal(hw, np.float32)
    if sigma < 0.2:
        return white
    soft = cv2.GaussianBlur(white, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(soft / max(float(soft.std()), 1e-6), np.float32)


def streaks(along: F32, across: F32, rng: np.random.Generator, length: float, width: float) -> F32:
    """Lines that run along the first coordinate, about unit sigma."""
    return noise(along, across, rng, (length, width))


def speckle(hw: HW, rng: np.random.Generator, density: float, sigma: tuple[float, float]) -> F32:
    """Soft round dots, `density` of them a pixel, with radii between the two sigmas; peak near 1."""
    out = np.zeros(hw, np.float32)
    for radius in np.geomspace(sigma[0], sigma[1], 3):
        hits = (rng.random(hw, np.float32) < density / 3).astype(np.float32)
        hits *= rng.uniform(0.4, 1.0, hw).astype(np.float32)
        out += cv2.GaussianBlur(hits, (0, 0), radius) * np.float32(2 * np.pi * radius**2)
    return out


def cells(hw: HW, rng: np.random.Generator, spacing: float, warp: float = 0.0) -> tuple[NDArray[np.intp], F32, F32]:
    """Cells about `spacing` wide: index of the nearest seed, distance to it and to the second nearest.

    Seeds lie one to a square of a turned lattice, anywhere in it; the 13 squares around are searched.
    """
    x, y = frame(hw, float(rng.uniform(0.2, 1.3)))
    if warp > 0:
        x = x + np.float32(warp) * fractal(hw, rng, spacing / 2, 2)
        y = y + np.float32(warp) * fractal(hw, rng, spacing / 2, 2)
    x, y = (c / np.float32(spacing) - np.float32((c / np.float32(spacing)).min() - 3) for c in (x, y))
    column, row = x.astype(np.intp), y.astype(np.intp)
    width = int(column.max()) + 4
    seed_x, seed_y = rng.uniform(0.08, 0.92, (2, (int(row.max()) + 4) * width)).astype(np.float32)
    square = row * width + column
    fx, fy = np.asarray(x - column, np.float32), np.asarray(y - row, np.float32)
    index = np.zeros(hw, np.intp)
    first, second = np.full(hw, np.inf, np.float32), np.full(hw, np.inf, np.float32)
    for dy, dx in LATTICE:
        there = square + (dy * width + dx)
        across, down = seed_x.take(there) + (np.float32(dx) - fx), seed_y.take(there) + (np.float32(dy) - fy)
        distance = across * across + down * down
        np.copyto(index, there, where=distance < first)
        np.minimum(second, np.maximum(first, distance), out=second)
        np.minimum(first, distance, out=first)
    return index, np.sqrt(first) * np.float32(spacing), np.sqrt(second) * np.float32(spacing)
