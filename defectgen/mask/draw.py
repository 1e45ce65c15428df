"""Drawing a shape of any kind: one entry that picks the family and keeps the promised length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.mask.bars import draw_bars
from defectgen.mask.blob import draw_blob, draw_bulge, draw_hole
from defectgen.mask.bridge import draw_bridge
from defectgen.mask.chip import draw_chip
from defectgen.mask.crack import draw_crack
from defectgen.mask.fibre import draw_fibre
from defectgen.mask.fold import draw_fold
from defectgen.mask.knot import draw_knot
from defectgen.mask.params import ShapeParams, shape_params
from defectgen.mask.pattern import draw_pattern
from defectgen.mask.peel import draw_peel
from defectgen.mask.pit import draw_pit
from defectgen.mask.scratch import draw_scratch
from defectgen.mask.shape import Shape
from defectgen.mask.spatter import draw_spatter
from defectgen.mask.stain import draw_stain
from defectgen.mask.transform import enlarge_shape
from defectgen.mask.weave import draw_weave
from defectgen.recipe import Morphology

__all__ = ["MIN_LENGTH_PX", "draw_shape", "shape_extent"]

MIN_LENGTH_PX = 4.0
TRIES = 4
RESTARTS = 8
CLOSE_ENOUGH = 0.08
MIN_PIXELS = 4
# Areas cost time by the square of their length; larger ones are drawn at this length and enlarged.
AREAS = frozenset({"pit", "blob", "stain", "chip", "bulge", "peel", "hole", "bars", "pattern", "bridge", "knot"})
AREA_PX = 224.0

DRAW: dict[str, Callable[[Any, float, float, np.random.Generator], Shape]] = {
    "crack": draw_crack,
    "scratch": draw_scratch,
    "pit": draw_pit,
    "blob": draw_blob,
    "stain": draw_stain,
    "chip": draw_chip,
    "bulge": draw_bulge,
    "fold": draw_fold,
    "peel": draw_peel,
    "fibre": draw_fibre,
    "hole": draw_hole,
    "weave": draw_weave,
    "spatter": draw_spatter,
    "bars": draw_bars,
    "pattern": draw_pattern,
    "bridge": draw_bridge,
    "knot": draw_knot,
}


def shape_extent(mask: NDArray[np.bool_]) -> float:
    """Longest extent of a binary mask in pixels, 0 if it is empty."""
    ys, xs = np.nonzero(mask)
    if not len(xs):
        return 0.0
    hull = cv2.convexHull(np.stack([xs, ys], axis=1).astype(np.int32))[:, 0].astype(np.float64)
    apart = hull[:, None] - hull[None]
    return float(np.hypot(apart[..., 0], apart[..., 1]).max()) + 1.0


def draw_shape(morphology: Morphology, length_px: float, angle: float, rng: np.random.Generator) -> Shape:
    """One random shape, tightly cropped, never empty.

    length_px: longest extent of alpha >= 0.5, pixels, met within 15 percent; at least 4.
    angle: radians counter-clockwise from the x axis, the direction of the main axis.
    Raises RecipeError for parameters the kind does not have, InputError for a length below 4 px.
    """
    if not length_px >= MIN_LENGTH_PX:
        raise InputError(f"a shape of {length_px:g} px is too small; ask for at least {MIN_LENGTH_PX:g} px")
    params = shape_params(morphology.kind, morphology.params)
    best: tuple[float, Shape] | None = None
    for _ in range(RESTARTS):
        tried = _fitted(morphology.kind, params, length_px, angle, int(rng.integers(2**63)))
        if tried is not None and (best is None or tried[0] < best[0]):
            best = tried
        if best is not None and best[0] <= _tolerance(length_px):
            break
    assert best is not None, f"{morphology.kind} of {length_px} px stayed empty"
    return best[1]


def _tolerance(length: float) -> float:
    return max(CLOSE_ENOUGH, 0.8 / length)


def _fitted(kind: str, params: ShapeParams, length: float, angle: float, seed: int) -> tuple[float, Shape] | None:
    """The shape of one seed, asked for again at a corrected length until its extent fits: (error, shape)."""
    zoom = max(1.0, length / AREA_PX) if kind in AREAS else 1.0
    best: tuple[float, Shape] | None = None
    request = length
    for _ in range(TRIES):
        shape = enlarge_shape(DRAW[kind](params, request / zoom, angle, np.random.default_rng(seed)), zoom)
        mask = shape.alpha >= 0.5
        if np.count_nonzero(mask) < MIN_PIXELS:
            request *= 1.3
            continue
        extent = shape_extent(mask)
        error = abs(extent / length - 1)
        if best is None or error < best[0]:
            best = (error, shape)
        if error <= _tolerance(length):
            break
        request = float(np.clip(request * length / extent, 0.4 * length, 2.5 * length))
    return best
