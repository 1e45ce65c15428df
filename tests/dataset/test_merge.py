"""Merging loses nothing, doubles nothing, and lets no picture or group into two splits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from defectgen.blocked import SPLIT_FILE, Blocked
from defectgen.dataset.check import check_set
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.hash_index import HASHES
from defectgen.dataset.merge import merge_sets
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.errors import InputError, OutputError
from defectgen.record import Record
from defectgen.sample import Sample
from tests.dataset.small_set import Filling, SmallSet, block, mixed

Fill = Callable[[SmallSet], None]


def records(folder: Path) -> list[Record]:
    return list(DefectSet(folder).records())


def made(folder: Path, fill: Fill) -> Path:
    with Filling(folder) as small:
        fill(small)
    return folder


def test_counts_pictures_and_fields_survive(tmp_path: Path) -> None:
    a = mixed(tmp_path / "a")

    def fill(small: SmallSet) -> None:
        small.add("other one.png", [block("pit", 1, 1, 9, 9)])
        small.make("good part.png", (4, 4, 12, 12), index=5)

    b = made(tmp_path / "b", fill)
    out = merge_sets([a, b], tmp_path / "ab")
    old, new = [*records(a), *records(b)], records(tmp_path / "ab")
    assert [part.kept for part in out.parts] == [6, 2] and out.kept == len(new)
    names = {"file_name", "mask_file_name", "good_file_name", "instances_file_name", "group"}
    assert [one.model_dump(exclude=names) for one in new] == [one.model_dump(exclude=names) for one in old]
    assert isinstance(new[-1], Sample) and new[-1].index == 5
    for was, now, where in zip(old, new, [a] * 6 + [b] * 2, strict=True):
        assert (tmp_path / "ab" / now.file_name).read_bytes() == (where / was.file_name).read_bytes()
    assert list(check_set(DefectSet(tmp_path / "ab"))) == [] and (tmp_path / "ab" / HASHES).is_file()


def test_groups_of_one_name_stay_apart(tmp_path: Path) -> None:
    a = made(tmp_path / "a", lambda small: small.add("1", group="tile"))
    b = made(tmp_path / "deep/a", lambda small: small.add("22", group="tile"))
    merge_sets([a, b], tmp_path / "ab")
    assert [one.group for one in records(tmp_path / "ab")] == ["a/tile", "a-2/tile"]


def test_a_picture_of_both_sets_is_kept_once_and_joins_their_groups(tmp_path: Path) -> None:
    def first(small: SmallSet) -> None:
        small.add("shared", group="g1", split="test")
        small.add("left", group="g1", split="test")

    def second(small: SmallSet) -> None:
        small.add("shared", group="g2")
        small.add("right!", group="g2")
        small.add("alone here", group="g3")

    out = merge_sets([made(tmp_path / "a", first), made(tmp_path / "b", second)], tmp_path / "ab")
    assert [(part.kept, part.duplicates) for part in out.parts] == [(2, 0), (2, 1)] and out.joined == 1
    said = [(one.source, one.group, one.split) for one in records(tmp_path / "ab")]
    assert said == [
        ("shared", "a/g1", "test"), ("left", "a/g1", "test"), ("right!", "a/g1", "test"),
        ("alone here", "b/g3", "unsplit"),
    ]  # fmt: skip


def test_samples_of_one_good_picture_are_kept_unless_they_are_the_same(tmp_path: Path) -> None:
    def fill(*indices: int) -> Fill:
        def each(small: SmallSet) -> None:
            for index in indices:
                small.make("good", (4, 4, 12, 12), index=index)
        return each  # fmt: skip

    out = merge_sets([made(tmp_path / "a", fill(0, 1)), made(tmp_path / "b", fill(1, 2))], tmp_path / "ab")
    assert [(part.kept, part.duplicates) for part in out.parts] == [(2, 0), (1, 1)]
    assert {one.group for one in records(tmp_path / "ab")} == {"a/good"}


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (("x", "train", "g"), ("x", "test", "h"), "lies in train and.* in test"),
        (("x", "train", "g"), ("x", "unsplit", "h"), "group 'h' of .* lies in test"),
    ],
)
def test_a_leak_between_splits_is_refused(
    tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...], message: str
) -> None:
    def fill(row: tuple[str, ...]) -> Fill:
        def each(small: SmallSet) -> None:
            small.add(row[0], split=row[1], group=row[2])
            if row[1] == "unsplit":
                small.add("friend", split="test", group=row[2])
        return each  # fmt: skip

    with pytest.raises(InputError, match=message):
        merge_sets([made(tmp_path / "a", fill(first)), made(tmp_path / "b", fill(second))], tmp_path / "ab")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_sample_on_a_test_picture_is_refused(tmp_path: Path) -> None:
    a = made(tmp_path / "a", lambda small: small.add("good", split="test"))
    b = made(tmp_path / "b", lambda small: small.make("good", (4, 4, 12, 12)))
    with pytest.raises(InputError, match="a picture has one split"):
        merge_sets([a, b], tmp_path / "ab")


def test_two_opinions_on_one_picture_are_refused_and_renaming_mends_it(tmp_path: Path) -> None:
    a = made(tmp_path / "a", lambda small: small.add("x", [block("pit", 1, 1, 4, 4)]))
    b = made(tmp_path / "b", lambda small: small.add("x", [block("hole", 1, 1, 4, 4)]))
    with pytest.raises(InputError, match=r"'pit' in .* and 'hole' in .*--rename"):
        merge_sets([a, b], tmp_path / "ab")
    merge_sets([a, b], tmp_path / "ab", rename={"hole": "pit"})
    assert [one.labels for one in records(tmp_path / "ab")] == [("pit",)]


@pytest.mark.parametrize(("old", "new"), [("pits", "hole"), ("good", "fine"), ("pit", "good")])
def test_a_rename_that_fits_nothing_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(InputError, match=f"--rename {old}={new}"):
        merge_sets([mixed(tmp_path / "a")], tmp_path / "b", rename={old: new})


def test_licences_are_carried_along_and_told(tmp_path: Path) -> None:
    a = made(tmp_path / "a", lambda small: small.add("1", licence="CC-BY-NC-4.0"))
    out = merge_sets([a, mixed(tmp_path / "b")], tmp_path / "ab")
    manifest = DefectSet(tmp_path / "ab").manifest
    assert manifest["licences"] == {"user": 5, "CC-BY-NC-4.0": 1, "MIT": 1}
    assert out.notice is not None and "1 of 7" in out.notice and manifest["notice"] == out.notice
    assert [one["manifest"]["kind"] for one in manifest["sets"]] == ["test", "test"]


def test_blocked_pictures_stay_blocked(tmp_path: Path) -> None:
    a = mixed(tmp_path / "a")
    split_set(DefectSet(a), SplitOptions(ratios=(0.4, 0.2, 0.4), by="source"))
    b = made(tmp_path / "b", lambda small: small.add("quite another"))
    merge_sets([b, a], tmp_path / "ab")
    test = {one.file_name for one in records(tmp_path / "ab") if one.split == "test"}
    marks = json.loads((tmp_path / "ab" / SPLIT_FILE).read_text())["test"]
    assert test and {mark["file_name"] for mark in marks} == test
    blocked = Blocked.load(near=[tmp_path / "ab"])
    with pytest.raises(InputError, match="is a test picture"):
        blocked.check(tmp_path / "ab" / min(test))
    split_set(DefectSet(tmp_path / "ab"), SplitOptions(by="source"))


def test_places_that_cannot_be_merged_into_are_refused(tmp_path: Path) -> None:
    a, b = mixed(tmp_path / "a"), mixed(tmp_path / "b")
    with pytest.raises(InputError, match="choose another folder"):
        merge_sets([a, b], a, overwrite=True)
    with pytest.raises(InputError, match="choose another folder"):
        merge_sets([a, b], a / "in")
    with pytest.raises(InputError, match="named twice"):
        merge_sets([a, a], tmp_path / "ab")
    with pytest.raises(OutputError, match="--overwrite"):
        merge_sets([a], b)
    with pytest.raises(InputError, match="no defect set"):
        merge_sets([a, tmp_path], tmp_path.parent / "c")


def test_a_missing_picture_leaves_nothing_behind(tmp_path: Path) -> None:
    a = mixed(tmp_path / "a")
    (a / "masks/000003.png").unlink()
    with pytest.raises(InputError, match="sets check"):
        merge_sets([a], tmp_path / "b")
    assert not (tmp_path / "b").exists() and not list(tmp_path.glob(".*"))
