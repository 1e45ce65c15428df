"""Windows cut from real pictures: pairs with a pseudo-good counterpart, and clean windows filled for nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.book import RecipeBook, phrase_key
from defectgen.errors import RecipeError
from defectgen.model.condition import NO_DEFECT
from defectgen.train.draft import draw_draft
from defectgen.train.pair import WINDOW_PX, Pair, visible
from defectgen.train.pseudo_good import remove
from defectgen.train.real import RealPicture

__all__ = ["Cut", "clean_window", "cut_window", "defect_window"]

_ZOOM = (1.25, 3.0)
_NARROWEST_PX = 88
_FULLEST = 0.3

U8 = NDArray[np.uint8]
Cut = tuple[int, int, int]
"""x, y and side of a square window, pixels."""


def _component(mask: NDArray[np.bool_], rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Bounding box x0, y0, x1, y1 of one part of a mask, drawn by the root of its area."""
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(grown)
    share = np.sqrt(stats[1:, cv2.CC_STAT_AREA].astype(float))
    i = 1 + int(rng.choice(count - 1, p=share / share.sum()))
    x, y, w, h = (int(v) for v in stats[i, :4])
    return x, y, x + w, y + h


def _around(box: tuple[int, int, int, int], hw: tuple[int, int], rng: np.random.Generator) -> Cut:
    """A window of 1.25 to 3 times the box, the box anywhere inside it, within the picture."""
    x0, y0, x1, y1 = box
    extent = max(x1 - x0, y1 - y0)
    side = int(min(max(extent * rng.uniform(*_ZOOM), _NARROWEST_PX * rng.uniform(1, 1.6)), *hw))
    x = int(rng.integers(min(x0, x1 - side), max(x0, x1 - side) + 1))
    y = int(rng.integers(min(y0, y1 - side), max(y0, y1 - side) + 1))
    return max(0, min(x, hw[1] - side)), max(0, min(y, hw[0] - side)), side


def cut_window(picture: NDArray[np.uint8], cut: Cut) -> U8:
    """The window (S, S[, 3]) of a picture, resampled to WINDOW_PX."""
    x, y, side = cut
    how = cv2.INTER_AREA if side >= WINDOW_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture[y : y + side, x : x + side], (WINDOW_PX, WINDOW_PX), interpolation=how))


def _alpha(mask: NDArray[np.bool_], cut: Cut) -> U8:
    return cut_window(mask.astype(np.uint8) * 255, (cut[0], cut[1], cut[2]))


def _words(name: str, material: str, rng: np.random.Generator) -> str:
    return name if rng.random() < 0.3 else f"{name} on {material}"


def family_of(name: str, book: RecipeBook) -> str:
    """The family of a real class name; its own name where the book does not know it."""
    try:
        return book.defect(name).family
    except RecipeError:
        return name


def defect_window(
    picture: RealPicture, good: U8, book: RecipeBook, rng: np.random.Generator
) -> tuple[Pair, Cut] | None:
    """A pair around one of the picture's defects; `good` is the whole pseudo-good picture.

    None where the defects fill too much of the window to know what the good surface was, or cannot be seen.
    """
    every = np.any([m for _, m in picture.defects], axis=0)
    cut = _around(_component(every, rng), every.shape, rng)
    x, y, side = cut
    counts = [int(m[y : y + side, x : x + side].sum()) for _, m in picture.defects]
    name = picture.defects[int(np.argmax(counts))][0]
    alpha = _alpha(every, cut)
    before, after = cut_window(good, cut), cut_window(picture.rgb, cut)
    if float((alpha > 127).mean()) > _FULLEST or not visible(before, after, alpha.astype(np.float32) / np.float32(255)):
        return None
    text = _words(name, picture.material, rng)
    # A stream of its own, so that how drafts are drawn does not change which windows are.
    draft = _draft(before, alpha, name, picture.material, book, rng.spawn(1)[0])
    return Pair(before, after, draft, alpha, text, "real", family_of(name, book)), cut


def _draft(
    good: U8, alpha: U8, name: str, material: str, book: RecipeBook, rng: np.random.Generator
) -> U8:
    """A draft by the recipe of this name; the good window where the book does not know it."""
    if phrase_key(name) not in book.defect_aliases:
        return good
    known = book.material(material) if phrase_key(material) in book.material_aliases else None
    return draw_draft(good, alpha, book.defect(name), known, float(rng.uniform(0.1, 1.0)), rng)


def clean_window(
    picture: RealPicture, shape: NDArray[np.float32], rng: np.random.Generator
) -> Pair:
    """A clean window filled under `shape`, (S, S) in [0, 1], for nothing: its target is the window as it was."""
    hw = picture.rgb.shape[:2]
    side = int(min(*hw, WINDOW_PX * rng.uniform(0.7, 2.0)))
    cut = int(rng.integers(hw[1] - side + 1)), int(rng.integers(hw[0] - side + 1)), side
    window = cut_window(picture.rgb, cut)
    mask = shape >= 0.5
    filled = remove(window, mask, mask, rng)
    return Pair(filled, window, filled, np.rint(255 * shape).astype(np.uint8), NO_DEFECT, "real", NO_DEFECT)


