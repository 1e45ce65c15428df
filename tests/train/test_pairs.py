"""Training pairs: what is equal, what differs, and that nothing held out is drawn."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from defectgen.book import load_book
from defectgen.train.pair import WINDOW_PX, Pair, ratio_window, rendered_window
from defectgen.train.pseudo_good import remove
from defectgen.train.real import is_held_out, load_real

DATA = Path(os.environ.get("DEFECTGEN_DATA", "../shared/data"))


def check(pair: Pair) -> None:
    assert pair.good.shape == pair.target.shape == (WINDOW_PX, WINDOW_PX, 3)
    mask = pair.alpha > 127
    changed = np.abs(pair.good.astype(int) - pair.target.astype(int)).max(-1)
    assert mask.any() and changed[mask].mean() >= 2
    far = ~(cv2.dilate((pair.alpha > 5).astype(np.uint8), np.ones((61, 61), np.uint8)) > 0)
    assert not changed[far].any()


def test_rendered_pairs_differ_under_the_mask_only() -> None:
    book = load_book()
    pairs = [rendered_window(book, np.random.default_rng([4, k])) for k in range(8)]
    found = [p for p in pairs if p is not None]
    assert len(found) >= 4
    for pair in found:
        check(pair)


def test_ratio_pairs_keep_the_photograph_outside() -> None:
    rng = np.random.default_rng(0)
    photo = cv2.GaussianBlur(rng.integers(0, 255, (300, 300, 3)).astype(np.uint8), (0, 0), 3)
    pairs = [ratio_window(photo, None, "dielectric", load_book(), np.random.default_rng([5, k])) for k in range(6)]
    found = [p for p in pairs if p is not None]
    assert found
    for pair in found:
        check(pair)


def test_removal_takes_the_defect_away_and_keeps_the_rest() -> None:
    rng = np.random.default_rng(1)
    clean = np.clip(rng.normal(140, 6, (96, 96, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((96, 96), bool)
    mask[40:56, 30:60] = True
    spoiled = clean.copy()
    spoiled[mask] = 20
    filled = remove(spoiled, mask, mask, rng)
    assert abs(float(filled[mask].mean()) - 140) < 6
    assert 3 < float(filled[mask].std()) < 10
    far = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) == 0
    assert np.array_equal(filled[far], spoiled[far])


def test_the_held_out_side_is_fixed_and_about_a_fifth() -> None:
    sides = [is_held_out("pv-vision", f"EL{k}") for k in range(2000)]
    assert sides == [is_held_out("pv-vision", f"EL{k}") for k in range(2000)]
    assert 0.15 < np.mean(sides) < 0.25


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "hsst-fabric").is_dir(), reason=f"{DATA} has no real pictures; set DEFECTGEN_DATA")
def test_no_group_is_on_both_sides() -> None:
    sides = [{(p.set_name, p.group) for p in load_real(DATA, held_out=side)} for side in (False, True)]
    assert sides[0] and sides[1] and not sides[0] & sides[1]
