"""What is known beforehand: a trial that cannot tell copies, blank masks and wrong names apart tells nothing.

The sets are made by the sanity arms out of the draw's shots; plates with scratches and spots are learned by a small
network through the whole study, verdicts included.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.downstream.task import TrainOptions, Trial
from defectgen.gain.options import GainOptions, NamedSet, TaskModel
from defectgen.gain.plan import Plan, make_plan
from defectgen.gain.result import GainResult
from defectgen.gain.row import ALL, Row
from defectgen.gain.study import run_study
from defectgen.gain.verdict import judge
from tests.gain.bench_set import real_set, synthetic_set
from tests.gain.tiny_task import TinySegment, known

pytestmark = pytest.mark.slow


def levels(result: GainResult) -> dict[str, str]:
    """The verdict on each arm over all defects."""
    return {one.arm: one.level for one in result.verdicts if one.defect == ALL}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> GainResult:
    folder = tmp_path_factory.mktemp("sanity")
    real_set(folder / "real", good=60, each=40)
    synthetic_set(folder / "more", each=20)
    options = GainOptions(
        folder / "real", folder / "out", synth=(NamedSet("more", folder / "more"),),
        arms=("none", "duplicate", "blank-mask", "shuffled"), tasks=(TaskModel("tiny"),), shots=4, draws=6, seeds=1,
        ratios=(5.0,), side=40, batch=8,
    )  # fmt: skip
    with known(steps=200):
        return run_study(make_plan(options))


def test_there_is_something_to_learn(judged: GainResult) -> None:
    values = [one.numbers.metrics["pixel_ap"] for one in judged.cells if one.arm == "none"]
    assert np.mean([value for value in values if value is not None]) > 0.5


def test_copies_of_the_real_shots_are_no_gain(judged: GainResult) -> None:
    assert levels(judged)["duplicate"] == "no evidence"


def test_blank_masks_harm(judged: GainResult) -> None:
    assert levels(judged)["blank-mask"] == "harms"


def test_wrong_labels_harm(judged: GainResult) -> None:
    assert levels(judged)["shuffled"] == "harms"


def test_pictures_as_good_as_real_ones_do_not_harm(judged: GainResult) -> None:
    assert levels(judged)["more"] != "harms"


def test_identical_arms_give_no_evidence_in_nearly_all_studies(tmp_path: Path) -> None:
    """The same training twice with other seeds, so that nothing but luck tells the arms apart, in 40 studies.

    Of 40 verdicts that are wrong 5 times in a hundred, more than 5 have a chance of 1.4%.
    """
    real_set(tmp_path / "real", good=24, each=20)
    options = GainOptions(
        tmp_path / "real", tmp_path / "out", tasks=(TaskModel("tiny"),), arms=("none", "duplicate"), shots=3, side=24,
    )  # fmt: skip
    with known(steps=8):
        plan = make_plan(options)
        found = [identical(plan, study) for study in range(40)]
    assert sum(one != "no evidence" for one in found) <= 5
    assert len({plan.real(draw).sha256 for draw in range(5)}) == 5


def identical(plan: Plan, study: int) -> str:
    """The verdict on real only against itself over five draws of its own."""
    rows = []
    for draw in range(5 * study, 5 * study + 5):
        trial = Trial(plan.real(draw), None, plan.val, plan.test, False, 0.0)
        for seed, arm in enumerate(("none", "twin")):
            options = TrainOptions("flat", 8, 4, seed=2 * draw + seed)
            outcome = TinySegment().run(trial, options, lambda step, loss: None)
            rows.append(Row("tiny", arm, 0.0, ALL, "pixel_ap", draw, 0, outcome.metrics["pixel_ap"], "flat"))
    return judge(rows, {"tiny": "pixel_ap"})[0].level
