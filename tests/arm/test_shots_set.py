"""A shots set holds exactly its pictures, and none that anything may not be trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.arm.shots_set import content_sha256, shots_set
from defectgen.dataset.check import check_set
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.errors import InputError
from tests.arm.tiny_draw import training, write_owner
from tests.set_job import tree


def test_it_holds_the_chosen_pictures_and_nothing_else(tmp_path: Path) -> None:
    owner = write_owner(tmp_path / "owner")
    chosen = training(owner)[2:7]
    made = shots_set(owner, chosen[::-1], tmp_path / "shots")
    assert list(made.records()) == chosen
    files = {path.name for path in (made.path / "images").iterdir()}
    assert files == {Path(record.file_name).name for record in chosen}
    for record in chosen:
        assert made.file(record.file_name).read_bytes() == owner.file(record.file_name).read_bytes()
    before = tree(made.path)
    shots_set(owner, chosen, made.path)
    assert tree(made.path) == before


def test_its_content_is_named_by_pictures_and_labels(tmp_path: Path) -> None:
    owner = write_owner(tmp_path / "owner")
    records = training(owner)
    whole, less = (shots_set(owner, chosen, tmp_path / str(len(chosen))) for chosen in (records, records[1:]))
    assert content_sha256(whole) == content_sha256(owner, records) != content_sha256(less)


@pytest.mark.parametrize("split", ["val", "test", "unused"])
def test_pictures_kept_from_training_are_refused(tmp_path: Path, split: str) -> None:
    owner = write_owner(tmp_path / "owner")
    records = [record.model_copy(update={"split": split}) for record in training(owner)[:1]]
    with pytest.raises(InputError, match=f"kept from training .split '{split}'"):
        shots_set(owner, records, tmp_path / "shots")


def test_a_test_picture_under_another_split_is_refused(tmp_path: Path) -> None:
    owner = write_owner(tmp_path / "owner")
    split_set(owner, SplitOptions(by="source"))
    held = next(record for record in owner.records() if record.split == "test")
    with pytest.raises(InputError, match="is a test picture"):
        shots_set(owner, [held.model_copy(update={"split": "train"})], tmp_path / "shots")
    assert not (tmp_path / "shots").exists()


def test_no_picture_is_refused(tmp_path: Path) -> None:
    owner = write_owner(tmp_path / "owner")
    with pytest.raises(InputError, match="no training picture was chosen"):
        shots_set(owner, [], tmp_path / "shots")


def test_it_passes_the_check_of_sets_and_knows_the_split(tmp_path: Path) -> None:
    owner = write_owner(tmp_path / "owner")
    split_set(owner, SplitOptions(by="source"))
    made = shots_set(owner, training(owner), tmp_path / "shots")
    assert not list(check_set(DefectSet(made.path)))
    assert (made.path / "split.json").read_bytes() == (owner.path / "split.json").read_bytes()
