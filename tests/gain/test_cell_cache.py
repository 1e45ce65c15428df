"""Cells and pools on the disk: a key covers what decides an outcome, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defectgen.downstream.pool import Pool, read_pool
from defectgen.downstream.task import Outcome, TrainOptions
from defectgen.errors import InputError
from defectgen.gain.cell import Cell, Spot
from defectgen.gain.cell_cache import CellCache
from defectgen.gain.pool_store import PoolStore
from tests.gain.bench_set import synthetic_set

SPOT = Spot("segment", "lite0", "render", 1.0, 0, 0)
CELL = Cell(SPOT, TrainOptions("lite0"), False, 0.5, 32, "real", "extra", "val", "test")
OUTCOME = Outcome(
    metrics={"pixel_ap": 0.5, "pro": float("nan")}, per_class={"spot": {"recall": 1.0}},
    curve=({"step": 10, "loss": 1.5, "val": 0.25},), best_step=10, val=0.25, seconds=3.0,
    scores=np.array([0.1, 0.9], np.float32), maps=np.full((2, 4, 4), 7, np.uint8),
)  # fmt: skip


def test_the_key_covers_what_decides_an_outcome_and_no_names() -> None:
    same = [replace(CELL, spot=replace(SPOT, arm="mine", draw=3, ratio=2.0))]
    other = [
        replace(CELL, spot=replace(SPOT, task="detect")), replace(CELL, options=replace(CELL.options, seed=1)),
        replace(CELL, options=replace(CELL.options, steps=7)), replace(CELL, augment=True), replace(CELL, extra=""),
        replace(CELL, extra_share=0.6), replace(CELL, real="x"), replace(CELL, val="x"), replace(CELL, test="x"),
        replace(CELL, options=replace(CELL.options, model="resnet34")), replace(CELL, side=64),
    ]  # fmt: skip
    assert {one.key for one in same} == {CELL.key}
    assert len({CELL.key, *(one.key for one in other)}) == 1 + len(other)


def test_a_finished_cell_comes_back_with_its_arrays(tmp_path: Path) -> None:
    cache = CellCache(tmp_path / "cells")
    assert cache.get(CELL.key) is None and cache.spots() == []
    numbers = cache.put(CELL, OUTCOME, 4.5)
    assert cache.get(CELL.key) == numbers
    assert numbers.metrics == {"pixel_ap": 0.5, "pro": None} and numbers.seconds == 4.5
    arrays = cache.arrays(CELL.key)
    assert (arrays["scores"] == OUTCOME.scores).all() and (arrays["maps"] == 7).all()
    assert [one["spot"]["arm"] for one in cache.spots()] == ["render"]


def test_maps_are_kept_of_the_first_seed_alone(tmp_path: Path) -> None:
    cache, second = CellCache(tmp_path), replace(CELL, spot=replace(SPOT, seed=1))
    cache.put(second, OUTCOME, 1.0)
    assert cache.arrays(second.key).keys() == {"scores"}


def test_a_damaged_cell_is_one_clear_line(tmp_path: Path) -> None:
    cache = CellCache(tmp_path)
    cache.put(CELL, OUTCOME, 1.0)
    (tmp_path / f"{CELL.key}.json").write_text("{")
    with pytest.raises(InputError, match=r"is damaged \(.*\); delete it, and its cell is trained again"):
        cache.get(CELL.key)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    owner = synthetic_set(tmp_path_factory.mktemp("pool") / "set", each=3)
    return read_pool(owner, list(owner.records()), ("scratch", "spot"), 24)


def test_a_stored_pool_is_the_same_pool(tmp_path: Path, pool: Pool) -> None:
    store = PoolStore(tmp_path / "pools")
    key = store.put(pool)
    back = store.get(key)
    assert back.sha256 == key == pool.sha256 and back.names == pool.names and back.groups == pool.groups
    assert isinstance(back.pixels, np.memmap)
    back.pixels[0] = 0  # what a reader does to its pages is not written
    assert store.get(key).sha256 == key == store.put(pool)


def test_a_pool_without_pictures_or_boxes_is_stored_as_well(tmp_path: Path, pool: Pool) -> None:
    store = PoolStore(tmp_path)
    empty = pool.take([])
    assert len(store.get(store.put(empty))) == 0


def test_a_missing_pool_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read .*; delete it and run again"):
        PoolStore(tmp_path).get("0" * 64)
