"""Counts add up, and each bucket holds what its name says."""

from __future__ import annotations

import json
from pathlib import Path

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.name_index import NameIndex
from defectgen.dataset.summary import PX_BUCKETS, SHARES, summarise
from tests.dataset.small_set import Filling, block, mixed


def test_every_picture_counts_once(tmp_path: Path) -> None:
    out = summarise(DefectSet(mixed(tmp_path / "set")))
    assert out.pictures == 6 == sum(one.pictures for one in out.defects.values())
    assert all(sum(one.splits.values()) == one.pictures for one in out.defects.values())
    assert sum(out.licences.values()) == sum(out.formats.values()) == sum(out.sizes.values()) == 6
    assert next(iter(out.defects)) == "good" and out.splits == ["train", "test", "unsplit"]
    assert (out.groups, out.largest_group, out.alone) == (5, 2, 4)


def test_instances_go_to_their_label_and_pictures_to_their_defect(tmp_path: Path) -> None:
    out = summarise(DefectSet(mixed(tmp_path / "set")))
    assert (out.defects["pit"].pictures, out.defects["pit"].instances) == (2, 2)
    assert (out.defects["crack"].pictures, out.defects["crack"].instances) == (1, 2)
    assert out.defects["dent"].annotations == {"image": 1} and out.defects["crack"].annotations == {"box": 1}
    assert out.counts == {1: 2, 2: 1}


def test_buckets_of_size(tmp_path: Path) -> None:
    with Filling(tmp_path / "set") as small:
        small.add("a", [block("pit", 0, 0, 48, 48)])
        small.add("b", [block("pit", 0, 0, 1, 1)])
        small.add("c", [block("pit", 0, 0, 31, 31)])
    pit = summarise(DefectSet(tmp_path / "set")).defects["pit"]
    assert pit.px == {"medium": 1, "small": 2}
    assert pit.shares == {"more": 2, "< 0.1 %": 1}
    assert list(SHARES.values()) == sorted(SHARES.values()) and list(PX_BUCKETS.values()) == sorted(PX_BUCKETS.values())


def test_json_is_plain(tmp_path: Path) -> None:
    out = summarise(DefectSet(mixed(tmp_path / "set"))).json()
    again = json.loads(json.dumps(out))
    assert again["pictures"] == 6 and again["defects"]["pit"]["instances"] == 2 and again["notice"] is None


def test_name_index_finds_what_comes_twice() -> None:
    index = NameIndex()
    for name in ("a", "b", "a", "ä"):
        index.add(name)
    known = index.freeze()
    assert len(index.repeated()) == 1 and sorted(index.counts()) == [1, 1, 2]
    assert "ä" in known and "c" not in known and "" not in known
