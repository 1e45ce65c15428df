"""A pool: pictures of a set in memory at one size, with masks, boxes and classes, ready to train or to test on.

Whole pictures are resized to S x S, sides on their own: averaged over area where they shrink, linear where they grow.
A pixel of a mask belongs to a defect where any of its area does, so that hairlines survive; where two types meet, the
smaller defect stays whole. Nothing is decoded after a pool is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.instance import Mask, union
from defectgen.errors import InputError
from defectgen.image import to_rgb8
from defectgen.record import GOOD, Record

__all__ = ["Pool", "read_pool"]

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pool:
    """N pictures of side S.

    pixels: (N, S, S, 3) uint8 RGB. masks: (N, S, S) uint8, 0 background, k on defects of classes[k - 1]; all 0 where
    the record has no mask. labels: (N,) int64, 0 good, k the class of the picture's largest defect. boxes: of each
    picture (M, 5) float32: x0, y0, x1, y1 in pixels of S, x1 and y1 exclusive, then the class k. annotations: "good",
    "mask", "box" or "image" of each picture, how much is known. names: file names in their sets.
    """

    pixels: U8
    masks: U8
    labels: NDArray[np.int64]
    boxes: tuple[F32, ...]
    annotations: tuple[str, ...]
    groups: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        n, side = self.pixels.shape[:2]
        assert self.pixels.shape == (n, side, side, 3) and self.masks.shape == (n, side, side)
        assert n == len(self.labels) == len(self.boxes) == len(self.annotations) == len(self.groups) == len(self.names)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def side(self) -> int:
        """S, in pixels."""
        return int(self.pixels.shape[1])

    @property
    def good(self) -> NDArray[np.int64]:
        """Indices of the good pictures."""
        return np.flatnonzero(self.labels == 0)

    @property
    def defective(self) -> NDArray[np.int64]:
        """Indices of the pictures with a defect."""
        return np.flatnonzero(self.labels > 0)

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> Pool:
        """The pool of these pictures, in this order; one may come twice."""
        chosen = np.asarray(indices, np.int64)

        def pick(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[i] for i in chosen)

        return Pool(
            self.pixels[chosen], self.masks[chosen], self.labels[chosen], tuple(self.boxes[i] for i in chosen),
            pick(self.annotations), pick(self.groups), pick(self.names), self.classes,
        )  # fmt: skip

    @staticmethod
    def join(pools: Iterable[Pool]) -> Pool:
        """All pictures of pools with the same classes and side, in order."""
        parts = list(pools)
        first = parts[0]
        assert all(part.classes == first.classes and part.side == first.side for part in parts)
        return Pool(
            np.concatenate([part.pixels for part in parts]), np.concatenate([part.masks for part in parts]),
            np.concatenate([part.labels for part in parts]), tuple(box for part in parts for box in part.boxes),
            tuple(one for part in parts for one in part.annotations),
            tuple(one for part in parts for one in part.groups), tuple(one for part in parts for one in part.names),
            first.classes,
        )  # fmt: skip

    @cached_property
    def sha256(self) -> str:
        """Of all that training and testing see: pixels, masks, labels, boxes, annotations and classes, in order."""
        head = repr((self.pixels.shape, self.classes, self.annotations, [len(one) for one in self.boxes]))
        digest = hashlib.sha256(head.encode())
        for array in (self.pixels, self.masks, self.labels, *self.boxes):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def read_pool(owner: DefectSet, records: Sequence[Record], classes: Sequence[str], side: int) -> Pool:
    """The pool of some records of a set. InputError for a defect outside `classes`, or a file that cannot be used."""
    assert side > 0 and len(classes) < 256
    number = {GOOD: 0, **{name: k for k, name in enumerate(classes, 1)}}
    n = len(records)
    pixels, masks = np.zeros((n, side, side, 3), np.uint8), np.zeros((n, side, side), np.uint8)
    boxes = []
    for i, record in enumerate(records):
        _check_classes(owner, record, number)
        stored = owner.image(record).pixels
        pixels[i] = _resized(to_rgb8(stored), side)
        boxes.append(_scaled_boxes(record, number, stored.shape[:2], side))
        if record.mask_file_name is not None:
            masks[i] = _class_map(owner, record, number, stored.shape[:2], side)
    return Pool(
        pixels, masks, np.array([number[record.defect] for record in records], np.int64), tuple(boxes),
        tuple(record.annotation for record in records), tuple(record.group for record in records),
        tuple(record.file_name for record in records), tuple(classes),
    )  # fmt: skip


def _check_classes(owner: DefectSet, record: Record, number: dict[str, int]) -> None:
    for name in (record.defect, *record.box_labels):
        if name not in number:
            raise InputError(
                f"{owner.path}: {record.file_name} shows {name!r}; expected one of {', '.join(sorted(number))}"
            )


def _resized(rgb: U8, side: int) -> U8:
    """(S, S, 3) of (H, W, 3)."""
    import cv2

    height, width = rgb.shape[:2]
    small = cv2.resize(rgb, (min(width, side), min(height, side)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _touched(mask: Mask, side: int) -> Mask:
    """(S, S): whether any of a pixel's area lies on True pixels of (H, W)."""
    for axis in (0, 1):
        length = mask.shape[axis]
        start = np.arange(side) * length // side
        stop = -(-np.arange(1, side + 1) * length // side)
        count = np.insert(np.cumsum(mask, axis=axis, dtype=np.int32), 0, 0, axis=axis)
        mask = np.asarray(count.take(stop, axis) > count.take(start, axis))
    return mask


def _class_map(
    owner: DefectSet, record: Record, number: dict[str, int], hw: tuple[int, ...], side: int
) -> U8:
    """(S, S) class of each pixel. InputError where the mask is not as large as the picture."""
    whole = owner.mask(record)
    assert whole is not None
    if whole.shape != hw:
        raise InputError(
            f"{owner.path}: the mask of {record.file_name} is {whole.shape[1]}x{whole.shape[0]} pixels, the picture "
            f"{hw[1]}x{hw[0]}; run defectgen sets check {owner.path}"
        )
    out = np.zeros((side, side), np.uint8)
    instances = sorted(owner.instances(record), key=lambda one: -one.area)
    left = whole & ~union(instances, whole.shape)
    out[_touched(left, side)] = number[record.defect]
    for one in instances:
        out[_touched(union([one], whole.shape), side)] = number[one.defect]
    return out


def _scaled_boxes(record: Record, number: dict[str, int], hw: tuple[int, ...], side: int) -> F32:
    """(M, 5) of the record's boxes."""
    out = np.zeros((len(record.boxes), 5), np.float32)
    scale = np.array([side / hw[1], side / hw[0]] * 2)
    for k, (box, label) in enumerate(zip(record.boxes, record.box_labels, strict=True)):
        out[k] = [*(np.array(box) * scale), number[label]]
    return out
