"""Background windows: good surface of a set's pictures, each beside the same place of an untouched picture.

A window lies where the mask, grown by its band, does not reach. Its partner is cut at the same relative place, with the
same size in pixels, from a good picture of another group: what is compared then differs in content by chance alone,
and not in place, size or resolution. Untouched pictures are the set's own good twins, or else those of the real set.

Groups go in couples, each the other's partner, and a couple is what must stay on one side of a split: a classifier
that learned one window of a pair would otherwise take the other one, which looks like it, for the wrong side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.band import grow
from defectgen.metric.collection import Collection, Item, read_rgb
from defectgen.sample import Sample

__all__ = ["BackgroundPair", "Spot", "background_pairs", "untouched"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]

GUARD_PX = 8  # around masks whose blend band is not known
LARGEST_PX, LEAST_PX = 128, 64
PER_PICTURE = 2


@dataclass(frozen=True)
class Spot:
    """A window. name: of its picture and place. group: its couple. pixels: (side, side, 3) uint8."""

    name: str
    group: str
    pixels: U8


@dataclass(frozen=True)
class BackgroundPair:
    """A window of the set and its partner, of one size."""

    ours: Spot
    untouched: Spot


def untouched(synth: Collection, real_good: Collection | None) -> tuple[tuple[Item, ...], bool]:
    """Items whose `good` or, failing that, own picture is untouched, and whether they are the set's own twins."""
    twins = tuple(item for item in synth.items if item.good is not None)
    if twins:
        return twins, True
    return (() if real_good is None else tuple(item for item in real_good.items if item.is_good)), False


def background_pairs(
    synth: Collection, real_good: Collection | None, most: int, rng: np.random.Generator
) -> Iterator[BackgroundPair]:
    """At most `most` pairs, the set's pictures in random order, PER_PICTURE windows each."""
    couples = _couples(synth, real_good, rng)
    count = 0
    for at in rng.permutation(len(synth.items)):
        item = synth.items[int(at)]
        couple, partners = couples.get(item.group, ("", ()))
        if not partners:
            continue
        pixels, corners, side = _free(item, rng)
        for y, x in corners:
            partner = partners[int(rng.integers(len(partners)))]
            other = _same_place((x, y), side, (pixels.shape[0], pixels.shape[1]), partner, couple)
            if other is None:
                continue
            yield BackgroundPair(_cut(f"{item.name} at {x},{y}", couple, pixels, x, y, side), other)
            count += 1
            if count == most:
                return


def _couples(
    synth: Collection, real_good: Collection | None, rng: np.random.Generator
) -> dict[str, tuple[str, tuple[Item, ...]]]:
    """For each group of the set the name of its couple, and the untouched pictures of its partner."""
    partners, own = untouched(synth, real_good)
    by_group: dict[str, list[Item]] = {}
    for item in partners:
        by_group.setdefault(item.group, []).append(item)
    ours = sorted({item.group for item in synth.items})
    if own:
        with_twins = [group for group in ours if group in by_group]
        names = [with_twins[i] for i in rng.permutation(len(with_twins))]
        return {a: (couple, tuple(by_group[b])) for a, b, couple in _in_couples(names)}
    others = sorted(set(by_group) - set(ours))
    others = [others[i] for i in rng.permutation(len(others))]
    pairs = [(group, others[i % len(others)]) for i, group in enumerate(ours)] if others else []
    return {a: (b, tuple(by_group[b])) for a, b in pairs}


def _in_couples(names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Each name with its partner and its couple; an odd last one makes a ring of three."""
    whole = [list(names[i : i + 2]) for i in range(0, len(names) - 1, 2)]
    if whole and len(names) % 2:
        whole[-1].append(names[-1])
    for members in whole:
        for at, name in enumerate(members):
            yield name, members[(at + 1) % len(members)], members[0]


def _free(item: Item, rng: np.random.Generator) -> tuple[U8, list[tuple[int, int]], int]:
    """A picture, corners (y, x) of windows clear of its defects, and their side; no corner where no mask is known."""
    pixels = item.pixels()
    height, width = pixels.shape[:2]
    side = min(LARGEST_PX, max(LEAST_PX, min(height, width) // 3))
    closed = _closed(item, (height, width))
    if closed is None or min(height, width) < side:
        return pixels, [], side
    corners = np.argwhere(_clear(closed, side))
    picked = corners[rng.permutation(len(corners))[:PER_PICTURE]]
    return pixels, [(int(y), int(x)) for y, x in picked], side


def _clear(mask: Mask, side: int) -> Mask:
    """(H - side + 1, W - side + 1): whether the window with this corner holds nothing of the mask."""
    total = cv2.integral(mask.astype(np.uint8))
    inside = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    return np.asarray(inside == 0)


def _closed(item: Item, hw: tuple[int, int]) -> Mask | None:
    """Where no background window may reach; None where nobody knows."""
    if item.is_good:
        return np.zeros(hw, np.bool_)
    mask = item.mask_pixels()
    if mask is None:
        return None
    return grow(mask, item.record.band_px if isinstance(item.record, Sample) else GUARD_PX)


def _same_place(xy: tuple[int, int], side: int, hw: tuple[int, int], partner: Item, couple: str) -> Spot | None:
    """The window at the same relative place of the partner; None where the partner is too small."""
    pixels = read_rgb(partner.good or partner.image)
    height, width = pixels.shape[:2]
    if min(height, width) < side:
        return None
    x = round(xy[0] * (width - side) / max(1, hw[1] - side))
    y = round(xy[1] * (height - side) / max(1, hw[0] - side))
    return _cut(f"{partner.name} good at {x},{y}", couple, pixels, x, y, side)


def _cut(name: str, group: str, pixels: U8, x: int, y: int, side: int) -> Spot:
    return Spot(name, group, np.ascontiguousarray(pixels[y : y + side, x : x + side]))
