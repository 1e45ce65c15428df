"""Where a window lies on a part that is drawn whole, and the bench around it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.registry import HW, RGB
from defectgen.render.outline import PART_PX, Outline, Silhouette, corner, cut_out
from defectgen.render.surface import Surface
from defectgen.render.texture import grid

__all__ = ["laid", "lines", "swell", "view"]

F32 = NDArray[np.float32]

WAVES = 9


def view(hw: HW, rng: np.random.Generator, depth: Callable[[F32, F32], F32]) -> tuple[F32, F32]:
    """x and y of each pixel, from the middle of a part `PART_PX` pixels wide; small windows show enough of it.

    depth: signed distance into the part at (x, y).
    """
    side = max(*hw, PART_PX)
    x, y = (c - np.float32(side / 2) for c in grid((side, side)))
    top, left = corner(depth(x, y), hw, rng)
    cut = (slice(top, top + hw[0]), slice(left, left + hw[1]))
    return np.ascontiguousarray(x[cut]), np.ascontiguousarray(y[cut])


def laid(
    surface: Surface, depth: F32, rng: np.random.Generator, *, thickness: float, bench: RGB, bevel: float = 1.0
) -> Surface:
    """The surface within `depth` > 0, on a bench `thickness` pixels below its zero height."""
    outline = Outline(bevel=bevel, thickness=thickness, bench=bench)
    return cut_out(surface, Silhouette(depth, (0.0, 0.0)), outline, rng)


def swell(hw: HW, rng: np.random.Generator, length: float) -> F32:
    """Slow waves about `length` pixels long, unit sigma: a sum of cosines, smooth enough for a mirror."""
    x, y = grid(hw)
    out = np.zeros(hw, np.float32)
    for _ in range(WAVES):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        k = 2 * np.pi / (length * rng.uniform(0.6, 1.7))
        out += np.cos(np.float32(k * np.cos(angle)) * x + np.float32(k * np.sin(angle)) * y + np.float32(phase))
    return np.asarray(out * np.float32(np.sqrt(2 / WAVES)), np.float32)


def lines(hw: HW, rng: np.random.Generator, angle: float, length: float, width: float) -> F32:
    """Lines about `length` long and `width` wide at an angle, unit sigma: white noise drawn out, then turned."""
    side = int(np.ceil(np.hypot(*hw))) + 8
    white = rng.standard_normal((side, side), np.float32)
    reach = (max(round(length / 2), 1), 1)
    drawn = cv2.blur(cv2.blur(white, reach, borderType=cv2.BORDER_REFLECT), reach, borderType=cv2.BORDER_REFLECT)
    drawn = cv2.GaussianBlur(drawn, (0, 0), sigmaX=0.6, sigmaY=max(width / 2.2, 0.3))
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(np.degrees(angle)), 1.0)
    turn = turn + np.array([[0, 0, (hw[1] - side) / 2], [0, 0, (hw[0] - side) / 2]])
    out = cv2.warpAffine(drawn, turn, (hw[1], hw[0]), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(out / max(float(out.std()), 1e-6), np.float32)
