"""Cases: real defect windows of groups that training never saw, and what an engine is told of each.

Shared by `heldout.py` and `score.py`. A case has the real window, its pseudo-good counterpart, the mask and the class
name; the recipe is that of the class, or of its nearest neighbour in the book (STAND_INS). The held-out groups are
halved: `tune` is for choosing defaults, `report` for the numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.blocked import Blocked
from defectgen.book import RecipeBook, load_book
from defectgen.engine.window import Window
from defectgen.errors import InputError, RecipeError
from defectgen.mask.shape import Shape
from defectgen.mask.transform import merge_shapes, paste_shape
from defectgen.mask.user_mask import instances_from_mask
from defectgen.recipe import Defect
from defectgen.train.pair import Pair
from defectgen.train.pseudo_good import remove
from defectgen.train.real import SETS, RealPicture, is_held_out, load_real
from defectgen.train.real_pair import Cut, defect_window

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
NAMES = ("mean", "contrast", "gradient")
STAND_INS = {"dark cell area": "dark-cell-area", "cross crack": "branching-crack", "cell crack": "hairline-crack",
             "pitting": "pitting", "crack": "crack", "weave fault": "broken-end"}  # fmt: skip
HALVES = {"tune": 0, "report": 1}
SEVERITIES = (0.15, 1.0)


@dataclass(frozen=True)
class Case:
    """One held-out window with what an engine is told of it. cut: where it lies in its picture."""

    pair: Pair
    shape: Shape
    defect: Defect
    name: str
    group: str = ""
    path: Path = Path()
    cut: Cut = (0, 0, 0)


def half_of(group: str) -> int:
    """0 (tune) or 1 (report); a fixed hash, so that every script agrees."""
    return zlib.crc32(group.encode()) % 2


def held_pictures(root: Path, half: int, sets: Sequence[str]) -> list[RealPicture]:
    """Good and defective pictures of one half of the held-out groups."""
    return [p for p in load_real(root, held_out=True, sets=sets) if half_of(p.group) == half]


def both_sides(root: Path, set_name: str) -> tuple[list[RealPicture], list[RealPicture]]:
    """Pictures of the held-out groups, and the defective ones of the training groups, which are checked as training
    checks them; the files are read once.
    """
    if not (root / set_name).is_dir():
        raise InputError(f"{root / set_name}: no such folder; expected the {set_name} set; see eval/compact/README.md")
    blocked = Blocked.load((), [root / set_name])
    held, training = [], []
    for picture in SETS[set_name](root / set_name):
        if is_held_out(set_name, picture.group):
            held.append(picture)
        elif picture.defects:
            blocked.check_pixels(picture.rgb, picture.path)
            training.append(picture)
    return held, training


def shape_of(mask: Mask) -> Shape:
    """The maps of a real mask, (S, S)."""
    parts = []
    for instance in instances_from_mask(mask, 0.5):
        x0, y0, x1, y1 = instance.box
        parts.append(paste_shape(instance.shape, mask.shape, ((x0 + x1) / 2, (y0 + y1) / 2)))
    return merge_shapes(parts)


def defect_of(text: str, book: RecipeBook) -> tuple[str, Defect]:
    """The class name of a caption, and the recipe that stands for it."""
    name = text.split(" on ")[0]
    try:
        return name, book.defect(name)
    except RecipeError:
        return name, book.defect(STAND_INS[name])


def draw_pairs(
    pictures: Sequence[RealPicture], book: RecipeBook, rng: np.random.Generator
) -> Iterator[tuple[Pair, RealPicture, Cut]]:
    """Windows without end, as training draws them: sets weigh by the root of their size."""
    names = sorted({p.set_name for p in pictures})
    sizes = np.sqrt([sum(p.set_name == n for p in pictures) for n in names])
    members = {name: [p for p in pictures if p.set_name == name] for name in names}
    while True:
        own = members[str(rng.choice(names, p=sizes / sizes.sum()))]
        picture = own[int(rng.integers(len(own)))]
        found = defect_window(picture, without_defects(picture, rng), book, rng)
        if found is not None:
            yield found[0], picture, found[1]


def without_defects(picture: RealPicture, rng: np.random.Generator) -> U8:
    """The pseudo-good picture (H, W, 3)."""
    mask = np.any([m for _, m in picture.defects], axis=0)
    barred = mask if picture.barred is None else mask | picture.barred
    return remove(picture.rgb, mask, barred, rng)


def case_of(pair: Pair, picture: RealPicture, cut: Cut, book: RecipeBook) -> Case:
    name, defect = defect_of(pair.text, book)
    return Case(pair, shape_of(pair.alpha > 127), defect, name, picture.group, picture.path, cut)


def cases(root: Path, count: int, seed: int, half: int, sets: Sequence[str]) -> list[Case]:
    """Held-out windows of one half of the groups, the sets by the root of their size, as in training."""
    book, rng = load_book(), np.random.default_rng([seed, 5])
    pictures = [p for p in held_pictures(root, half, sets) if p.defects]
    drawn = draw_pairs(pictures, book, rng)
    return [case_of(*next(drawn), book) for _ in range(count)]


def window(
    case: Case, seed: int, text: str | None = None, defect: Defect | None = None, good: U8 | None = None,
    severity: float = 0.5,
) -> Window:  # fmt: skip
    """What an engine gets: the case's own pseudo-good window, or another good one."""
    pixels = (case.pair.good if good is None else good).astype(np.float32) / np.float32(255)
    return Window(pixels, case.shape, text or case.pair.text, severity, seed, defect or case.defect, None)


def usual_severity(seed: int) -> float:
    """As `synth` spreads it where nothing is asked for."""
    return float(np.random.default_rng([seed, 9]).uniform(*SEVERITIES))


def statistics(picture: NDArray[np.float32], mask: Mask) -> F64:
    """(3,) mean against the ring, contrast, gradient, of a (S, S, 3) picture in [0, 1], grey levels."""
    luma = np.asarray(255 * picture @ LUMA, np.float32)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    ring = near & ~(cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    outside = luma[ring] if ring.any() else luma[~mask]
    slope = np.hypot(cv2.Sobel(luma, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(luma, cv2.CV_32F, 0, 1) / 8)
    return np.array([luma[mask].mean() - outside.mean(), luma[mask].std(), slope[mask].mean()])


def inpaint(case: Case) -> NDArray[np.float32]:
    """What filling the hole gives: Telea's method on the real picture, 5 px."""
    hole = (case.pair.alpha > 127).astype(np.uint8)
    return cv2.inpaint(case.pair.target, hole, 5, cv2.INPAINT_TELEA).astype(np.float32) / np.float32(255)


def interval(values: F64, rng: np.random.Generator) -> tuple[float, float, float]:
    """Mean with a 95% bootstrap interval."""
    draws = rng.choice(values, (2000, len(values))).mean(1)
    return float(values.mean()), float(np.quantile(draws, 0.025)), float(np.quantile(draws, 0.975))
