"""Splits: whole groups, each defect in its share, the same for the same seed; a refusal changes nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from defectgen.dataset.assign import assign_splits, drop_straddling, take_shots
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.dataset.training import training_records
from defectgen.errors import InputError
from defectgen.record import Record
from tests.pieces import write_set

PIECES = {
    "good": [f"good{k}" for k in range(8)],
    "crack": [f"crack{k}" for k in range(6)],
    "pit": [f"pit{k}" for k in range(5)],
}


@pytest.fixture
def owner(tmp_path: Path) -> DefectSet:
    return DefectSet(write_set(tmp_path / "set", PIECES))


def records_of(owner: DefectSet, **options: Any) -> list[Record]:
    split_set(owner, SplitOptions(**options))
    return list(owner.records())


def test_no_piece_is_on_two_sides(owner: DefectSet) -> None:
    """The set's own groups and names hide that two pictures show one piece; the pictures tell."""
    sides: dict[str, set[str]] = {}
    groups: dict[str, set[str]] = {}
    for record in records_of(owner):
        piece = record.source.rsplit("-", 1)[0]
        sides.setdefault(piece, set()).add(record.split)
        groups.setdefault(record.group, set()).add(piece)
    assert {len(splits) for splits in sides.values()} == {1}
    assert len(groups) == len(sides) == 19


def test_by_source_alone_the_pieces_are_torn(owner: DefectSet) -> None:
    torn = records_of(owner, by="source")
    assert len({record.group for record in torn}) == 38
    by_name = records_of(owner, by="source", group_by=r"^(.*)-\d")
    assert len({record.group for record in by_name}) == 19


@pytest.mark.parametrize("seed", range(5))
def test_each_defect_gets_its_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 7, 150)
    groups = [f"g{g}" for g, size in enumerate(sizes) for _ in range(size)]
    kinds = rng.choice(["good", "crack", "pit"], len(sizes), p=[0.7, 0.2, 0.1])
    defects = [str(kinds[int(group[1:])]) for group in groups]
    splits = assign_splits(groups, defects, (0.7, 0.15, 0.15), rng)
    for defect in set(defects):
        count = Counter(split for split, kind in zip(splits, defects, strict=True) if kind == defect)
        for split, share in (("train", 0.7), ("val", 0.15), ("test", 0.15)):
            assert abs(count[split] - share * count.total()) <= 6
    assert len({*zip(groups, splits, strict=True)}) == len(sizes)


@pytest.mark.parametrize(("n", "sides"), [(1, ["train"]), (2, ["test", "train"]), (3, ["test", "train", "val"])])
def test_few_groups_serve_train_then_test(n: int, sides: list[str]) -> None:
    splits = assign_splits([f"g{k}" for k in range(n)], ["crack"] * n, (0.7, 0.15, 0.15), np.random.default_rng(0))
    assert sorted(splits) == sides


def test_the_seed_decides(owner: DefectSet) -> None:
    sides = [[record.split for record in records_of(owner, seed=seed)] for seed in (0, 0, 1)]
    assert sides[0] == sides[1] != sides[2]


def test_a_split_starts_from_the_source_again(owner: DefectSet) -> None:
    """Groups of an earlier split do not stay."""
    first = records_of(owner, by="source")
    records_of(owner)
    assert records_of(owner, by="source") == first


def test_draws_differ_and_leave_the_test_side_alone(owner: DefectSet) -> None:
    taken = [{r.file_name: (r.split, r.defect) for r in records_of(owner, shots=2, draw=draw)} for draw in range(6)]
    tests = [{name for name, (split, _) in draw.items() if split in ("val", "test")} for draw in taken]
    shots = [{name for name, (split, kind) in draw.items() if split == "train" and kind != "good"} for draw in taken]
    assert all(side == tests[0] for side in tests)
    assert len({frozenset(side) for side in shots}) > 1
    for draw in taken:
        kept = Counter(kind for split, kind in draw.values() if split == "train")
        assert kept["crack"] == kept["pit"] == 2 and kept["good"] > 2


