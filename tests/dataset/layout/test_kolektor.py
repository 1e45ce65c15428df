"""Kolektor's two sets: a label picture beside each picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions
from defectgen.dataset.layout import kolektor
from tests.dataset.pictures import SIZE, put_mask, put_picture

HW = SIZE[::-1]


@pytest.fixture
def first_set(tmp_path: Path) -> Path:
    for item in ("kos01", "kos02"):
        for k in range(2):
            put_picture(tmp_path / item / f"Part{k}.jpg", k)
            put_mask(tmp_path / item / f"Part{k}_label.bmp", *([(1, 1, 5, 5)] if k else []))
    return tmp_path


def items(root: Path, options: ImportOptions | None = None) -> dict[str, Found | Dropped]:
    return {item.name: item for item in kolektor.find(root, options or ImportOptions())}


def test_items_are_groups_and_black_labels_are_good(first_set: Path) -> None:
    assert kolektor.recognise(first_set) == "kos01/Part0_label.bmp lies beside its picture"
    found = items(first_set)
    assert sorted(found) == ["kos01/Part0.jpg", "kos01/Part1.jpg", "kos02/Part0.jpg", "kos02/Part1.jpg"]
    for name, item in found.items():
        assert isinstance(item, Found)
        assert item.group == name.split("/")[0]
        assert [one.box for one in item.read(HW).instances] == ([(1, 1, 5, 5)] if "Part1" in name else [])


def test_second_set_has_splits(tmp_path: Path) -> None:
    put_picture(tmp_path / "train/10000.png")
    put_mask(tmp_path / "train/10000_GT.png", (3, 3, 4, 4))
    (item,) = items(tmp_path).values()
    assert isinstance(item, Found)
    assert (item.split, item.group) == ("train", None)
    assert [one.defect for one in item.read(HW).instances] == ["defect"]


def test_type_by_classes(first_set: Path) -> None:
    item = items(first_set, ImportOptions({"defect": "crack"}))["kos01/Part1.jpg"]
    assert isinstance(item, Found) and [one.defect for one in item.read(HW).instances] == ["crack"]


def test_what_has_no_partner_is_dropped(first_set: Path) -> None:
    (first_set / "kos01/Part0.jpg").unlink()
    (first_set / "kos02/Part0_label.bmp").unlink()
    put_mask(first_set / "kos02/Part1_label.bmp", (1, 1, 2, 2), size=(9, 9))
    found = items(first_set)
    lone, bare, other = found["kos01/Part0_label.bmp"], found["kos02/Part0.jpg"], found["kos02/Part1.jpg"]
    assert isinstance(lone, Dropped) and lone.reason == "image missing"
    assert isinstance(bare, Dropped) and bare.reason == "no annotation"
    assert isinstance(other, Found)
    with pytest.raises(DropError, match="size mismatch"):
        other.read(HW)


def test_other_folders_are_not_kolektor(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    put_picture(tmp_path / "b_label.png")
    assert kolektor.recognise(tmp_path) is None
