"""Scores of boxes: pycocotools' map, and what is found at the alarm threshold."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.downstream.box_score import box_scores, class_box_scores, coco_precision, overlaps, top_scores
from defectgen.downstream.pool import Pool
from tests.downstream.small_pool import small_pool


def right(pool: Pool, score: float = 0.9) -> list[np.ndarray]:
    return [np.concatenate([boxes, np.full((len(boxes), 1), score, np.float32)], axis=1) for boxes in pool.boxes]


def test_right_boxes_score_one_and_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    pool = small_pool(3, 2, seed=0)
    scores = box_scores(right(pool), pool, 0.5)
    assert scores.pop("false_per_good") == 0
    assert all(value == pytest.approx(1.0) for value in scores.values()), scores
    assert all(row == pytest.approx({"map50": 1, "map": 1, "recall": 1, "found": 1})
               for row in class_box_scores(right(pool), pool, 0.5).values())  # fmt: skip
    assert capsys.readouterr().out == ""


def test_a_false_box_above_the_right_one_halves_the_precision() -> None:
    pool = small_pool(1, 1, seed=0)
    seen = right(pool)
    seen[0] = np.array([[1, 1, 9, 9, 1, 0.95]], np.float32)  # on the good picture, a pit, surer than the true one
    assert coco_precision(seen, pool)[0].tolist() == pytest.approx([0.5, 1.0])
    assert box_scores(seen, pool, 0.5)["false_per_good"] == 1.0
    seen[0][0, 5] = 0.1
    assert coco_precision(seen, pool)[0].tolist() == pytest.approx([1.0, 1.0])
    assert box_scores(seen, pool, 0.5)["false_per_good"] == 0.0


def test_half_a_box_is_found_but_the_wrong_type_is_not_recalled() -> None:
    pool = small_pool(1, 1, seed=0)
    seen = right(pool)
    seen[1][0, 4] = 2.0  # the pit taken for a cut
    seen[2][0, 2] -= 6.0  # four tenths of the cut
    scores = box_scores(seen, pool, 0.5)
    assert scores["found"] == 1.0 and scores["recall"] == 0.0 and scores["map50"] == 0.0


def test_nothing_seen_scores_nothing() -> None:
    pool = small_pool(2, 2, seed=0)
    seen = [np.zeros((0, 6), np.float32)] * len(pool)
    scores = box_scores(seen, pool, 0.5)
    assert scores["map50"] == scores["found"] == scores["false_per_good"] == 0.0 and scores["image_auroc"] == 0.5
    assert top_scores(seen).tolist() == [0.0] * len(pool)


def test_overlap_by_hand() -> None:
    a, b = np.array([[0, 0, 4, 4]], np.float32), np.array([[2, 2, 6, 6], [0, 0, 4, 4], [5, 5, 6, 6]], np.float32)
    assert overlaps(a, b).tolist() == [[pytest.approx(4 / 28), 1.0, 0.0]]