def test_fewer_shots_are_a_part_of_more_and_show_as_many_pieces() -> None:
    groups = [f"g{k // 3}" for k in range(18)]
    splits = {k: take_shots(groups, ["crack"] * 18, ["train"] * 18, k, seed=0, draw=3) for k in (2, 6, 9)}
    train = {k: {i for i, split in enumerate(side) if split == "train"} for k, side in splits.items()}
    assert train[2] < train[6] < train[9]
    assert len({groups[i] for i in train[6]}) == 6


def test_the_manifest_knows_the_test_pictures(owner: DefectSet) -> None:
    records = records_of(owner, shots=1, draw=4, seed=2)
    manifest = json.loads((owner.path / "split.json").read_text())
    assert {mark["file_name"] for mark in manifest["test"]} == {r.file_name for r in records if r.split == "test"}
    assert {mark["source_sha256"] for mark in manifest["test"]} <= {r.source_sha256 for r in records}
    assert manifest["options"]["draw"] == 4 and manifest["options"]["seed"] == 2
    for defect, sides in manifest["counts"].items():
        for split, count in sides.items():
            assert count["pictures"] == sum(r.defect == defect and r.split == split for r in records)


def test_the_sources_split_is_kept_or_refused(tmp_path: Path) -> None:
    owner = DefectSet(write_set(tmp_path / "set", {"crack": ["a", "b", "c"]}, split="train"))
    text = (owner.path / "metadata.jsonl").read_text().splitlines()
    text[1] = text[1].replace('"split":"train"', '"split":"test"')
    (owner.path / "metadata.jsonl").write_text("\n".join(text) + "\n")
    before = (owner.path / "metadata.jsonl").read_bytes()
    with pytest.raises(InputError, match=r"1 of 3 groups lie in two splits .*1 in test, 1 in train"):
        split_set(owner, SplitOptions(keep=True))
    assert (owner.path / "metadata.jsonl").read_bytes() == before
    assert [r.split for r in records_of(owner, keep=True, drop=True)] == ["unused", "test", *["train"] * 4]


def test_of_a_torn_group_the_later_split_stays() -> None:
    groups, splits = ["a", "a", "a", "b", "b", "c"], ["train", "val", "test", "val", "train", "train"]
    assert drop_straddling(groups, splits) == ["unused", "unused", "test", "val", "unused", "train"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shots": 12}, "no 12 shots of crack: its 12 pictures in 6 groups give train 8, val 2, test 2"),
        ({"shots": 1, "ratios": (1, 0, 0)}, "test 0"),
        ({"shots": 0}, "--shots is 0"),
        ({"draw": -1}, "--draw is -1"),
        ({"ratios": (0, 0.5, 0.5)}, "--ratios 0,0.5,0.5"),
        ({"threshold": 0}, "--threshold is 0"),
        ({"by": "magic"}, "groups, source"),
        ({"keep": True}, "38 of 38 pictures .* have no split"),
        ({"drop": True}, "add --keep"),
    ],
)
def test_what_cannot_be_changes_nothing(owner: DefectSet, options: dict[str, Any], said: str) -> None:
    before = (owner.path / "metadata.jsonl").read_bytes()
    with pytest.raises(InputError, match=said):
        split_set(owner, SplitOptions(**options))
    assert (owner.path / "metadata.jsonl").read_bytes() == before
    assert not (owner.path / "split.json").exists()


def test_a_strange_manifest_is_not_overwritten(owner: DefectSet) -> None:
    (owner.path / "split.json").write_text('{"train": [1]}')
    with pytest.raises(InputError, match="no split manifest"):
        split_set(owner, SplitOptions())


def test_training_sees_training_pictures_alone(owner: DefectSet) -> None:
    with pytest.raises(InputError, match="run defectgen split"):
        list(training_records(owner))
    split = records_of(owner)
    assert list(training_records(owner)) == [record for record in split if record.split == "train"]


def test_a_test_picture_that_is_called_train_is_refused(owner: DefectSet) -> None:
    records_of(owner)
    table = owner.path / "metadata.jsonl"
    table.write_text(table.read_text().replace('"split":"test"', '"split":"train"'))
    with pytest.raises(InputError, match="is a test picture"):
        list(training_records(owner))
