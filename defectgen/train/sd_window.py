"""Windows that a Stable Diffusion model is fine-tuned on: a picture, the hole to fill, and the words.

A *defect window* shows a real defect as the engine will show it: enlarged by its DETAIL, wider where the defect is,
mirrored beyond a small picture's edge. Its hole is the mask, grown by what composing may take from an edit or more, and
often random boxes and strokes beside it. A *prior window* (DreamBooth, Ruiz et al. 2023) shows
a good part with holes of the same shapes and words without a defect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.band import BAND_PX
from defectgen.engine.sd import DETAIL
from defectgen.errors import InputError
from defectgen.train.sd_words import Words
from defectgen.train.shots import Shot, Shots

__all__ = ["PRIOR_SHARE", "SdWindow", "cut_anywhere", "cut_out", "defect_window", "draw_window", "extra_mask"]

PRIOR_SHARE, EXTRA_SHARE = 0.2, 0.5
CONTEXT, JITTER = 1.3, (0.8, 1.25)
FULLEST = 0.5
GROWTH = (1.0, 2.0)
"""Of the hole about the mask, times what the engine grows it by."""
MOST_TRIES = 40

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SdWindow:
    """target: (S, S, 3) uint8. defect, hole: (S, S) uint8, 0 or 255. good: the target without the defect, or None."""

    target: U8
    defect: U8
    hole: U8
    text: str
    prior: bool
    good: U8 | None = None


def draw_window(shots: Shots, words: Words, side: int, rng: np.random.Generator) -> SdWindow:
    """A defect window or, PRIOR_SHARE of the time, a prior window. side: pixels."""
    found = _prior_window(shots, words, side, rng) if rng.random() < PRIOR_SHARE else None
    return found or defect_window(shots.train, words, side, rng)


def defect_window(
    shots: Sequence[Shot], words: Words, side: int, rng: np.random.Generator
) -> SdWindow:
    """A window around a defect; types weigh alike, however many pictures each has. InputError where none is usable."""
    names = sorted({name for shot in shots for name, _ in shot.picture.defects})
    for _ in range(MOST_TRIES):
        name = names[int(rng.integers(len(names)))]
        members = [shot for shot in shots if any(n == name for n, _ in shot.picture.defects)]
        found = _around_defect(members[int(rng.integers(len(members)))], name, words, side, rng)
        if found is not None:
            return found
    raise InputError(
        f"no usable window in {MOST_TRIES} tries: the defects fill the pictures; "
        "check the masks with defectgen sets show"
    )


def _around_defect(
    shot: Shot, name: str, words: Words, side: int, rng: np.random.Generator
) -> SdWindow | None:
    every = np.any([mask for _, mask in shot.picture.defects], axis=0)
    own = next(mask for n, mask in shot.picture.defects if n == name)
    cut = _cut(_piece(own, rng), side, rng)
    defect = cut_out(every.astype(np.uint8) * 255, cut, side)
    defect = np.where(defect > 127, 255, 0).astype(np.uint8)
    if not defect.any() or float((defect > 0).mean()) > FULLEST:
        return None
    hole = _grown(defect, rng)
    if rng.random() < EXTRA_SHARE:
        hole = np.asarray(np.maximum(hole, extra_mask(side, rng)))
    good = None if shot.good is None else cut_out(shot.good, cut, side)
    target = cut_out(shot.picture.rgb, cut, side)
    text = words.caption(name, shot.picture.material, shot.text, rng)
    return _turned(SdWindow(target, defect, hole, text, False, good), rng)


def _prior_window(
    shots: Shots, words: Words, side: int, rng: np.random.Generator
) -> SdWindow | None:
    """A window without a defect, None where the set shows none."""
    pools = [(picture.rgb, None, picture.material) for picture in shots.good]
    pools += [(shot.good, None, shot.picture.material) for shot in shots.train if shot.good is not None]
    if not pools:
        pools = [
            (s.picture.rgb, np.any([m for _, m in s.picture.defects], axis=0), s.picture.material) for s in shots.train
        ]
    like = shots.train[int(rng.integers(len(shots.train)))].picture.defects
    shape = like[int(rng.integers(len(like)))][1]
    for _ in range(MOST_TRIES):
        rgb, barred, material = pools[int(rng.integers(len(pools)))]
        cut = cut_anywhere(rgb.shape[:2], side, rng)
        if barred is not None and _seen(barred.astype(np.uint8), cut).any():
            continue
        hole = np.maximum(cut_out(shape.astype(np.uint8) * 255, _cut(_piece(shape, rng), side, rng), side),
                          extra_mask(side, rng) if rng.random() < EXTRA_SHARE else 0)  # fmt: skip
        hole = _grown(np.where(hole > 127, 255, 0).astype(np.uint8), rng)
        if not hole.any():
            continue
        target = cut_out(rgb, cut, side)
        nothing = np.zeros((side, side), np.uint8)
        return _turned(SdWindow(target, nothing, hole, words.clean(material), True, target), rng)
    return None


def extra_mask(side: int, rng: np.random.Generator) -> U8:
    """One to three random boxes, ellipses or strokes, (side, side) uint8."""
    canvas = np.zeros((side, side), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        x, y = (int(v) for v in rng.uniform(0, side, 2))
        w, h = (max(2, int(v)) for v in rng.uniform(0.04, 0.25, 2) * side)
        kind = int(rng.integers(3))
        if kind == 0:
            cv2.rectangle(canvas, (x, y), (x + w, y + h), 255, -1)
        elif kind == 1:
            cv2.ellipse(canvas, (x, y), (w // 2 + 1, h // 2 + 1), float(rng.uniform(0, 180)), 0, 360, 255, -1)
        else:
            end = tuple(int(v) for v in rng.uniform(0, side, 2))
            cv2.line(canvas, (x, y), end, 255, max(1, min(w, h) // 3))
    return canvas


def _piece(mask: Mask, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Box x0, y0, x1, y1 of one piece of a mask, drawn by the root of its area; near pieces are one."""
    near = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(near)
    share = np.sqrt(stats[1:, cv2.CC_STAT_AREA].astype(float))
    x, y, w, h = (int(v) for v in stats[1 + int(rng.choice(count - 1, p=share / share.sum())), :4])
    return x, y, x + w, y + h


