"""Matching defects: what a mask shows of one picture, found in another one, wherever and however it lies there.

A *patch* is the box of a defect with P points on it: the pixels that its mask shows. It is laid over the box of another
patch in eight ways (turned and mirrored), stretched to the same size, and its sides are moved by up to a tenth of it,
since two masks of one defect seldom end at the same pixel. The likeness of a pose is the correlation of the grey values
at the points, so neither light nor contrast count, nor anything outside the mask.

Dark blobs look like dark blobs. What tells a copy is how far the best match stands out from the best one of another
piece, its *rival*:

    score = sqrt(n) (artanh(r) - artanh(rival)),  n points

artanh(r) is Fisher's transform (1915), whose spread under independence is 1 / sqrt(n); the ratio of best and second
best is Lowe's test for keypoints (2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.image import LUMA
from defectgen.metric.collection import Collection, Item
from defectgen.metric.view import View

__all__ = ["LEAST_POINTS", "Bank", "Match", "Patch", "patches"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

FINE, COARSE = 64, 32
GROWN = 0.15  # a patch is known this far around its box, in sides of the box
MOST_POINTS = 400
LEAST_POINTS = 30
"""A mask of fewer pixels is too small to tell whose defect it shows."""
INSIDE = 60  # with so many pixels away from the mask's rim, the rim is left out: it is blended
LEAST_CONTRAST = 1.0  # grey levels; below it there is nothing to correlate
SLOW = 0.1  # of a whole picture, what is wider than this share of its side is light
STARTS = ((0.0, 0.0), (0.08, 0.0), (0.0, 0.08), (0.05, -0.05), (-0.05, 0.05))
STEPS = (0.04, 0.02, 0.01)
MOST_MOVED = 0.13
REFINED = 12
LIKE_ANY = 0.6  # what chance gives at least: the likeness of the best of a few hundred strangers is seldom below
MOST_LIKE = 0.999


@dataclass(frozen=True)
class Patch:
    """One defect of a picture. number: of its box among the picture's crops. at: (n, 2) float32, rows and columns of
    its points in sides of the box. values, good: (n,) float32 grey levels there, of the picture and of its good twin.
    fine: (FINE, FINE) float32 grey levels of the grown box. hw: of the picture.
    """

    item: Item
    number: int
    box: Box
    at: F32
    values: F32
    good: F32 | None
    fine: F32
    hw: tuple[int, int]

    @property
    def group(self) -> str:
        return self.item.group or self.item.name

    @property
    def n(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Match:
    """The best match of a patch: row of the bank, correlation in [-1, 1], the rival's, and the score."""

    row: int
    correlation: float
    rival: float
    score: float


def patches(collection: Collection, view: View, seed: int = 0) -> Iterator[Patch]:
    """The patches of a collection: whole pictures, or every box with a mask and all boxes of a picture together.

    Patches of fewer than LEAST_POINTS pixels are left out, and those without contrast.
    """
    for number, item in enumerate(collection.items):
        rng = np.random.default_rng([seed, number])
        for patch in _of_item(item, view, rng):
            if patch.n >= LEAST_POINTS and patch.values.std() >= LEAST_CONTRAST:
                yield patch


def _of_item(item: Item, view: View, rng: np.random.Generator) -> Iterator[Patch]:
    if view == "image":
        grey, twin = _detail(_grey(item.pixels())), item.good_pixels()
        whole = np.ones(grey.shape, np.bool_)
        yield _patch(item, 0, (0, 0, grey.shape[1], grey.shape[0]), grey, twin, whole, rng, slow=True)
        return
    mask = item.mask_pixels()
    if item.is_good or mask is None:
        return
    grey, twin = _grey(item.pixels()), item.good_pixels()
    boxes = list(item.boxes) or _pieces(mask)
    if len(boxes) > 1:
        boxes.append(_bounds(mask))
    for number, box in enumerate(boxes):
        yield _patch(item, number % max(len(boxes) - 1, 1), box, grey, twin, mask, rng)


