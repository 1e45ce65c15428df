"""Drift: what changed in the background of pictures whose good twins are there.

Everything outside the mask, grown by the band that the set allows itself (`Sample.band_px`; BAND_PX where a set names
none, 4 px: the reach of a 9-tap blur or of a JPEG block beside an edge), ought to be as it was. Changes are the
largest over the channels, in 8-bit grey levels; shares and means are of the background's pixels of each picture, then
over pictures. Intervals draw groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.band import grow
from defectgen.errors import InputError
from defectgen.image import Pixels, full_scale, grey_levels, read_picture, to_rgb
from defectgen.metric.bootstrap import draw_groups, group_index, interval_of
from defectgen.metric.collection import Collection, Item
from defectgen.metric.result import Drift, Interval
from defectgen.sample import Sample

__all__ = ["BAND_PX", "SHOWN", "drift"]

BAND_PX = 4
SHOWN = 8
RESAMPLES = 1000
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Moved:
    """The background of one picture: share of its pixels that changed, mean and largest change in grey levels."""

    item: Item
    share: float
    mean: float
    worst: float


def drift(collection: Collection, *, seed: int) -> Drift | None:
    """The drift of the pictures with a mask and a good twin; None where there is none.

    InputError where a picture, its mask and its good twin are not of one size.
    """
    moved = [found for item in collection.items if (found := _moved(item)) is not None]
    if not moved:
        return None
    index = group_index([one.item.group for one in moved], [one.item.name for one in moved])
    weights = draw_groups(index, RESAMPLES, np.random.default_rng(seed)).of_rows
    ranked = sorted((one for one in moved if one.worst > 0), key=lambda one: (-one.mean, -one.worst, one.item.name))
    return Drift(
        n=len(moved),
        changed_share=_interval(np.array([one.share for one in moved]), weights, (0.0, 1.0)),
        mean_change=_interval(np.array([one.mean for one in moved]), weights, (0.0, 255.0)),
        worst_change=max(one.worst for one in moved),
        worst=tuple(one.item.name for one in ranked[:SHOWN]),
    )


def _interval(values: F64, weights: F64, bounds: tuple[float, float]) -> Interval:
    """Mean over pictures; no bounds where all are of one group. weights: (n, 1 + R), the set itself first."""
    means = (values @ weights) / weights.sum(axis=0)
    return interval_of(float(means[0]), means[1:] if len(np.unique(weights[:, 1:])) > 1 else means[:0], bounds=bounds)


def _moved(item: Item) -> Moved | None:
    if item.good is None or item.mask is None or item.is_good:
        return None
    mask = item.mask_pixels()
    assert mask is not None
    pixels, good = read_picture(item.image, min_side=1).pixels, read_picture(item.good, min_side=1).pixels
    for other, path in ((mask, item.mask), (good, item.good)):
        if other.shape[:2] != pixels.shape[:2]:
            raise InputError(
                f"{path} is {other.shape[1]}x{other.shape[0]} pixels; expected {pixels.shape[1]}x{pixels.shape[0]}, as "
                f"{item.image}: give each picture a mask and a good twin of its own size"
            )
    band = item.record.band_px if isinstance(item.record, Sample) else BAND_PX
    background = ~grow(mask, band)
    if not background.any():
        return None
    change = _change(good, pixels)[background]
    return Moved(item, float((change > 0).mean()), float(change.mean(dtype=np.float64)), float(change.max()))


def _change(good: Pixels, pixels: Pixels) -> F32:
    """(H, W) grey levels; where only one of the two is grey, or deeper, both are seen as RGB."""
    if good.shape == pixels.shape and good.dtype == pixels.dtype:
        return grey_levels(good, pixels)
    # A value that either depth can hold differs by less than half a step of the coarser one
    step = max(1 / full_scale(good), 1 / full_scale(pixels))
    difference = np.abs(to_rgb(pixels) - to_rgb(good)).max(axis=2)
    return np.asarray(np.where(difference > step / 2, difference, 0) * 255, np.float32)
