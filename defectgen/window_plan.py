"""Where an engine looks: square windows over the defects of one picture.

Defects that lie close together form a group and are edited as one. A group that fits is seen at native resolution;
a larger one is scaled down; a long hairline, which scaling would erase, is covered by overlapping tiles instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from defectgen.mask.placement import Instance
from defectgen.source import Box

__all__ = ["Group", "plan_windows"]

CONTEXT = 1.3  # window side over defect extent, at native resolution
CONTEXT_SCALED = 1.6  # the same where the window is scaled down
CONTEXT_TIGHT = 1.15  # the least, where the picture itself is small
NEAR_PX = 8  # defects whose boxes come closer than twice this are one group
LEAST_WIDTH = 1.4  # pixels a defect must keep in the window before tiling sets in
OVERLAP = 0.3  # of neighbouring tiles
MAX_TILES = 4


@dataclass(frozen=True)
class Group:
    """Defects edited together.

    members: indices of the instances.
    tiles: square boxes (x0, y0, x1, y1), all of one side; they may reach beyond the picture, which is mirrored there.
    zoom: picture pixels a window pixel, below 1 where the picture is enlarged.
    """

    members: tuple[int, ...]
    tiles: tuple[Box, ...]
    zoom: float


def plan_windows(instances: Sequence[Instance], hw: tuple[int, int], window_px: int) -> list[Group]:
    """Groups of near instances with the windows that show them."""
    groups = [([index], instance.box) for index, instance in enumerate(instances)]
    merged = True
    while merged:
        merged = _merge_one(groups)
    return [_plan_group(tuple(sorted(members)), box, instances, hw, window_px) for members, box in groups]


def _merge_one(groups: list[tuple[list[int], Box]]) -> bool:
    for i in range(len(groups)):
        for j in range(i + 1, len(groups)):
            if _near(groups[i][1], groups[j][1]):
                members, box = groups.pop(j)
                groups[i] = (groups[i][0] + members, _around(groups[i][1], box))
                return True
    return False


def _near(a: Box, b: Box) -> bool:
    gap_x = max(a[0], b[0]) - min(a[2], b[2])
    gap_y = max(a[1], b[1]) - min(a[3], b[3])
    return max(gap_x, gap_y) < 2 * NEAR_PX


def _around(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _plan_group(
    members: tuple[int, ...], box: Box, instances: Sequence[Instance], hw: tuple[int, int], window_px: int
) -> Group:
    side = _side(box, hw, window_px)
    zoom = side / window_px
    finest = max(1.0, _least_width([instances[i] for i in members]) / LEAST_WIDTH)
    if zoom > finest:
        for fine in np.geomspace(finest, zoom, 6)[:-1]:
            tiles = _tile(box, members, instances, hw, round(window_px * fine))
            if len(tiles) <= MAX_TILES:
                return Group(members, tiles, round(window_px * fine) / window_px)
    x = _slide((box[0] + box[2] - side) // 2, side, hw[1])
    y = _slide((box[1] + box[3] - side) // 2, side, hw[0])
    return Group(members, ((x, y, x + side, y + side),), zoom)


def _side(box: Box, hw: tuple[int, int], window_px: int) -> int:
    extent = max(box[2] - box[0], box[3] - box[1])
    if extent * CONTEXT <= window_px:
        return window_px
    tight = max(window_px, round(extent * CONTEXT_TIGHT))
    return max(tight, min(round(extent * CONTEXT_SCALED), min(hw)))


def _least_width(members: Sequence[Instance]) -> float:
    """Typical width of the thinnest instance, pixels."""
    return min(float(np.median(2 * one.shape.half_width[one.shape.alpha >= 0.5])) for one in members)


def _slide(start: int, side: int, length: int) -> int:
    """Start of a window that stays inside the picture, or is centred on it where the picture is smaller."""
    if side >= length:
        return (length - side) // 2
    return int(np.clip(start, 0, length - side))


def _tile(
    box: Box, members: tuple[int, ...], instances: Sequence[Instance], hw: tuple[int, int], side: int
) -> tuple[Box, ...]:
    """Overlapping tiles over a box, those without any defect left out."""
    margin = round(side * OVERLAP / 2)
    columns = _starts(box[0] - margin, box[2] + margin, side, hw[1])
    rows = _starts(box[1] - margin, box[3] + margin, side, hw[0])
    tiles = [(x, y, x + side, y + side) for y in rows for x in columns]
    return tuple(tile for tile in tiles if any(_touches(instances[i], tile) for i in members))


def _starts(low: int, high: int, side: int, length: int) -> list[int]:
    steps = max(0, int(np.ceil((high - low - side) / (side * (1 - OVERLAP)))))
    wanted = np.linspace(low, max(low, high - side), steps + 1).round().astype(int)
    starts = sorted({_slide(int(start), side, length) for start in wanted})
    assert all(b - a <= side for a, b in pairwise(starts)), "tiles leave a gap"
    return starts


def _touches(instance: Instance, tile: Box) -> bool:
    x0, y0 = instance.box[:2]
    rows = slice(max(0, tile[1] - y0), max(0, tile[3] - y0))
    columns = slice(max(0, tile[0] - x0), max(0, tile[2] - x0))
    return bool((instance.shape.alpha[rows, columns] > 0.2).any())
