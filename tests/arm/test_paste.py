"""Pastes: the defect keeps its size and its mask, lies where it is put, and leaves the rest of the picture alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from defectgen.arm.donor import Donor, cut_donor, pose
from defectgen.arm.paste import FEATHER_PX, PAD_PX, feathered, placed, seamless, settle_place
from defectgen.band import grow
from defectgen.mask.bank import Piece

SIDE = 80


def plate(level: float = 130, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(level, 2, (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)


def bar(y: int = 30, x: int = 20, height: int = 6, width: int = 18) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[y : y + height, x : x + width] = True
    return mask


def donor(mask: np.ndarray | None = None, grain: float | None = None) -> Donor:
    mask = bar() if mask is None else mask
    picture = plate(100, 3)
    picture[mask] = 40
    ys, xs = np.nonzero(mask)
    where = (float(xs.mean()) / SIDE, float(ys.mean()) / SIDE)
    touches = bool(mask[:, 0].any()), bool(mask[0].any()), bool(mask[:, -1].any()), bool(mask[-1].any())
    patch, cut = cut_donor(picture, mask)
    return Donor(patch, cut, touches, where, 0.0, grain, 1.0, float(mask.mean()), Piece(cut, 0.2, 0.0, where, "g"))


@pytest.mark.parametrize("blend", [feathered, seamless])
def test_only_the_mask_and_a_rim_of_it_change(blend: object) -> None:
    good, one = plate(), donor()
    out = blend(good, one.patch, one.mask, (10, 40))  # type: ignore[operator]
    mask = placed(one.mask, (10, 40), good.shape)
    assert mask.sum() == bar().sum()
    rim = FEATHER_PX if blend is feathered else 2 * PAD_PX
    np.testing.assert_array_equal(out[~grow(mask, rim)], good[~grow(mask, rim)])
    drop = good.astype(int) - out.astype(int)
    assert drop[mask].mean() > 40
    rows, columns = np.nonzero(drop.mean(2) > 15)
    assert abs(rows.mean() - np.nonzero(mask)[0].mean()) < 1.5
    assert abs(columns.mean() - np.nonzero(mask)[1].mean()) < 1.5


def test_a_feathered_paste_keeps_the_contrast_to_its_surround() -> None:
    good, one = plate(), donor()
    out = feathered(good, one.patch, one.mask, (10, 40))
    mask = placed(one.mask, (10, 40), good.shape)
    assert out[mask].mean() / good[mask].mean() == pytest.approx(40 / 100, abs=0.03)
    plain = feathered(good, one.patch, one.mask, (10, 40), feather_px=0, tone=False)
    np.testing.assert_array_equal(plain[mask], 40)
    np.testing.assert_array_equal(plain[~mask], good[~mask])


def test_among_things_the_light_is_left_alone() -> None:
    board = np.full((SIDE, SIDE, 3), 255, np.uint8)
    board[:, ::2] = 0
    one = donor()
    out = feathered(board, one.patch, one.mask, (10, 40))
    np.testing.assert_array_equal(out[placed(one.mask, (10, 40), board.shape)], 40)


@pytest.mark.parametrize("at", [(0, 0), (0, 30), (SIDE - 14, 0)])
def test_seamless_reaches_the_border(at: tuple[int, int]) -> None:
    one = donor(bar(0, 0))
    out = seamless(plate(), one.patch, one.mask, at)
    assert out.shape == plate().shape
    assert (plate().astype(int) - out)[placed(one.mask, at, out.shape)].mean() > 15


def test_turns_and_mirrors_take_all_of_a_donor_along() -> None:
    one = donor(bar(0, 50))
    seen = set()
    for seed in range(60):
        turned = pose(one, None, False, np.random.default_rng(seed))
        assert turned.mask.sum() == one.mask.sum() and sum(turned.touches) == 1
        assert (turned.patch[turned.mask] == 40).all() and (turned.patch[~turned.mask] > 80).all()
        side = turned.touches.index(True)
        edge = (turned.mask[:, 0], turned.mask[0], turned.mask[:, -1], turned.mask[-1])[side]
        assert edge.any()
        x, y = turned.where
        assert (x, y, 1 - x, 1 - y)[side] < 0.1
        seen.add((turned.touches, round(x, 2), round(y, 2)))
    assert len(seen) == 8


@pytest.mark.parametrize(("own", "surface", "aligned"), [(np.pi / 2, np.pi / 2, False), (None, None, True)])
def test_grain_and_kind_forbid_quarter_turns(own: float | None, surface: float | None, aligned: bool) -> None:
    one = donor(grain=own)
    shapes = {pose(one, surface, aligned, np.random.default_rng(seed)).mask.shape for seed in range(30)}
    assert shapes == {one.mask.shape}


def test_a_surface_that_runs_across_turns_the_donor() -> None:
    one = donor(grain=np.pi / 2)
    shapes = {pose(one, 0.0, False, np.random.default_rng(seed)).mask.shape for seed in range(30)}
    assert shapes == {one.mask.shape[::-1]}


def test_places_are_on_the_part_and_clear_of_each_other() -> None:
    part, taken = np.zeros((SIDE, SIDE), np.bool_), np.zeros((SIDE, SIDE), np.bool_)
    part[:, :50] = True
    taken[25:45, :25] = True
    for seed in range(20):
        found = settle_place(donor(), part, taken, np.random.default_rng(seed))
        assert found is not None
        mask = placed(found[1], found[2], part.shape)
        assert part[mask].mean() >= 0.9 and not (mask & taken).any()
    assert settle_place(donor(), np.zeros_like(part), taken, np.random.default_rng(0)) is None


@pytest.mark.parametrize(("mask", "side"), [(bar(0, 30), 0), (bar(SIDE - 6, 30), 1)])
def test_what_touched_a_border_touches_it_again(mask: np.ndarray, side: int) -> None:
    part = np.ones((50, 90), np.bool_)
    found = settle_place(donor(mask), part, ~part, np.random.default_rng(1))
    assert found is not None
    whole = placed(found[1], found[2], part.shape)
    assert whole[(0, -1)[side]].any() and not whole[(-1, 0)[side]].any()


def test_what_spanned_its_picture_spans_the_next() -> None:
    one, part = donor(bar(10, 0, 8, SIDE)), np.ones((60, 100), np.bool_)
    found = settle_place(one, part, ~part, np.random.default_rng(1))
    assert found is not None
    whole = placed(found[1], found[2], part.shape)
    assert whole.any(0).all() and 6 <= whole.any(1).sum() <= 10
    wide = np.ones((30, 300), np.bool_)
    assert settle_place(one, wide, ~wide, np.random.default_rng(1)) is None


def test_a_donor_that_would_cover_far_more_than_at_home_finds_no_room() -> None:
    part = np.ones((24, 36), np.bool_)
    assert settle_place(donor(), part, ~part, np.random.default_rng(0)) is None
    assert settle_place(replace(donor(), share=0.5), part, ~part, np.random.default_rng(0)) is not None