def _patch(
    item: Item, number: int, box: Box, grey: F32, twin: NDArray[np.uint8] | None, mask: Mask, rng: np.random.Generator,
    slow: bool = False,
) -> Patch:  # fmt: skip
    x0, y0, x1, y1 = box
    inside = mask[y0:y1, x0:x1]
    core = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    rows, columns = np.nonzero(core if np.count_nonzero(core) >= INSIDE else inside)
    if len(rows) > MOST_POINTS:
        chosen = np.sort(rng.choice(len(rows), MOST_POINTS, replace=False))
        rows, columns = rows[chosen], columns[chosen]
    spread = max(x1 - x0, y1 - y0) / FINE / 2
    good = None if twin is None or twin.shape[:2] != grey.shape else _grey(twin)
    good = _detail(good) if slow and good is not None else good
    at = np.stack([(rows + 0.5) / (y1 - y0), (columns + 0.5) / (x1 - x0)], axis=1).astype(np.float32)
    shown = _smooth(grey[y0:y1, x0:x1], inside, spread)[rows, columns]
    before = None if good is None else _smooth(good[y0:y1, x0:x1], inside, spread)[rows, columns]
    return Patch(item, number, box, at, shown, before, _canvas(grey, box), (grey.shape[0], grey.shape[1]))


def _grey(pixels: NDArray[np.uint8]) -> F32:
    return np.asarray(pixels.astype(np.float32) @ LUMA, np.float32)


def _detail(grey: F32) -> F32:
    """Without what is wide: the light on a part is no sign of a copy."""
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), max(1.0, SLOW * min(grey.shape))), np.float32)


def _smooth(grey: F32, inside: Mask, spread: float) -> F32:
    """Blurred inside the mask alone, to the resolution at which patches are compared."""
    if spread <= 0.5:
        return grey
    share = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), spread)
    return np.asarray(cv2.GaussianBlur(grey * inside, (0, 0), spread) / np.maximum(share, 1e-3), np.float32)


def _canvas(grey: F32, box: Box) -> F32:
    """(FINE, FINE) of the grown box; beyond the picture its rim is repeated."""
    x0, y0, x1, y1 = box
    across, down = GROWN * (x1 - x0), GROWN * (y1 - y0)
    left, top = int(np.floor(x0 - across)), int(np.floor(y0 - down))
    right, bottom = int(np.ceil(x1 + across)), int(np.ceil(y1 + down))
    rows = np.clip(np.arange(top, bottom), 0, grey.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, grey.shape[1] - 1)
    grown = np.ascontiguousarray(grey[np.ix_(rows, columns)])
    how = cv2.INTER_AREA if min(grown.shape) >= FINE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grown, (FINE, FINE), interpolation=how), np.float32)


def _bounds(mask: Mask) -> Box:
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return int(x), int(y), int(x + w), int(y + h)


def _pieces(mask: Mask) -> list[Box]:
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:]
    return [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats]


@dataclass(frozen=True)
class Pose:
    """way: 0..7, bit 0 mirrors rows, bit 1 columns, bit 2 swaps them. moved: of the sides, top bottom left right."""

    way: int
    moved: tuple[float, float, float, float]

    def places(self, at: F32) -> F32:
        """(n, 2) places in the other box, in sides of it, of points in one's own."""
        top, bottom, left, right = self.moved
        rows = (at[:, 0] + top) / (1 + top + bottom)
        columns = (at[:, 1] + left) / (1 + left + right)
        if self.way & 4:
            rows, columns = columns, rows
        rows = 1 - rows if self.way & 1 else rows
        columns = 1 - columns if self.way & 2 else columns
        return np.stack([rows, columns], axis=1)


POSES = tuple(Pose(way, (*down, *across)) for way in range(8) for down in STARTS for across in STARTS)


