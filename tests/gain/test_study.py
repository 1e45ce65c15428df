"""A study from the command's options to gain.json: what it trains, keeps, resumes and says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from defectgen.dataset.writer import rewrite_records
from defectgen.errors import InputError, OutputError
from defectgen.gain.forecast import Forecast
from defectgen.gain.options import GainOptions, NamedSet, TaskModel
from defectgen.gain.plan import make_plan
from defectgen.gain.result import SCHEMA, GainResult, read_result
from defectgen.gain.study import Progress, forecast_study, run_study
from tests.gain.bench_set import real_set, synthetic_set
from tests.gain.tiny_task import known
from tests.metric.test_audit import shape_of

STEPS = 3


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    with known(STEPS):
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a real set and two synthetic ones."""
    made = tmp_path_factory.mktemp("study")
    real_set(made / "real", good=32, each=20)
    synthetic_set(made / "mine", each=8)
    synthetic_set(made / "twin", each=8)
    return made


def options(folder: Path, **other: Any) -> GainOptions:
    given: dict[str, Any] = {
        "arms": ("none", "duplicate"), "synth": (NamedSet("mine", folder / "mine"),), "tasks": (TaskModel("tiny"),),
        "shots": 3, "draws": 2, "seeds": 1, "side": 32, "batch": 4,
    }  # fmt: skip
    return GainOptions(folder / "real", **{"out": folder / "out", **given, **other})


@pytest.fixture(scope="module")
def result(folder: Path) -> GainResult:
    return run_study(make_plan(options(folder)))


def test_every_training_is_there_once_and_on_the_disk(result: GainResult, folder: Path) -> None:
    assert result.complete and result.planned == 3 * 2 == len(result.cells)
    assert len({(one.arm, one.draw) for one in result.cells}) == 6
    assert read_result(folder / "out/gain.json") == result
    assert len(list((folder / "out/cells").glob("*.json"))) == 6
    assert all(len(names) == 3 for draw in result.draws for names in draw.shots.values())
    assert result.draws[0].shots != result.draws[1].shots
    assert result.real.counts["test"] == {"good": 10, "scratch": 6, "spot": 6} == {
        kind: result.test.labels.count(k) for k, kind in enumerate(("good", "scratch", "spot"))
    }  # fmt: skip


def test_caught_is_among_the_numbers_and_each_verdict_is_said(result: GainResult) -> None:
    assert all("caught" in one.numbers.metrics for one in result.cells)
    assert {one.arm for one in result.verdicts} == {"duplicate", "mine"}
    assert len(result.said) == len(result.verdicts) and "tiny" in result.said[0]
    assert {one.level for one in result.verdicts} == {"no evidence"}, "two draws say nothing"


def test_running_again_trains_nothing_and_gives_the_same_bytes(result: GainResult, folder: Path) -> None:
    before = (folder / "out/gain.json").read_bytes()
    stages: set[str] = set()
    forecasts: list[Forecast] = []
    again = run_study(make_plan(options(folder)), lambda one: stages.add(one.stage), forecasts.append)
    assert again == result and (folder / "out/gain.json").read_bytes() == before
    assert "trainings" not in stages and forecasts[0].left == 0


def test_another_folder_gives_the_same_numbers(result: GainResult, folder: Path) -> None:
    given = options(folder, out=folder / "other", draws=1, arms=("none", "classical"), synth=())
    alone = run_study(make_plan(given))
    for one in alone.cells:
        twin = next((two for two in result.cells if two.key == one.key), None)
        assert (twin is not None) == (one.arm == "none")
        if twin is not None:
            assert twin.numbers.metrics == one.numbers.metrics and twin.numbers.curve == one.numbers.curve


def test_studies_may_share_their_trainings(result: GainResult, folder: Path) -> None:
    given = options(folder, out=folder / "third", cache=folder / "out")
    assert forecast_study(make_plan(given)).left == 0
    forecasts: list[Forecast] = []
    again = run_study(make_plan(given), told=forecasts.append)
    assert forecasts[0].left == 0 and again.cells == result.cells
    assert sorted(path.name for path in (folder / "third").iterdir()) == [".lock", "gain.json", "shots"]
    other = options(folder, out=folder / "third", cache=folder / "out", shots=2)
    assert forecast_study(make_plan(other)).left == 6


def test_a_budget_stops_early_and_the_rest_is_done_by_running_again(folder: Path) -> None:
    given = options(folder, out=folder / "short", seeds=2, budget_s=1e-3)
    first = run_study(make_plan(given))
    assert not first.complete and first.cells == () and first.verdicts == ()
    assert run_study(make_plan(replace(given, budget_s=None))).complete


def test_two_arms_that_see_the_same_get_the_same(folder: Path) -> None:
    sets = tuple(NamedSet(name, folder / name) for name in ("mine", "twin"))
    run = run_study(make_plan(options(folder, out=folder / "same", arms=("none",), synth=sets)))
    value = {(one.arm, one.draw): one.numbers for one in run.cells}
    keys = {(one.arm, one.draw): one.key for one in run.cells}
    for draw in (0, 1):
        assert keys["mine", draw] == keys["twin", draw] != keys["none", draw]
        assert value["mine", draw] == value["twin", draw]
    effects = {one.arm: one.paired.effect for one in run.verdicts if one.defect == "all"}
    assert effects["mine"] == effects["twin"]


