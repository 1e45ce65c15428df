"""What arms change in a task that ranks by good pictures alone: no more than what is counted at the threshold."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.downstream.task import LEADS, TASKS, TrainOptions, make_task
from defectgen.errors import InputError
from defectgen.gain.calibration import calibrates, may_differ
from defectgen.gain.effect import effect_in_words, measure_of
from defectgen.gain.grid import Arm, spots_of
from defectgen.gain.options import GainOptions, TaskModel
from defectgen.gain.plan import make_plan
from tests.downstream.small_pool import small_pool, small_trial
from tests.gain.bench_set import real_set


def test_the_task_itself_changes_nothing_else() -> None:
    trials = [small_trial(shots=0), small_trial(), small_trial(augment=True),
              small_trial(extra=small_pool(0, 4, seed=8), share=0.9)]  # fmt: skip
    none, shots, augmented, synthetic = (
        make_task("anomaly").run(trial, TrainOptions(seed=1), lambda step, loss: None).metrics for trial in trials
    )
    for other in (shots, synthetic):
        assert {name for name in none if none[name] != other[name]} <= {n for n in none if may_differ("anomaly", n)}
    assert augmented == shots, "augmentation is of the shots, whose scores set the threshold as they are"


def test_only_what_is_counted_at_the_threshold_is_compared() -> None:
    kept = {"balanced_accuracy", "found", "found_small", "false_per_good"}
    gone = {"image_auroc", "image_ap", "pixel_ap", "caught", "iou", "found_good_only"}
    assert {name for name in kept | gone if may_differ("anomaly", name)} == kept
    assert all(may_differ(task, name) for task in TASKS if task != "anomaly" for name in kept | gone)
    assert all(may_differ(task, lead) for task, lead in LEADS.items())
    assert [task for task in TASKS if calibrates(task)] == ["anomaly"]


def test_its_numbers_are_said_to_be_at_that_threshold() -> None:
    said = effect_in_words("balanced_accuracy", 0.031, task="anomaly")
    assert said == "judges 3.1 more of 100 pictures right, good and defective counting alike"
    for name in ("balanced_accuracy", "found", "false_per_good"):
        assert "that the arm's defects set" in measure_of(name, "anomaly").meaning
        assert measure_of(name, "segment") == measure_of(name)
    assert measure_of("false_per_good", "anomaly").better == -1


def test_augmented_shots_are_not_run_there() -> None:
    arms = (Arm("none", "real"), Arm("classical", "augmented"), Arm("perlin", "made", "perlin"))
    options = GainOptions(Path("real"), Path("out"), draws=1, seeds=1)
    spots = spots_of(options, arms, (TaskModel("anomaly"), TaskModel("segment")))
    assert [(one.task, one.arm) for one in spots] == [
        ("anomaly", "none"), ("anomaly", "perlin"),
        ("segment", "none"), ("segment", "classical"), ("segment", "perlin"),
    ]  # fmt: skip


def test_a_plan_says_so_or_refuses(tmp_path: Path) -> None:
    real = real_set(tmp_path / "real", good=24, each=16).path
    given = {"tasks": (TaskModel("anomaly"),), "shots": 2, "draws": 2, "seeds": 1, "side": 32}
    plan = make_plan(GainOptions(real, tmp_path / "out", arms=("none", "classical", "duplicate"), **given))  # type: ignore[arg-type]
    (note,) = (one for one in plan.notes if one.startswith("anomaly: "))
    assert "sets its alarm threshold, nothing else" in note and "classical cannot change it and is left out" in note
    assert {one.arm for one in plan.spots} == {"none", "duplicate"}
    with pytest.raises(InputError, match=r"--tasks anomaly: .* augmented shots do not; name --arms"):
        make_plan(GainOptions(real, tmp_path / "out", arms=("none", "classical"), **given))  # type: ignore[arg-type]