class Bank:
    """The patches that a match is looked for in. groups: of each; rivals are of another one."""

    def __init__(self, known: Sequence[Patch]) -> None:
        self.patches = tuple(known)
        self.groups = np.array([patch.group for patch in known])
        self._good = np.array([patch.item.is_good for patch in known], np.bool_)

    def __len__(self) -> int:
        return len(self.patches)

    @cached_property
    def _coarse(self) -> F32:
        small = [cv2.resize(patch.fine, (COARSE, COARSE), interpolation=cv2.INTER_AREA) for patch in self.patches]
        flat = np.asarray(small, np.float32).reshape(len(self.patches), -1)
        return np.asarray(flat - flat.mean(axis=1, keepdims=True), np.float32)

    def match(self, patch: Patch, near: Sequence[int] = (), without: str | None = None) -> Match | None:
        """The best match of a patch. near: rows to look at in any case. without: a group that is left out."""
        allowed = np.ones(len(self), np.bool_) if without is None else self.groups != without
        if not (allowed & ~self._good).any():
            return None
        likeness, poses = self._search(patch)
        likeness[~allowed] = -2
        rows = self._worth(likeness, [row for row in near if allowed[row]])
        found = {row: self._refine(patch, row, POSES[poses[row]]) for row in rows}
        defects = [row for row in rows if not self._good[row]]
        best = max(defects, key=lambda row: found[row][0])
        others = [found[row][0] for row in rows if self._good[row] or self.groups[row] != self.groups[best]]
        rival = max([LIKE_ANY, *others, self._twin(patch, best, found[best][1])])
        score = np.sqrt(patch.n) * (_fisher(found[best][0]) - _fisher(rival))
        return Match(best, found[best][0], rival, float(score))

    def _worth(self, likeness: F32, near: list[int]) -> list[int]:
        """Rows worth refining: the likeliest, among them enough of a second group."""
        order = [int(row) for row in np.argsort(-likeness, kind="stable") if likeness[row] > -2]
        first = [row for row in order if not self._good[row]][:1]
        others = [row for row in order if self._good[row] or self.groups[row] != self.groups[first[0]]]
        return list(dict.fromkeys([*first, *order[:REFINED], *others[: REFINED // 2], *near]))

    def _search(self, patch: Patch) -> tuple[F32, I64]:
        """Likeness of each row in its best starting pose, and which pose that is: correlations as three products."""
        values = _standard(patch.values[None])[0]
        cells = [_cell(pose.places(patch.at), COARSE) for pose in POSES]
        weights = np.stack([np.bincount(cell, values, COARSE**2) for cell in cells], axis=1).astype(np.float32)
        counts = np.stack([np.bincount(cell, minlength=COARSE**2) for cell in cells], axis=1).astype(np.float32)
        together, total = self._coarse @ weights, self._coarse @ counts
        spread = np.sqrt(np.maximum(np.square(self._coarse) @ counts - total * total / patch.n, 0))
        likeness = together / np.maximum(spread, LEAST_CONTRAST / 4 * np.sqrt(patch.n))
        pose = likeness.argmax(axis=1)
        return likeness[np.arange(len(pose)), pose], pose

    def _refine(self, patch: Patch, row: int, pose: Pose) -> tuple[float, Pose]:
        """The likeness after moving one side after the other for as long as it grows."""
        canvas, best = self.patches[row].fine, pose
        likeness = _likeness(patch.values, patch.at, canvas, best)
        for step in STEPS:
            for side in range(4):
                for move in (step, -step):
                    moved = list(best.moved)
                    moved[side] += move
                    if abs(moved[side]) > MOST_MOVED:
                        continue
                    tried = Pose(best.way, (moved[0], moved[1], moved[2], moved[3]))
                    value = _likeness(patch.values, patch.at, canvas, tried)
                    if value > likeness:
                        best, likeness = tried, value
        return likeness, best

    def _twin(self, patch: Patch, row: int, pose: Pose) -> float:
        """Likeness of the good twin in the same place: what was there before the defect came is no copy of one."""
        if patch.good is None or patch.good.std() < LEAST_CONTRAST:
            return -1.0
        return _likeness(patch.good, patch.at, self.patches[row].fine, pose)


def _likeness(values: F32, at: F32, canvas: F32, pose: Pose) -> float:
    places = (pose.places(at) + GROWN) / (1 + 2 * GROWN) * FINE - 0.5
    shown = cv2.remap(canvas, places[None, :, 1], places[None, :, 0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return float((_standard(np.asarray(shown, np.float32)) @ _standard(values[None])[0])[0])


def _cell(places: F32, side: int) -> I64:
    """(n,) flat index of the cell of a canvas."""
    cells = np.clip(((places + GROWN) / (1 + 2 * GROWN) * side).astype(np.int64), 0, side - 1)
    return np.asarray(cells[:, 0] * side + cells[:, 1], np.int64)


def _standard(values: F32) -> F32:
    """(..., n) less their mean, to unit length; 0 where there is no contrast."""
    centred = values - values.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    least = LEAST_CONTRAST / 4 * np.sqrt(values.shape[-1])
    return np.asarray(np.where(length > least, centred / np.maximum(length, least), 0), np.float32)


def _fisher(likeness: float) -> float:
    return float(np.arctanh(np.clip(likeness, -MOST_LIKE, MOST_LIKE)))
