"""One closed polygon for one connected piece of a mask, made for readers that turn vertices into whole pixels.

Such readers round (supervision) or truncate (ultralytics) the vertices and fill with the border included
(cv2.fillPoly). So the vertices stand on the border pixels of the piece, at pixel + 0.25 +- 0.24 on each axis, pushed
outwards: both readings give back exactly the piece, and single pixels and one-pixel lines keep an area, without which
trainers throw an object away. Holes are joined to the outer border by a slit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.export.slit import Depth, Pixel, depth_of, way_out
from defectgen.dataset.instance import Mask

__all__ = ["Points", "outline"]

Points = NDArray[np.float64]
Vertex = tuple[int, int, int, int]  # x, y of the pixel, and which way it is pushed: -1, 0 or 1 on each axis
CENTRE, REACH = 0.25, 0.24


def outline(piece: Mask) -> Points:
    """(N, 2) x, y of the polygon around (H, W) bool, one 8-connected piece with one pixel or more; N >= 4."""
    border, holes = _borders(piece)
    vertices = _pushed(border)
    if holes:
        depth = depth_of(piece, border, holes)
        for hole in holes:
            vertices = _join(vertices, hole, depth)
    raw = np.array(_without_runs(vertices), np.float64)
    return np.asarray(raw[:, :2] + CENTRE + REACH * raw[:, 2:])


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


def _join(vertices: list[Vertex], hole: list[Pixel], depth: Depth) -> list[Vertex]:
    """Put the hole's loop into the polygon, through its slit."""
    start, way = way_out(hole, depth)
    loop = _pushed(hole[start:] + hole[:start])
    at = next(k for k, vertex in enumerate(vertices) if vertex[:2] == way[-1])
    slit = [(x, y, 0, 0) for x, y in way[1:-1]]
    return [*vertices[: at + 1], *slit[::-1], *loop, loop[0], *slit, *vertices[at:]]


def _without_runs(vertices: list[Vertex]) -> list[Vertex]:
    """Leave out vertices in the middle of a straight run: same direction, pushed as far off it as both neighbours."""
    out: list[Vertex] = []
    for before, here, after in zip(vertices[-1:] + vertices[:-1], vertices, vertices[1:] + vertices[:1], strict=True):
        came, goes = (here[0] - before[0], here[1] - before[1]), (after[0] - here[0], after[1] - here[1])
        offs = {came[0] * one[3] - came[1] * one[2] for one in (before, here, after)}
        if came != goes or came == (0, 0) or len(offs) > 1:
            out.append(here)
    return out
