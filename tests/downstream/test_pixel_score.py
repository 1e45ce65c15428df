"""Scores of maps: perfect maps score one, shuffled ones do not, thresholds come from val alone."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.downstream.pixel_score import MapScores, Thresholds, macro_pixel_ap, pick_thresholds, picture_scores
from tests.downstream.small_pool import small_pool

HALF = Thresholds(0.5, 0.5)


def test_perfect_maps() -> None:
    pool = small_pool(5, 3, seed=0)
    scores = MapScores((pool.masks > 0).astype(np.float32), pool, HALF).overall()
    assert scores.pop("false_per_good") == 0
    assert all(value == 1.0 for value in scores.values()), scores
    assert {"pixel_ap", "f1_max", "iou", "dice", "pro", "image_auroc", "found"} <= set(scores)


def test_iou_and_dice_by_hand() -> None:
    pool = small_pool(2, 1, seed=0)
    maps = (pool.masks == 1).astype(np.float32)  # the pit (64 px) right, the cut (30 px) missed
    maps[0, :6, :6] = 1.0  # 36 px on a good picture
    scores = MapScores(maps, pool, HALF)
    overall = scores.overall()
    assert overall["iou"] == pytest.approx(64 / (64 + 30 + 36))
    assert overall["dice"] == pytest.approx(2 * 64 / (94 + 100))
    assert overall["false_per_good"] == 0.5 and overall["found"] == 0.5
    classes = scores.per_class()
    assert classes["pit"]["found"] == 1 and classes["cut"]["found"] == 0
    assert classes["pit"]["iou"] == pytest.approx(64 / 100) and classes["cut"]["iou"] == 0
    assert classes["cut"]["image_auroc"] == pytest.approx(0.25)


def test_another_pictures_maps_score_low() -> None:
    pool = small_pool(5, 6, seed=0)
    maps = np.roll((pool.masks > 0).astype(np.float32), 1, axis=0)
    assert MapScores(maps, pool, HALF).overall()["pixel_ap"] < 0.5
    assert macro_pixel_ap(maps, pool) == MapScores(maps, pool, HALF).overall()["macro_pixel_ap"]


def test_the_macro_precision_counts_small_types_as_much() -> None:
    pool = small_pool(4, 3, seed=0)
    maps = (pool.masks == 1).astype(np.float32)
    scores = MapScores(maps, pool, HALF)
    assert scores.per_class()["pit"]["pixel_ap"] == 1 and scores.per_class()["cut"]["pixel_ap"] < 0.05
    assert macro_pixel_ap(maps, pool) < 0.53 < scores.overall()["pixel_ap"]


def test_thresholds_do_what_they_say() -> None:
    pool = small_pool(40, 4, seed=0)
    maps = np.random.default_rng(1).random(pool.masks.shape).astype(np.float32) * 0.5 + 0.5 * (pool.masks > 0)
    thresholds = pick_thresholds(maps, pool)
    scores = MapScores(maps, pool, thresholds).overall()
    assert scores["false_per_good"] == 0.05
    assert scores["dice"] == pytest.approx(scores["f1_max"])
    assert (picture_scores(maps)[pool.good] >= np.float32(thresholds.alarm)).sum() == 2
