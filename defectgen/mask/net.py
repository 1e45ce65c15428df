"""Nets of cracks that close into cells: crazed glaze, alligator hide, mud.

The cells are those of a Voronoi diagram (Voronoi 1908) of loosely spaced seeds, moved once towards their cells' centres
(Lloyd 1982); every wall is walked with a little sway between its two fixed ends, so that no cell is left open. Lengths
are pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from defectgen.mask.stroke import MIN_RADIUS, Stroke, smooth_noise

__all__ = ["cell_net"]

F64 = NDArray[np.float64]
LEAST_CELL_PX = 6.0
FEWEST = 3
SPURS = 0.35


def cell_net(
    length: float, radius: float, cells: int, tortuosity: float, rng: np.random.Generator
) -> list[Stroke]:
    """Walls of about `cells` closed cells along x, no cell narrower than a few pixels, with spurs that run out."""
    aspect = rng.uniform(0.5, 0.95)
    most = 0.7 * aspect * (length / (LEAST_CELL_PX + 4 * radius)) ** 2
    seeds = _seeds(max(FEWEST, int(min(cells, most))), aspect, rng)
    diagram = Voronoi(seeds)
    kept = _kept(diagram, seeds, aspect, rng)
    strokes = []
    for (a, b), ridge in zip(diagram.ridge_points, diagram.ridge_vertices, strict=True):
        inside = int(kept[a]) + int(kept[b])
        if -1 in ridge or (inside == 0 and rng.random() > SPURS):
            continue
        ends = diagram.vertices[ridge] * length
        if inside == 0 and not _touches(ridge, diagram, kept):
            continue
        strokes.append(_wall(ends, radius, inside, tortuosity, rng))
    return strokes


def _seeds(count: int, aspect: float, rng: np.random.Generator) -> F64:
    """Seeds over a field larger than the body, in units of the length; about `count` of them inside it."""
    pitch = float(np.sqrt(np.pi / 4 * aspect / count))
    reach = 0.5 + 3 * pitch
    ticks = np.arange(-reach, reach, pitch)
    grid = np.stack(np.meshgrid(ticks, ticks * 0.93), axis=-1)
    grid[1::2, :, 0] += pitch / 2
    seeds = grid.reshape(-1, 2) + rng.normal(0, 0.3 * pitch, (grid.shape[0] * grid.shape[1], 2))
    return _relaxed(seeds)


def _relaxed(seeds: F64) -> F64:
    """Each seed half-way to the middle of its cell's corners."""
    diagram = Voronoi(seeds)
    out = seeds.copy()
    for k, region in enumerate(diagram.point_region):
        corners = diagram.regions[region]
        if corners and -1 not in corners:
            out[k] = (seeds[k] + diagram.vertices[corners].mean(axis=0)) / 2
    return out


def _kept(diagram: Voronoi, seeds: F64, aspect: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which cells belong to the net: those in a ragged ellipse, at least the few nearest to its middle."""
    turn = np.arctan2(seeds[:, 1], seeds[:, 0] * aspect)
    ragged = 1 + 0.18 * np.sin(2 * turn + rng.uniform(0, 6)) + 0.12 * np.sin(5 * turn + rng.uniform(0, 6))
    away = np.hypot(seeds[:, 0], seeds[:, 1] / aspect) / ragged
    bounded = np.array([bool(r := diagram.regions[i]) and -1 not in r for i in diagram.point_region])
    away = np.where(bounded, away, np.inf)
    return np.asarray((away < 0.5) | (np.argsort(np.argsort(away)) < FEWEST))


def _touches(ridge: list[int], diagram: Voronoi, kept: NDArray[np.bool_]) -> bool:
    """Whether a wall outside of the net starts at one of its corners."""
    corners = {v for k in np.flatnonzero(kept) for v in diagram.regions[diagram.point_region[k]]}
    return len(corners & set(ridge)) == 1


def _wall(ends: F64, radius: float, inside: int, tortuosity: float, rng: np.random.Generator) -> Stroke:
    """One wall with its ends fixed, wider where it parts two cells; `inside` 0 is a spur that runs out."""
    step = ends[1] - ends[0]
    reach = float(np.hypot(*step))
    n = int(np.clip(reach / 1.5, 4, 200))
    t = np.linspace(0, 1, n)
    sway = 0.22 * tortuosity * reach * np.sin(np.pi * t) * smooth_noise(n, max(3.0, reach / 8), rng)
    across = np.array([-step[1], step[0]]) / max(reach, 1e-6)
    points = ends[0] + t[:, None] * step + sway[:, None] * across
    usual = radius * (0.45, 0.75, 1.0)[inside] * rng.uniform(0.6, 1.3)
    width = usual * np.exp(0.35 * smooth_noise(n, max(3.0, reach / 10), rng))
    depth = np.clip(rng.uniform(0.7, 1.0) + 0.2 * smooth_noise(n, 4, rng), 0.4, 1)
    return Stroke(points, np.maximum(width, MIN_RADIUS), depth)
