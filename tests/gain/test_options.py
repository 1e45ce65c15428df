"""Options of a study: what is refused in one line, and how names are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from defectgen.errors import InputError
from defectgen.gain.grid import arms_of, spots_of
from defectgen.gain.options import GainOptions, NamedSet, TaskModel, parse_sets, parse_tasks

REAL = Path("real")


def options(**other: Any) -> GainOptions:
    return GainOptions(REAL, Path("out"), **other)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"shots": 0}, "--shots is 0; expected 1 or more"),
        ({"draws": 0}, "--draws is 0; expected 1 or more"),
        ({"seeds": -1}, "--seeds is -1; expected 1 or more"),
        ({"batch": 1}, "--batch is 1; expected 2 or more"),
        ({"jobs": 0}, "--jobs is 0; expected 1 or more"),
        ({"most_good": 0}, "--most-good is 0; expected 1 or more"),
        ({"side": 8}, "--size is 8; expected 16 to 1024 pixels"),
        ({"budget_s": 0.0}, "--budget is 0; expected minutes above 0"),
        ({"ratios": (0.0, 1.0)}, "--ratios '0,1': expected synthetic pictures a real shot"),
        ({"ratios": ()}, "--ratios '': expected"),
        ({"ratios": (1.0, 1.0)}, "--ratios names 1.0 twice; name each once"),
        ({"tasks": ()}, "--tasks is empty"),
        ({"tasks": (TaskModel("segment"),) * 2}, "--tasks names segment twice"),
        ({"arms": ("none", "render", "render")}, "--arms names render twice"),
        ({"arms": ("render",)}, "--arms leaves out 'none'"),
        ({"arms": ("none",)}, "only real pictures alone are to be trained"),
        ({"synth": (NamedSet("render", REAL),)}, "--synth render=real has the name of another arm"),
    ],
)
def test_what_cannot_be_studied_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        options(**given)
    assert said in str(caught.value)


def test_sets_are_named_by_their_folder_or_as_asked() -> None:
    assert parse_sets(["sets/a,mine=sets/b", "c"]) == (
        NamedSet("a", Path("sets/a")), NamedSet("mine", Path("sets/b")), NamedSet("c", Path("c")),
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "a,,b", "name=", "a b=sets/c"])
def test_a_set_without_a_usable_name_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--synth"):
        parse_sets([text])


def test_tasks_may_name_their_models() -> None:
    assert parse_tasks("segment, segment:resnet34") == (TaskModel("segment"), TaskModel("segment", "resnet34"))


def test_an_unknown_arm_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"--arms: 'magic' is unknown; use some of none, classical, copy-paste"):
        arms_of(options(arms=("none", "magic")))


def test_zero_shot_twins_are_of_arms_that_look_at_no_real_defect() -> None:
    given = options(arms=("none", "copy-paste", "render"), synth=(NamedSet("mine", REAL),), zero_shot=True)
    twins = [(arm.name, arm.maker) for arm in arms_of(given) if arm.zero_shot]
    assert twins == [("zero-shot render", "render-words"), ("zero-shot mine", "mine")]
    with pytest.raises(InputError, match="--zero-shot: no arm can do without real defects"):
        arms_of(options(arms=("none", "copy-paste"), zero_shot=True))


def test_the_grid_runs_one_seed_of_all_draws_first_and_arms_without_a_set_once() -> None:
    given = options(arms=("none", "classical", "render"), draws=2, seeds=2, ratios=(1.0, 0.5))
    spots = spots_of(given, arms_of(given), [TaskModel("segment", "lite0")])
    assert len(spots) == 2 * 2 * (2 + 2) and len(set(spots)) == len(spots)
    assert [one.seed for one in spots] == sorted(one.seed for one in spots)
    assert [(one.arm, one.ratio) for one in spots[:4]] == [
        ("none", 0.0), ("classical", 0.0), ("render", 0.5), ("render", 1.0),
    ]  # fmt: skip
    assert len({one.training_seed for one in spots}) == 2 * 2
