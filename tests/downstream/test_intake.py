"""What a task refuses, in one line each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from defectgen.downstream.pool import Pool
from defectgen.downstream.task import TASKS, TrainOptions, make_task
from defectgen.errors import InputError
from tests.downstream.small_pool import small_pool

TRAIN, VAL, TEST = (small_pool(6, 2, seed=seed) for seed in range(3))


def changed(pool: Pool, **fields: object) -> Pool:
    return replace(pool, **fields)  # type: ignore[arg-type]


def lacking(pool: Pool, label: int) -> Pool:
    return pool.take(np.flatnonzero(pool.labels != label))


UNMASKED = changed(TEST, annotations=tuple("box" if one == "mask" else one for one in TEST.annotations))
UNBOXED = changed(TEST, boxes=tuple(np.zeros((0, 5), np.float32) for _ in TEST.boxes))
ODD = tuple(small_pool(6, 2, seed=seed, side=40) for seed in range(3))


@pytest.mark.parametrize("task", sorted(TASKS))
def test_what_fits_passes(task: str) -> None:
    make_task(task).check(TRAIN, VAL, TEST)


@pytest.mark.parametrize(("task", "pools", "words"), [
    ("segment", (TRAIN, VAL, TEST.take([])), "no test pictures; split the set with defectgen split"),
    ("classify", (TRAIN, TEST.take([0, 6, 8]), TEST), "1 good pictures in the val split; expected 4 or more"),
    ("classify", (TRAIN, VAL, lacking(TEST, 2)), "no cut in the test split"),
    ("detect", (lacking(TRAIN, 1), VAL, TEST), "no pit in the train split"),
    ("segment", (TRAIN, VAL, UNMASKED), r"shows a pit without a mask; segment needs masks"),
    ("anomaly", (TRAIN, VAL, UNMASKED), "anomaly needs masks"),
    ("supervised-anomaly", (TRAIN, UNMASKED, TEST), "supervised-anomaly needs masks"),
    ("detect", (TRAIN, VAL, UNBOXED), "shows a pit without a box"),
    ("segment", ODD, "size 40 px does not fit segment; expected a multiple of 32"),
    ("classify", (TRAIN, VAL, small_pool(6, 2, seed=5, classes=("pit", "dent"))), "other classes or another size"),
    ("classify", tuple(small_pool(6, 0, seed=5, classes=()) for _ in range(3)), "every picture is good"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(task: str, pools: tuple[Pool, Pool, Pool], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        make_task(task).check(*pools)
    assert "\n" not in str(caught.value)


def test_boxes_are_enough_to_detect_and_labels_to_classify() -> None:
    make_task("detect").check(TRAIN, VAL, UNMASKED)
    make_task("classify").check(TRAIN, VAL, changed(UNMASKED, boxes=UNBOXED.boxes))


def test_no_shots_are_needed_to_remember_what_is_good() -> None:
    make_task("anomaly").check(TRAIN.take(TRAIN.good), VAL, TEST)


def test_unknown_names_and_numbers() -> None:
    with pytest.raises(InputError, match="unknown task 'guess'; expected one of"):
        make_task("guess")
    with pytest.raises(InputError, match="batch is 1; expected 2 or more"):
        TrainOptions(batch=1)
