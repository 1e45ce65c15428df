"""What the defects of two collections are like: their size, shape and contrast, as shares of all defects.

    size       longer side of the defect's box over the shorter side of its picture, per cent
    aspect     longer over shorter side of the smallest rectangle around the defect, 1 for a round one
    contrast   mean grey level of the defect less that of a ring around it; below 0 it is darker than its surround

Sizes of defects without a mask are those of their boxes; contrast needs a mask. The difference of two collections is
the Kolmogorov-Smirnov statistic, beside the one between two halves of the real defects, drawn by groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.band import grow
from defectgen.dataset.instance import Box, components
from defectgen.image import luminance
from defectgen.metric.collection import Collection, Item
from defectgen.metric.result import Distribution, Interval

__all__ = ["MEASURES", "DefectMeasure", "compare_measures", "ks_distance", "measure_defects"]

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
MEASURES = {"size": "% of the picture's shorter side", "aspect": "longer over shorter side", "contrast": "grey levels"}
INNER_PX, OUTER_PX = 2, 8
BINS, TAIL = 16, 0.02
HALVES, LEAST_HALVED = 100, 8


@dataclass(frozen=True)
class DefectMeasure:
    """One defect. values: by the names of MEASURES, without those that it has not."""

    defect: str
    group: str
    values: dict[str, float]


def measure_defects(collection: Collection) -> Iterator[DefectMeasure]:
    """Every defect that has a box or a mask, picture by picture."""
    for item in collection.items:
        if not item.is_good and (item.mask is not None or item.boxes):
            yield from _of_item(item)


def _of_item(item: Item) -> Iterator[DefectMeasure]:
    grey = (luminance(item.pixels().astype(np.float32) / np.float32(255)) * 255).astype(np.float32)
    mask = item.mask_pixels()
    boxes = item.boxes or (() if mask is None else tuple(one.box for one in components(item.defect, mask)))
    for box in boxes:
        values = {"size": 100 * max(box[2] - box[0], box[3] - box[1]) / min(grey.shape)}
        values["aspect"] = _aspect(box, mask)
        contrast = None if mask is None else _contrast(grey, mask, box)
        if contrast is not None:
            values["contrast"] = contrast
        yield DefectMeasure(item.defect, item.group or item.name, values)


def _aspect(box: Box, mask: Mask | None) -> float:
    x0, y0, x1, y1 = box
    sides: tuple[float, float] = (x1 - x0, y1 - y0)
    if mask is not None and mask[y0:y1, x0:x1].any():
        ys, xs = np.nonzero(mask[y0:y1, x0:x1])
        between = cv2.minAreaRect(np.stack([xs, ys], axis=1).astype(np.float32))[1]
        # From the outer edges of the pixels, not between their centres
        sides = (between[0] + 1, between[1] + 1)
    return max(sides) / min(sides)


def _contrast(grey: NDArray[np.float32], mask: Mask, box: Box) -> float | None:
    """None where the box holds no mask, or the defect leaves no ring around it."""
    x0, y0 = max(box[0] - OUTER_PX, 0), max(box[1] - OUTER_PX, 0)
    view = slice(y0, box[3] + OUTER_PX), slice(x0, box[2] + OUTER_PX)
    inside = np.zeros_like(mask[view])
    own = slice(box[1] - y0, box[3] - y0), slice(box[0] - x0, box[2] - x0)
    inside[own] = mask[view][own]
    ring = grow(inside, OUTER_PX) & ~grow(mask[view], INNER_PX)
    if not inside.any() or not ring.any():
        return None
    return float(grey[view][inside].mean() - grey[view][ring].mean())


def compare_measures(
    synth: list[DefectMeasure], real: list[DefectMeasure], defect: str | None, seed: int
) -> list[Distribution]:
    """One distribution a measure that both sides have; over one defect type, or over all of them."""
    sides = [[one for one in side if defect in (None, one.defect)] for side in (synth, real)]
    found = []
    for measure, unit in MEASURES.items():
        ours, theirs = ([one for one in side if measure in one.values] for side in sides)
        if ours and theirs:
            found.append(_compare(measure, unit, defect, ours, theirs, seed))
    return found


def _compare(
    measure: str, unit: str, defect: str | None, ours: list[DefectMeasure], theirs: list[DefectMeasure], seed: int
) -> Distribution:
    a, b = (np.array([one.values[measure] for one in side]) for side in (ours, theirs))
    edges = _edges(np.concatenate([a, b]))
    return Distribution(
        measure=measure, unit=unit, defect=defect, n_set=len(a), n_real=len(b), edges=tuple(edges.tolist()),
        share_set=_shares(a, edges), share_real=_shares(b, edges), median_set=float(np.median(a)),
        median_real=float(np.median(b)), ks=ks_distance(a, b),
        floor=_floor(b, [one.group for one in theirs], len(a), np.random.default_rng([seed, 7])),
    )  # fmt: skip


def _edges(values: F64) -> F64:
    low, high = np.quantile(values, [TAIL, 1 - TAIL])
    if high - low < 1e-6:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, BINS + 1)


def _shares(values: F64, edges: F64) -> tuple[float, ...]:
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    return tuple((counts / len(values)).tolist())


def ks_distance(a: F64, b: F64) -> float:
    """The greatest difference of the cumulative distributions of two samples, in [0, 1]."""
    a, b = np.sort(a), np.sort(b)
    points = np.concatenate([a, b])
    shares = [np.searchsorted(one, points, side="right") / len(one) for one in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())


def _floor(values: F64, groups: list[str], n_set: int, rng: np.random.Generator) -> Interval | None:
    """Between halves of whole groups, at most as many values each as the set has; None for fewer than LEAST_HALVED."""
    names, index = np.unique(groups, return_inverse=True)
    if len(names) < LEAST_HALVED:
        return None
    found = []
    for _ in range(HALVES):
        first = np.isin(index, rng.permutation(len(names))[: len(names) // 2])
        halves = [rng.permutation(values[side])[:n_set] for side in (first, ~first)]
        found.append(ks_distance(*halves))
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(value=float(np.mean(found)), low=float(low), high=float(high))
