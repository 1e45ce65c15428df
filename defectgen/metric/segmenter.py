"""An estimate of label truth for sets without good pictures, by a segmenter that learned from real masks.

It learns from the training split of a real set. Its groups are dealt out: most to learn from, some to choose the
threshold, and some to find out what it can do, on defects whose masks are known. That skill is reported beside every
estimate, since an estimate is worth no more: where the segmenter misses a third of real defects, a third of a set's
masks will look blank, however true they are. Types that the real set does not have are strange to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.label_audit import LEAST_PIXELS, iou
from defectgen.metric.collection import Collection, Item
from defectgen.metric.label_truth import Judged, check_size, judge, summarise
from defectgen.metric.mask_decoder import SIDE, MaskDecoder, train_decoder
from defectgen.metric.result import Interval, LabelTruth
from defectgen.record import UNUSED

__all__ = ["LEAST_GROUPS", "LEAST_MASKS", "STEPS", "Segmenter", "deal", "estimate_truth", "train_segmenter"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LEAST_MASKS, LEAST_GROUPS = 24, 12
STEPS = 120
"""Optimiser steps, about a minute on one core."""
MOST_PICTURES = 400  # of each kind that are learned from; more would only cost memory
KEPT_FROM_TRAINING = ("val", "test", UNUSED)
SHARES = (0.6, 0.2, 0.2)  # of the groups: to learn from, to choose the threshold, to be examined on
THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(1, 20))
AT_ONCE = 16


@dataclass(frozen=True)
class Segmenter:
    """threshold: chance from which a pixel counts as defect. skill: on held-out real pictures, as if they were a set.

    strangers: the same pictures against each other's masks, which is what wrong masks come to. learned: pictures with
    masks that it learned from. false_alarms: share of held-out good pictures in which it sees a defect.
    """

    decoder: MaskDecoder
    threshold: float
    skill: LabelTruth
    strangers: LabelTruth
    learned: int
    false_alarms: float | None

    def masks(self, pictures: Sequence[U8]) -> list[Mask]:
        """Where it sees defects: a mask (H, W) of each picture (H, W, 3)."""
        return [chance >= self.threshold for chance in _chances(self.decoder, pictures)]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know to read an estimate."""
        iou, blanks, fill = (_text(value) for value in (self.skill.recovered_iou, self.skill.blanks, self.skill.fill))
        alarms = "" if self.false_alarms is None else f"; it sees a defect in {self.false_alarms:.0%} of good pictures"
        wrong = self.strangers
        return (
            f"estimated by a segmenter that learned from {self.learned} real pictures, for want of good ones",
            f"what it is worth: on {self.skill.n} held-out real pictures, masks taken as true, its IoU is {iou}, "
            f"{blanks} of the masks look blank to it and it fills {fill} of them",
            f"with the masks of other pictures its IoU would be {wrong.recovered_iou.value:.2f}, and "
            f"{wrong.blanks.value:.2f} of them blank{alarms}",
        )


def _text(value: Interval) -> str:
    bounds = "" if value.low is None or value.high is None else f" ({value.low:.2f} to {value.high:.2f})"
    return f"{value.value:.2f}{bounds}"


def train_segmenter(
    real: Collection, *, seed: int, steps: int = STEPS, on_step: Callable[[int, int], None] = lambda done, of: None
) -> Segmenter:
    """Learn from a real set's training pictures. The same seed and steps give the same segmenter.

    InputError where there are fewer than LEAST_MASKS of them with masks, or fewer than LEAST_GROUPS groups.
    """
    pool = real.keep(lambda item: item.split not in KEPT_FROM_TRAINING)
    marked = [item for item in pool.defective.items if item.mask is not None]
    groups = {_group(item) for item in marked}
    if len(marked) < LEAST_MASKS or len(groups) < LEAST_GROUPS:
        raise InputError(
            f"{real.path} has {len(marked)} training pictures with masks in {len(groups)} groups; a segmenter needs at "
            f"least {LEAST_MASKS} in {LEAST_GROUPS}: bring good pictures to compare with, or more masks"
        )
    learn, choose, examine = deal(marked, pool.good.items, np.random.default_rng(seed))
    pictures, coverage = _small(_some(learn, np.random.default_rng(seed)))
    decoder = train_decoder(pictures, coverage, steps=steps, seed=seed, on_step=on_step)
    threshold = _best_threshold(decoder, [item for item in choose if item.mask is not None])
    held_out = [item for item in examine if item.mask is not None]
    skill = summarise(list(_judged(decoder, threshold, held_out)), seed=seed, estimated=True)[0]
    strangers = summarise(list(_swapped(decoder, threshold, held_out)), seed=seed, estimated=True)[0]
    alarms = _false_alarms(decoder, threshold, [item for item in examine if item.is_good])
    return Segmenter(decoder, threshold, skill, strangers, sum(item.mask is not None for item in learn), alarms)


