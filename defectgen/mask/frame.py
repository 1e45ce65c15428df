"""At the frame: defects that the border of their picture cut off, put so that the border of another cuts them off.

Sides are left, top, right, bottom. A defect that reached two opposite sides spans the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOWHERE", "Sides", "frame_box", "frame_sides", "reach_of", "reaches"]

Mask = NDArray[np.bool_]
Sides = tuple[bool, bool, bool, bool]
NOWHERE: Sides = (False, False, False, False)
OVERHANG = 0.2
SPAN = 1.05
LEAST_RIM = 0.5


def frame_sides(mask: Mask) -> Sides:
    """The sides of its picture that a mask (H, W) reaches."""
    return bool(mask[:, 0].any()), bool(mask[0].any()), bool(mask[:, -1].any()), bool(mask[-1].any())


def reaches(part: Mask, sides: Sides) -> bool:
    """Whether the part (H, W) is itself cut off on these sides."""
    rims = part[:, 0], part[0], part[:, -1], part[-1]
    return all(float(rim.mean()) >= LEAST_RIM for rim, wanted in zip(rims, sides, strict=True) if wanted)


def reach_of(size: tuple[int, ...], hw: tuple[int, ...], sides: Sides) -> float:
    """How many times larger a crop of (h, w) must be to span a picture of (H, W) where it is to; 1 where it does."""
    left, top, right, bottom = sides
    spans = zip(size, hw, (top and bottom, left and right), strict=True)
    return max([1.0, *(SPAN * room / length for length, room, both in spans if both)])


def frame_box(
    size: tuple[int, ...], hw: tuple[int, ...], sides: Sides, where: tuple[float, float], rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """The box (x0, y0, x1, y1) of a crop of (h, w) on a picture of (H, W): over its border by up to OVERHANG of the
    crop on the sides that are asked for, around `where`, fractions of the picture, along the others."""
    y0 = _start(size[0], hw[0], (sides[1], sides[3]), where[1], rng)
    x0 = _start(size[1], hw[1], (sides[0], sides[2]), where[0], rng)
    return x0, y0, x0 + size[1], y0 + size[0]


def _start(length: int, room: int, ends: tuple[bool, bool], where: float, rng: np.random.Generator) -> int:
    over = 1 + int(rng.uniform(0, OVERHANG) * length)
    if all(ends):
        return -int(rng.integers(max(length - room, 0) + 1))
    if any(ends):
        return -over if ends[0] else room - length + over
    return round(where * room - length / 2)
