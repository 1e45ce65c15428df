"""Every task, trained for a moment: what comes back, that the seed decides all, that it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from defectgen.downstream.task import LEADS, STEPS, TASKS, Outcome, TrainOptions, make_task
from tests.downstream.small_pool import small_pool, small_trial

NAMED = {
    "classify": {"accuracy", "balanced_accuracy", "auroc", "found", "false_per_good"},
    "detect": {"map50", "map", "recall", "found", "false_per_good"},
    "segment": {"pixel_ap", "f1_max", "iou", "dice", "pro", "image_auroc", "found", "false_per_good"},
    "anomaly": {"image_auroc", "image_ap", "pixel_auroc", "pixel_ap", "pro", "found", "false_per_good",
                "found_good_only", "false_per_good_good_only"},
    "supervised-anomaly": {"image_auroc", "image_ap", "pixel_auroc", "pixel_ap", "pro", "found", "false_per_good"},
}  # fmt: skip
SHORT = TrainOptions(steps=2, batch=4, evaluations=2, seed=3)


def trained(task: str, options: TrainOptions = SHORT, model: str = "", **trial: object) -> Outcome:
    return make_task(task).run(small_trial(**trial), replace(options, model=model), lambda step, loss: None)  # type: ignore[arg-type]


def same(a: Outcome, b: Outcome) -> bool:
    return a.metrics == b.metrics and a.curve == b.curve and bool((a.scores == b.scores).all())


@pytest.mark.parametrize("task", sorted(TASKS))
def test_an_outcome_says_all_that_was_promised(task: str) -> None:
    outcome = trained(task, extra=small_pool(0, 3, seed=8))
    assert NAMED[task] <= set(outcome.metrics) and make_task(task).lead == LEADS[task]
    assert LEADS[task] in outcome.metrics and set(outcome.per_class) == {"pit", "cut"}
    assert all(0 <= value <= 1 for value in outcome.metrics.values() if value == value) or task == "detect"
    assert outcome.scores.shape == (15,) and outcome.scores.dtype == np.float32
    if task in ("classify", "detect"):
        assert outcome.maps is None
    else:
        assert outcome.maps is not None and outcome.maps.shape == (15, 32, 32) and outcome.maps.dtype == np.uint8
    if STEPS[task]:
        assert [row["step"] for row in outcome.curve] == [1, 2] and outcome.best_step in (1, 2)
        assert outcome.val == max(row["val"] for row in outcome.curve)


@pytest.mark.parametrize("task", ["segment", "detect"])
def test_the_seed_decides_all(task: str) -> None:
    first = trained(task, augment=True)
    assert same(first, trained(task, augment=True))
    assert not same(first, trained(task, replace(SHORT, seed=4), augment=True))


@pytest.mark.parametrize(("task", "model"), [
    ("segment", "mask2former"), ("segment", "lite0-tuned"), ("segment", "resnet34-scratch"),
])  # fmt: skip
def test_every_preset_trains(task: str, model: str) -> None:
    assert not same(trained(task, model=model), trained(task))


@pytest.mark.parametrize(("task", "steps", "least"), [("segment", 40, 0.8), ("classify", 20, 0.6)])
def test_plain_defects_are_learned(task: str, steps: int, least: float) -> None:
    options = TrainOptions(steps=steps, batch=8, evaluations=2)
    assert trained(task, options, shots=6).metrics[LEADS[task]] > least


def test_synthetic_defects_alone_teach_as_well() -> None:
    options = TrainOptions(steps=40, batch=8, evaluations=2)
    assert trained("segment", options, shots=0, extra=small_pool(0, 6, seed=8)).metrics["pixel_ap"] > 0.8


def test_defects_move_the_alarm_threshold_but_not_the_ranking() -> None:
    alone, with_shots = trained("anomaly", shots=0), trained("anomaly", shots=3)
    assert alone.metrics["image_auroc"] == with_shots.metrics["image_auroc"]
    assert alone.metrics["found"] == alone.metrics["found_good_only"] == with_shots.metrics["found_good_only"]
    assert with_shots.metrics["balanced_accuracy"] >= alone.metrics["balanced_accuracy"]
