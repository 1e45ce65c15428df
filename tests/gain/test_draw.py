"""Draws: the same shots as a split takes, and what a real set must have."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.dataset.writer import rewrite_records
from defectgen.errors import InputError
from defectgen.gain.draw import read_split
from defectgen.record import GOOD
from tests.gain.bench_set import real_set, synthetic_set


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> DefectSet:
    return real_set(tmp_path_factory.mktemp("draw") / "real")


def test_a_draw_is_that_of_split_with_the_same_options(tmp_path: Path, real: DefectSet) -> None:
    split = read_split(real.path)
    for draw in (0, 3):
        other = real_set(tmp_path / f"draw-{draw}")
        split_set(other, SplitOptions(ratios=(0.5, 0.2, 0.3), by="source", shots=4, draw=draw))
        kept = {one.file_name for one in other.records() if one.split == "train" and one.defect != GOOD}
        assert {one.file_name for one in split.shots(4, draw)} == kept


def test_fewer_shots_are_a_part_of_more_and_draws_differ(real: DefectSet) -> None:
    split = read_split(real.path)
    few, many = ({one.file_name for one in split.shots(k, 1)} for k in (2, 5))
    assert few < many and Counter(one.defect for one in split.shots(5, 1)) == {"scratch": 5, "spot": 5}
    assert {one.file_name for one in split.shots(5, 2)} != many


def test_good_pictures_are_thinned_evenly(real: DefectSet) -> None:
    every, few = read_split(real.path).good, read_split(real.path, most_good=5).good
    assert len(few) == 5 and few[0] == every[0] and few[-1] == every[-1]


def test_defects_that_are_not_studied_are_left_out_and_counted(real: DefectSet) -> None:
    split = read_split(real.path, ["spot"])
    assert split.classes == ("spot",) and split.left_out == {"scratch": 24}
    assert split.counts()["test"].keys() == {GOOD, "spot"}


def rewritten(folder: Path, split: str = "", *, of: str = "", to: str = "unused", group: str | None = None) -> Path:
    """The set with all pictures of a split, or of a defect in it, moved to another split."""
    owner = real_set(folder)
    records = []
    for one in list(owner.records()):
        hit = one.split == split and of in ("", one.defect)
        update = {"split": to} if hit else {}
        records.append(one.model_copy(update={**update, **({"group": group} if group else {})}))
    rewrite_records(folder, iter(records))
    return folder


def test_a_set_without_a_test_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no test split \(.*26 unused.*\); run defectgen split"):
        read_split(rewritten(tmp_path / "a", "test"))
    with pytest.raises(InputError, match=r"has no train split \(24 unsplit\); run defectgen split"):
        read_split(synthetic_set(tmp_path / "b").path)


def test_a_class_that_a_split_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no val picture is spot \(train 12, val 0, test 7\); leave it out with"):
        read_split(rewritten(tmp_path / "a", "val", of="spot"))
    with pytest.raises(InputError, match=r"no test picture is good \(.*\); split again"):
        read_split(rewritten(tmp_path / "b", "test", of=GOOD))


def test_groups_on_two_sides_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"group 'g' lies in test and train and val, so training would see"):
        read_split(rewritten(tmp_path / "a", group="g"))


def test_good_pictures_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shows good pictures alone"):
        read_split(real_set(tmp_path / "a", each=0).path)


def test_more_shots_than_there_are_are_refused(real: DefectSet) -> None:
    split = read_split(real.path)
    with pytest.raises(InputError, match=r"has 12 training pictures of scratch, --shots asks for 13; lower --shots"):
        split.check_shots(13, 1)
    with pytest.raises(InputError, match=r"--draws 5: every draw would be the same 24 pictures"):
        split.check_shots(12, 5)
    assert split.check_shots(12, 1) == () and split.check_shots(11, 5) == ()


def test_an_unknown_defect_is_refused(real: DefectSet) -> None:
    with pytest.raises(InputError, match=r"--defects: .* has no 'dent'; it has scratch, spot"):
        read_split(real.path, ["dent"])