def _cut(box: tuple[int, int, int, int], side: int, rng: np.random.Generator) -> tuple[int, int, int]:
    """x, y and side of a square that holds the box anywhere inside it; it may reach beyond the picture."""
    x0, y0, x1, y1 = box
    extent = max(x1 - x0, y1 - y0)
    size = max(_native(side, rng), round(extent * CONTEXT))
    x = int(rng.integers(x1 - size, x0 + 1))
    y = int(rng.integers(y1 - size, y0 + 1))
    return x, y, size


def _native(side: int, rng: np.random.Generator) -> int:
    """Picture pixels that a window of `side` shows where nothing makes it wider."""
    return round(side / DETAIL * float(rng.uniform(*JITTER)))


def _grown(mask: U8, rng: np.random.Generator) -> U8:
    pixels = round(BAND_PX * DETAIL * float(rng.uniform(*GROWTH)))
    return np.asarray(cv2.dilate(mask, np.ones((2 * pixels + 1,) * 2, np.uint8)), np.uint8)


def cut_anywhere(hw: tuple[int, ...], side: int, rng: np.random.Generator) -> tuple[int, int, int]:
    """x, y and side of a square in a picture of (H, W); one of a picture that is smaller reaches beyond it."""
    size = _native(side, rng)
    x, y = (int(rng.integers(min(0, n - size), max(0, n - size) + 1)) for n in (hw[1], hw[0]))
    return x, y, size


def cut_out(picture: U8, cut: tuple[int, int, int], side: int) -> U8:
    """The square of a picture (H, W[, C]) as a window of `side` pixels."""
    found = _seen(picture, cut)
    how = cv2.INTER_AREA if found.shape[0] >= side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(found, (side, side), interpolation=how), np.uint8)


def _seen(picture: U8, cut: tuple[int, int, int]) -> U8:
    """The square of a picture (H, W[, C]), mirrored beyond its edges."""
    x, y, size = cut
    rows, columns = (_mirrored(start, size, n) for start, n in ((y, picture.shape[0]), (x, picture.shape[1])))
    return np.asarray(picture[np.ix_(rows, columns)])


def _mirrored(start: int, size: int, n: int) -> NDArray[np.intp]:
    """Indices start ... start + size - 1 into n pixels, folded at both ends, the edge pixel not repeated."""
    period = max(2 * (n - 1), 1)
    folded = np.arange(start, start + size) % period
    return np.minimum(folded, period - folded) if n > 1 else np.zeros(size, np.intp)


def _turned(window: SdWindow, rng: np.random.Generator) -> SdWindow:
    """Mirrored left to right half of the time, up to down half of the time; grain keeps its axis."""
    flips = tuple(axis for axis in (0, 1) if rng.random() < 0.5)

    def flip(pixels: U8) -> U8:
        return np.ascontiguousarray(np.flip(pixels, flips)) if flips else pixels

    good = None if window.good is None else flip(window.good)
    return SdWindow(flip(window.target), flip(window.defect), flip(window.hole), window.text, window.prior, good)