def test_a_changed_set_trains_again_just_what_depends_on_it(result: GainResult, folder: Path, tmp_path: Path) -> None:
    owner = synthetic_set(tmp_path / "mine", each=8)
    records = [one for one in owner.records() if one.file_name != "images/000000.png"]
    rewrite_records(owner.path, iter(records))
    forecasts: list[Forecast] = []
    given = options(folder, synth=(NamedSet("mine", owner.path),))
    after = run_study(make_plan(given), told=forecasts.append)
    assert [one.left for one in forecasts] == [0, 2]
    before = {(one.arm, one.draw): one.key for one in result.cells}
    assert {one.arm for one in after.cells if before[one.arm, one.draw] != one.key} == {"mine"}


def test_ratios_take_more_of_a_set_and_a_larger_share_of_a_batch(folder: Path) -> None:
    plan = make_plan(options(folder, out=folder / "ratios", draws=1, arms=("none",), ratios=(0.4, 2.0)))
    run = run_study(plan)
    kept = [json.loads(path.read_text()) for path in (folder / "ratios/cells").glob("*.json")]
    shares = {one["cell"]["spot"]["ratio"]: one["cell"]["extra_share"] for one in kept}
    assert shares == {0.0: 0.0, 0.4: pytest.approx(0.4 / 1.4), 2.0: pytest.approx(2 / 3)}
    extra = {one["cell"]["spot"]["ratio"]: one["cell"]["extra"] for one in kept}
    sizes = {ratio: len(plan.pools.get(key)) for ratio, key in extra.items() if key}
    assert sizes == {0.4: 2, 2.0: 12} and run.advice[0].state == "cannot say"


def test_zero_shot_arms_train_without_a_real_defect(folder: Path) -> None:
    plan = make_plan(options(folder, out=folder / "zero", draws=1, arms=("none",), zero_shot=True))
    run = run_study(plan)
    assert [one.name for one in run.arms] == ["none", "mine", "zero-shot mine"]
    assert any("cannot be trained" in note for note in run.notes)
    kept = [json.loads(path.read_text())["cell"] for path in (folder / "zero/cells").glob("*.json")]
    zero = next(one for one in kept if one["spot"]["arm"] == "zero-shot mine")
    assert not len(plan.pools.get(zero["real"]).defective) and zero["extra_share"] == 1.0


def test_the_dry_run_makes_no_sets_and_trains_no_cell(folder: Path) -> None:
    steps: list[Progress] = []
    forecast = forecast_study(make_plan(options(folder, out=folder / "dry")), steps.append)
    assert (forecast.trainings, forecast.left, forecast.sets) == (6, 6, 2) and forecast.seconds > 0
    assert not (folder / "dry").exists() and {one.stage for one in steps} == {"timing"}


def test_a_folder_in_use_or_no_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    from filelock import FileLock

    (tmp_path / "used").mkdir()
    with FileLock(tmp_path / "used/.lock"), pytest.raises(OutputError, match="is in use by another run"):
        run_study(make_plan(options(folder, out=tmp_path / "used")))
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        run_study(make_plan(options(folder, out=tmp_path / "file")))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"tasks": (TaskModel("fly"),)}, "unknown task 'fly'"),
        ({"tasks": (TaskModel("tiny", "huge"),)}, "--tasks tiny:huge: unknown model; use one of flat"),
        ({"arms": ("none", "magic")}, "--arms: 'magic' is unknown"),
        ({"shots": 99}, "has 10 training pictures of scratch, --shots asks for 99"),
        ({"ratios": (9.0,)}, "has 8 pictures of scratch, the largest ratio takes 27"),
    ],
)
def test_what_cannot_be_studied_is_said_before_anything_is_trained(
    folder: Path, tmp_path: Path, other: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        make_plan(options(folder, out=tmp_path / "out", **other))
    assert said in str(caught.value) and not (tmp_path / "out").exists()


def test_the_schema_is_pinned() -> None:
    """Names and types of every field: a change needs a new SCHEMA and a new file."""
    pinned = Path(__file__).with_name("gain_schema.json")
    assert GainResult.model_fields["schema_version"].default == SCHEMA
    shape = shape_of(GainResult.model_json_schema())
    assert {"GainResult": shape.pop("AuditReport"), **shape} == json.loads(pinned.read_text("utf-8"))


def test_another_schema_or_file_is_refused(result: GainResult, tmp_path: Path) -> None:
    path = tmp_path / "gain.json"
    path.write_text(json.dumps({**json.loads(result.model_dump_json()), "schema_version": 0}))
    with pytest.raises(InputError, match=r"has schema 0, this version reads \d+; run the study again"):
        read_result(path)
    path.write_text("[1]")
    with pytest.raises(InputError, match="is no result of defectgen gain"):
        read_result(path)


def test_a_budget_that_is_used_up_leaves_out_nothing_that_was_made_before(result: GainResult, folder: Path) -> None:
    late = run_study(make_plan(options(folder, out=folder / "late", cache=folder / "out", budget_s=1e-3)))
    assert late.complete and late.cells == result.cells
