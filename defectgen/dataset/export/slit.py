"""The slit that joins a hole of a mask to its outer border, so that one ring of points can go around both.

It runs through pixels of the piece, from the hole's border the shortest way out, one of the eight neighbours a step;
drawn there and back along the same line it takes nothing from the piece.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.instance import Mask

__all__ = ["Depth", "Pixel", "depth_of", "way_out"]

Pixel = tuple[int, int]  # x, y
Depth = NDArray[np.int32]
AROUND = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


def depth_of(piece: Mask, border: Sequence[Pixel], holes: Sequence[Sequence[Pixel]]) -> Depth:
    """(H, W): steps through the piece to its outer border, as far in as the holes' borders need; -1 beyond."""
    import cv2

    inside = piece.astype(np.uint8)
    reached = np.zeros_like(inside)
    rows, columns = [y for _, y in border], [x for x, _ in border]
    reached[rows, columns] = 1
    depth = np.full(piece.shape, -1, np.int32)
    depth[rows, columns] = 0
    kernel = np.ones((3, 3), np.uint8)
    waiting = [np.array(hole).T for hole in holes]
    for step in range(1, piece.size + 1):
        waiting = [hole for hole in waiting if not reached[hole[1], hole[0]].any()]
        if not waiting:
            break
        grown = np.asarray(cv2.dilate(reached, kernel), np.uint8) & inside
        depth[grown > reached] = step
        reached = grown
    return depth


def way_out(hole: Sequence[Pixel], depth: Depth) -> tuple[int, list[Pixel]]:
    """Which of the hole's border pixels lies nearest to the outside, and the pixels from it to the outer border."""
    levels = [int(depth[y, x]) for x, y in hole]
    start = min((k for k in range(len(hole)) if levels[k] >= 0), key=lambda k: levels[k])
    height, width = depth.shape
    way = [hole[start]]
    for level in range(levels[start] - 1, -1, -1):
        near = [(way[-1][0] + dx, way[-1][1] + dy) for dx, dy in AROUND]
        way.append(next((x, y) for x, y in near if 0 <= x < width and 0 <= y < height and depth[y, x] == level))
    return start, way