def estimate_truth(collection: Collection, segmenter: Segmenter, *, seed: int) -> tuple[LabelTruth, ...]:
    """As `label_truth`, with what the segmenter sees in the place of what changed; marked as estimated.

    InputError where no defective picture has a mask.
    """
    defective = collection.defective.items
    items = [item for item in defective if item.mask is not None]
    if not items:
        raise InputError(f"{collection.path} holds no defective picture with a mask; there is nothing to hold against")
    left = len(defective) - len(items)
    notes = [*segmenter.notes, *([f"{left} defective pictures have no mask"] if left else [])]
    judged = list(_judged(segmenter.decoder, segmenter.threshold, items))
    return summarise(judged, seed=seed, estimated=True, notes=notes)


def _group(item: Item) -> str:
    return item.group or item.name


def deal(
    marked: Sequence[Item], good: Sequence[Item], rng: np.random.Generator
) -> tuple[list[Item], list[Item], list[Item]]:
    """Three lots with no group in two of them; each has a share of the groups that have masks."""
    with_masks = sorted({_group(item) for item in marked})
    others = sorted({_group(item) for item in good} - set(with_masks))
    lot_of: dict[str, int] = {}
    for names in (with_masks, others):
        edges = np.cumsum(SHARES)[:2] * len(names)
        for place, index in enumerate(rng.permutation(len(names))):
            lot_of[names[int(index)]] = int(np.searchsorted(edges, place, side="right"))
    lots: tuple[list[Item], list[Item], list[Item]] = ([], [], [])
    for item in (*marked, *good):
        lots[lot_of[_group(item)]].append(item)
    return lots


def _some(items: Sequence[Item], rng: np.random.Generator) -> list[Item]:
    """Up to MOST_PICTURES with masks, and as many good ones."""
    kinds = [item for item in items if not item.is_good], [item for item in items if item.is_good]
    return [kind[int(i)] for kind in kinds for i in sorted(rng.permutation(len(kind))[:MOST_PICTURES])]


def _small(items: Sequence[Item]) -> tuple[U8, F32]:
    """Pictures and coverage at the decoder's size."""
    pictures = np.zeros((len(items), SIDE, SIDE, 3), np.uint8)
    coverage = np.zeros((len(items), SIDE, SIDE), np.float32)
    for row, item in enumerate(items):
        pixels, mask = item.pixels(), item.mask_pixels()
        pictures[row] = _resized(pixels)
        if mask is not None and not item.is_good:
            check_size(item, "mask", mask.shape, pixels.shape[:2])
            coverage[row] = cv2.resize(mask.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return pictures, coverage


def _resized(pixels: U8) -> U8:
    return np.asarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _chances(decoder: MaskDecoder, pictures: Sequence[U8]) -> Iterator[F32]:
    """The chance of a defect at each pixel of each picture's own size."""
    for first in range(0, len(pictures), AT_ONCE):
        block = pictures[first : first + AT_ONCE]
        for pixels, chance in zip(block, decoder.predict(np.stack([_resized(one) for one in block])), strict=True):
            size = (pixels.shape[1], pixels.shape[0])
            yield np.asarray(cv2.resize(chance, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _seen(decoder: MaskDecoder, items: Sequence[Item]) -> Iterator[tuple[Item, F32]]:
    """Chances of the pictures of items, which are read a few at a time."""
    for first in range(0, len(items), AT_ONCE):
        block = items[first : first + AT_ONCE]
        yield from zip(block, _chances(decoder, [item.pixels() for item in block]), strict=True)


def _true_mask(item: Item, hw: tuple[int, ...]) -> Mask:
    mask = item.mask_pixels()
    assert mask is not None
    check_size(item, "mask", mask.shape, hw)
    return mask


def _best_threshold(decoder: MaskDecoder, items: Sequence[Item]) -> float:
    """The one with the highest mean IoU on pictures that were not learned from."""
    found = np.zeros(len(THRESHOLDS))
    for item, chance in _seen(decoder, items):
        mask = _true_mask(item, chance.shape)
        found += [iou(chance >= threshold, mask) for threshold in THRESHOLDS]
    return THRESHOLDS[int(found.argmax())]


def _judged(decoder: MaskDecoder, threshold: float, items: Sequence[Item]) -> Iterator[Judged]:
    for item, chance in _seen(decoder, items):
        yield judge(item.name, item.defect, _true_mask(item, chance.shape), chance >= threshold, _group(item))


def _swapped(decoder: MaskDecoder, threshold: float, items: Sequence[Item]) -> Iterator[Judged]:
    """Each picture against the mask of one that lies far from it in the list, so hardly ever of its own group."""
    for place, (item, chance) in enumerate(_seen(decoder, items)):
        mask = items[(place + len(items) // 2) % len(items)].mask_pixels()
        assert mask is not None
        size = (chance.shape[1], chance.shape[0])
        other = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        yield judge(item.name, item.defect, np.asarray(other), chance >= threshold, _group(item))


def _false_alarms(decoder: MaskDecoder, threshold: float, items: Sequence[Item]) -> float | None:
    marked = [
        int(np.count_nonzero(chance >= threshold)) >= LEAST_PIXELS
        for _, chance in _seen(decoder, items[:MOST_PICTURES])
    ]
    return float(np.mean(marked)) if marked else None
