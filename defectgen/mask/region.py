"""Regions: words for places on a part, as a score over its pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError

__all__ = ["REGION_WORDS", "region_mask", "region_words"]

Mask = NDArray[np.bool_]
SIDES = {"top": (1, -1), "bottom": (1, 1), "left": (0, -1), "right": (0, 1)}
ALIASES = {"center": "centre", "middle": "centre", "border": "edge", "upper": "top", "lower": "bottom"}
REGION_WORDS = ("anywhere", "edge", "corner", "centre", *SIDES)


def region_words(region: str) -> tuple[str, ...]:
    """The words of a region such as "top-left" or "left edge"; InputError for a word that is none."""
    words = tuple(ALIASES.get(w, w) for w in region.lower().replace("-", " ").replace("_", " ").split())
    for word in words:
        if word not in REGION_WORDS:
            allowed = ", ".join(REGION_WORDS)
            raise InputError(f"region {region!r} has the unknown word {word!r}; use {allowed}, or two of them")
    if not words:
        raise InputError(f"region is empty; use {', '.join(REGION_WORDS)}, or two of them")
    return words


def _lowest(score: NDArray[np.float32], allowed: Mask, share: float) -> Mask:
    """The share of the allowed pixels with the lowest score."""
    limit = np.quantile(score[allowed], share)
    return np.asarray(allowed & (score <= limit))


def region_mask(region: str, part: Mask, allowed: Mask) -> Mask:
    """The allowed pixels, candidates for a defect's centre, that the region's words mean; (h, w) bool.

    part: where the part is; its outline, including where the frame cuts it, is the edge. Sides are the outer 40
    percent of the part's bounding box; "edge", "corner" and "centre" are ranks among the candidates, so that they mean
    the nearest places where the defect still fits.
    """
    words = region_words(region)
    if not allowed.any():
        return allowed
    ys, xs = np.nonzero(part)
    low, high = (xs.min(), ys.min()), (xs.max(), ys.max())
    y, x = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
    place = [(x - low[0]) / max(high[0] - low[0], 1), (y - low[1]) / max(high[1] - low[1], 1)]
    out = allowed
    for word in words:
        if word in SIDES:
            axis, side = SIDES[word]
            out = out & ((place[axis] < 0.4) if side < 0 else (place[axis] > 0.6))
    if not out.any():
        return out
    if "edge" in words:
        inset = cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        out = _lowest(np.asarray(inset, np.float32), out, 0.15)
    if "corner" in words:
        u, v = (np.minimum(p, 1 - p) for p in place)
        out = _lowest(np.hypot(u, v).astype(np.float32), out, 0.08)
    if "centre" in words:
        out = _lowest(np.hypot(place[0] - 0.5, place[1] - 0.5).astype(np.float32), out, 0.15)
    return out
