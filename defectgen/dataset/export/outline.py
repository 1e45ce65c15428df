"""One closed polygon for one connected piece of a mask, from which a rasteriser gives the piece back.

Pixel (x, y) covers [x, x + 1) x [y, y + 1). The polygon's vertices lie inside the border pixels of the piece, at
pixel + centre +- reach on each axis, pushed outwards: single pixels and one-pixel lines keep an area. A hole is joined
to the outer border by a slit that runs through pixels of the piece, there and back along the same line.

`LATTICE` suits readers that turn vertices into whole pixels and then fill with the border included (cv2.fillPoly after
rounding, as supervision, or after truncation, as ultralytics): both get exactly the border pixels. `CORNER` suits
readers that take polygons as geometry: its outline runs along the outer edges of the pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.instance import Mask

__all__ = ["CORNER", "LATTICE", "Points", "Reading", "outline"]

Points = NDArray[np.float64]
Pixel = tuple[int, int]
Vertex = tuple[int, int, int, int]  # x, y of the pixel, and which way it is pushed: -1, 0 or 1 on each axis
CROSS = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


@dataclass(frozen=True)
class Reading:
    """Where in its pixel a vertex lies: centre +- reach, in pixels."""

    centre: float
    reach: float


LATTICE = Reading(0.25, 0.24)
CORNER = Reading(0.5, 0.499)


def outline(piece: Mask, reading: Reading) -> Points:
    """(N, 2) x, y of the polygon around (H, W) bool, one 8-connected piece with one pixel or more; N >= 4."""
    border, holes = _borders(piece)
    vertices = _pushed(border)
    if holes:
        depth = _depth(piece, border, holes)
        for hole in holes:
            vertices = _join(vertices, hole, depth)
    vertices = _without_runs(vertices)
    raw = np.array(vertices, np.float64)
    return np.asarray(raw[:, :2] + reading.centre + reading.reach * raw[:, 2:])


def _borders(piece: Mask) -> tuple[list[Pixel], list[list[Pixel]]]:
    """Border pixels in order, of the outside, and of each hole the other way round."""
    import cv2

    found, levels = cv2.findContours(np.pad(piece, 1).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    loops = [[(int(x) - 1, int(y) - 1) for x, y in loop[:, 0]] for loop in found]
    outer = [loop for loop, level in zip(loops, levels[0], strict=True) if level[3] < 0]
    assert len(outer) == 1, "an outline is drawn around one connected piece"
    return outer[0], [loop for loop, level in zip(loops, levels[0], strict=True) if level[3] >= 0]


def _pushed(loop: list[Pixel]) -> list[Vertex]:
    """The loop with the outward side of each vertex; where it turns back on itself the tip becomes two vertices."""
    if len(loop) == 1:
        x, y = loop[0]
        return [(x, y, -1, -1), (x, y, -1, 1), (x, y, 1, 1), (x, y, 1, -1)]
    out: list[Vertex] = []
    for before, (x, y), after in zip(loop[-1:] + loop[:-1], loop, loop[1:] + loop[:1], strict=True):
        came, goes = (x - before[0], y - before[1]), (after[0] - x, after[1] - y)
        sides = [(-came[1], came[0]), (-goes[1], goes[0])]
        if came == (-goes[0], -goes[1]):
            out += [(x, y, *_sign(side[0] + came[0], side[1] + came[1])) for side in sides]
        else:
            out.append((x, y, *_sign(sides[0][0] + sides[1][0], sides[0][1] + sides[1][1])))
    return out


def _sign(x: int, y: int) -> Pixel:
    return (x > 0) - (x < 0), (y > 0) - (y < 0)


def _depth(piece: Mask, border: list[Pixel], holes: list[list[Pixel]]) -> NDArray[np.int32]:
    """(H, W): steps through the piece to its outer border, as far in as the holes need; -1 beyond."""
    import cv2

    inside = piece.astype(np.uint8)
    reached = np.zeros_like(inside)
    rows, columns = [y for _, y in border], [x for x, _ in border]
    reached[rows, columns] = 1
    depth = np.full(piece.shape, -1, np.int32)
    depth[rows, columns] = 0
    kernel = np.ones((3, 3), np.uint8)
    waiting = [np.array(hole).T for hole in holes]
    for step in range(1, piece.size):
        waiting = [hole for hole in waiting if not reached[hole[1], hole[0]].any()]
        if not waiting:
            break
        grown = cv2.dilate(reached, kernel) & inside
        depth[grown > reached] = step
        reached = grown
    return depth


def _join(vertices: list[Vertex], hole: list[Pixel], depth: NDArray[np.int32]) -> list[Vertex]:
    """Put the hole's loop into the polygon, through a slit along the shortest way to the outer border."""
    levels = [int(depth[y, x]) for x, y in hole]
    start = min((k for k in range(len(hole)) if levels[k] >= 0), key=lambda k: levels[k])
    loop = _pushed(hole[start:] + hole[:start])
    way = list(_descent(hole[start], depth))
    gate = way[-1] if way else hole[start]
    at = next(k for k, vertex in enumerate(vertices) if vertex[:2] == gate)
    slit = [(x, y, 0, 0) for x, y in way[:-1]]
    return [*vertices[: at + 1], *slit[::-1], *loop, loop[0], *slit, *vertices[at:]]


def _descent(pixel: Pixel, depth: NDArray[np.int32]) -> Iterator[Pixel]:
    """The pixels after `pixel` on the way to depth 0."""
    height, width = depth.shape
    x, y = pixel
    for level in range(int(depth[y, x]) - 1, -1, -1):
        near = ((x + dx, y + dy) for dx, dy in CROSS)
        x, y = next((a, b) for a, b in near if 0 <= a < width and 0 <= b < height and depth[b, a] == level)
        yield x, y


def _without_runs(vertices: list[Vertex]) -> list[Vertex]:
    """Leave out vertices in the middle of a straight run: same direction, pushed as far off it as both neighbours."""
    out: list[Vertex] = []
    for before, here, after in zip(vertices[-1:] + vertices[:-1], vertices, vertices[1:] + vertices[:1], strict=True):
        came, goes = (here[0] - before[0], here[1] - before[1]), (after[0] - here[0], after[1] - here[1])
        offs = {came[0] * one[3] - came[1] * one[2] for one in (before, here, after)}
        if came != goes or came == (0, 0) or len(offs) > 1:
            out.append(here)
    return out
