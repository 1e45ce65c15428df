"""One closed polygon along the pixel edges of one connected piece of a mask, for readers that take it as geometry.

Pixel (x, y) covers [x, x + 1) x [y, y + 1); the polygon encloses exactly the area of the piece. Travel keeps the piece
on the right; where two pixels touch at a corner alone it turns left, so that they stay in one ring. Holes are joined to
the outer border by a slit through pixel centres.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.export.slit import Depth, Pixel, depth_of, way_out
from defectgen.dataset.instance import Mask

__all__ = ["edge_polygon"]

Point = tuple[float, float]
Step = tuple[Pixel, Pixel]  # the corner an edge starts at, and the pixel of the piece on its right
# direction of travel: offset of the pixel's outside neighbour, offset of the edge's start from the pixel
SIDES = {(1, 0): ((0, -1), (0, 0)), (0, 1): ((1, 0), (1, 0)), (-1, 0): ((0, 1), (1, 1)), (0, -1): ((-1, 0), (0, 1))}


def edge_polygon(piece: Mask) -> NDArray[np.float64]:
    """(N, 2) x, y around (H, W) bool, one 8-connected piece with one pixel or more."""
    loops = sorted(_loops(piece), key=_area, reverse=True)
    outer, holes = loops[0], loops[1:]
    points: list[tuple[Point, Pixel | None]] = list(outer)
    if holes:
        depth = depth_of(piece, [pixel for _, pixel in outer], [[pixel for _, pixel in hole] for hole in holes])
        for hole in holes:
            points = _join(points, hole, depth)
    return np.array(_without_runs([point for point, _ in points]), np.float64)


def _loops(piece: Mask) -> Iterator[list[Step]]:
    edges = _edges(piece)
    while edges:
        corner = start = next(iter(edges))
        way = next(iter(edges[corner]))
        loop: list[Step] = []
        while corner in edges:
            if loop:
                way = next(one for one in (_left(way), way, _left((-way[0], -way[1]))) if one in edges[corner])
            loop.append((corner, edges[corner].pop(way)))
            if not edges[corner]:
                del edges[corner]
            corner = (corner[0] + way[0], corner[1] + way[1])
            if corner == start and _left(way) not in edges.get(corner, {}):
                break
        yield loop


def _left(way: Pixel) -> Pixel:
    return way[1], -way[0]


def _edges(piece: Mask) -> dict[Pixel, dict[Pixel, Pixel]]:
    """For each corner the directions that an edge leaves it in, with the pixel on the edge's right."""
    padded = np.pad(piece, 1)
    found: dict[Pixel, dict[Pixel, Pixel]] = {}
    for way, ((ox, oy), (sx, sy)) in SIDES.items():
        outside = ~np.roll(padded, (-oy, -ox), (0, 1))
        for y, x in np.argwhere(padded & outside) - 1:
            found.setdefault((int(x) + sx, int(y) + sy), {})[way] = (int(x), int(y))
    return found


def _area(loop: list[Step]) -> float:
    """Positive around the piece, negative around a hole."""
    x, y = np.array([corner for corner, _ in loop], np.float64).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _join(points: list[tuple[Point, Pixel | None]], hole: list[Step], depth: Depth) -> list[tuple[Point, Pixel | None]]:
    start, way = way_out([pixel for _, pixel in hole], depth)
    at = next(k for k, (_, pixel) in enumerate(points) if pixel == way[-1])
    slit: list[tuple[Point, Pixel | None]] = [((x + 0.5, y + 0.5), None) for x, y in way]
    loop = hole[start:] + hole[:start]
    return [*points[: at + 1], *slit[::-1], *loop, loop[0], *slit, (points[at][0], None), *points[at + 1 :]]


def _without_runs(points: list[Point]) -> list[Point]:
    out = []
    for before, here, after in zip(points[-1:] + points[:-1], points, points[1:] + points[:1], strict=True):
        came, goes = (here[0] - before[0], here[1] - before[1]), (after[0] - here[0], after[1] - here[1])
        straight = came[0] * goes[1] == came[1] * goes[0] and came[0] * goes[0] + came[1] * goes[1] > 0
        if not straight and here != before:
            out.append(here)
    return out
