"""Adapters are trained once for the same shots and options, on these shots alone, and stop after their steps."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from defectgen.arm.adapter import adapter_of, adapter_path, taught_of
from defectgen.arm.options import AdapterOptions
from defectgen.arm.shots_set import shots_set
from defectgen.dataset.defect_set import DefectSet
from defectgen.model.adapter import CARD, read_card
from defectgen.model.adapter_path import RECIPES
from defectgen.model.checkpoint import save_model
from defectgen.model.network import build_unet
from defectgen.train.finetune import FinetuneOptions, Lap
from defectgen.train.lesson import Lesson
from tests.train.test_finetune import write_set

STEPS = 6


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> DefectSet:
    folder = tmp_path_factory.mktemp("bars")
    for name in ("images", "masks"):
        (folder / name).mkdir()
    return DefectSet(write_set(folder, 6))


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> AdapterOptions:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("base")
    save_model(folder, build_unet((32, 32), 128), 1, {"any": (0.1, 0.2, 0.3, 0.4, 0.5)})
    return AdapterOptions(steps=STEPS, rank=4, lesson=Lesson(real=12, ratio=4, rendered=4), weights=folder)


def test_the_same_shots_and_options_share_a_place(shots: DefectSet, tmp_path: Path) -> None:
    plain = AdapterOptions()
    linked = shots_set(shots, list(shots.records())[::-1], tmp_path / "linked")
    fewer = shots_set(shots, list(shots.records())[1:], tmp_path / "fewer")
    place = adapter_path(shots, plain, tmp_path)
    assert place == adapter_path(linked, plain, tmp_path)
    others = [adapter_path(fewer, plain, tmp_path), adapter_path(shots, replace(plain, steps=9), tmp_path),
              adapter_path(shots, replace(plain, seed=1), tmp_path)]  # fmt: skip
    assert len({place, *others}) == 4


def test_an_adapter_that_is_there_is_taken(shots: DefectSet, tmp_path: Path) -> None:
    place = adapter_path(shots, AdapterOptions(), tmp_path)
    place.mkdir()
    (place / CARD).touch()
    assert adapter_of(shots, AdapterOptions(), tmp_path, "cpu") == place


@pytest.mark.slow
def test_an_adapter_is_trained_once_and_shared(shots: DefectSet, options: AdapterOptions, tmp_path: Path) -> None:
    laps: list[Lap] = []
    made = adapter_of(shots, options, tmp_path / "cache", "cpu", laps.append)
    assert laps and laps[-1].step == STEPS and read_card(made).steps_trained <= STEPS
    again: list[Lap] = []
    records = list(shots.records())
    linked = shots_set(shots, records, tmp_path / "linked")
    assert adapter_of(linked, options, tmp_path / "cache", "cpu", again.append) == made and not again
    moved = replace(options, weights=Path(shutil.copytree(str(options.weights), tmp_path / "moved")))
    assert adapter_of(shots, moved, tmp_path / "cache", "cpu", again.append) == made and not again
    # Words that only the shots know are the same with and without an adapter.
    taught = taught_of(shots, options.seed, tmp_path / "words")
    assert taught is not None and taught.read_text() == (made / RECIPES).read_text()


@pytest.mark.slow
def test_other_shots_or_steps_are_another_adapter(
    shots: DefectSet, options: AdapterOptions, tmp_path: Path
) -> None:
    few = shots_set(shots, list(shots.records())[1:], tmp_path / "few")
    longer = replace(options, steps=STEPS + 1)
    made = [adapter_of(*one, tmp_path / "cache", "cpu") for one in ((few, options), (few, longer))]
    assert len(set(made)) == 2
    assert [read_card(path).pictures for path in made] == [4, 4]


def test_steps_and_seconds_share_one_budget() -> None:
    timed, counted = FinetuneOptions(budget_s=100), FinetuneOptions(budget_s=float("inf"), most_steps=40)
    assert timed.share(39, 25) == 0.25
    assert counted.share(10, 1e6) == 0.25 and counted.share(40, 0) == 1
    assert FinetuneOptions(budget_s=100, most_steps=40).share(10, 50) == 0.5
