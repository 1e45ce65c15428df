"""Plain folders: where masks are looked for, and what a folder's name says."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions
from defectgen.dataset.layout import folder
from defectgen.errors import InputError
from tests.dataset.pictures import SIZE, put_mask, put_picture

HW = SIZE[::-1]
BOX = (2, 3, 7, 9)


def items(root: Path, options: ImportOptions | None = None) -> dict[str, Found | Dropped]:
    out = list(folder.find(root, options or ImportOptions()))
    assert len({item.name for item in out}) == len(out), "every picture once"
    return {item.name: item for item in out}


def one(root: Path, name: str) -> Found:
    item = items(root)[name]
    assert isinstance(item, Found), item
    return item


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("scratch/a.jpg", "scratch/a_mask.png"),
        ("scratch/a.jpg", "masks/scratch/a.png"),
        ("scratch/a.jpg", "ground_truth/scratch/a_mask.png"),
        ("scratch/a.jpg", "masks/a.png"),
        ("scratch/line 2/a.jpg", "gt/scratch/line 2/a.bmp"),
        ("train/scratch/a.jpg", "train/masks/scratch/a.png"),
        ("train/scratch/a.jpg", "masks/train/scratch/a.png"),
        ("train/scratch/a.jpg", "train/masks/a.png"),
        ("test/scratch/a.jpg", "masks/test/a.png"),
    ],
)
def test_masks_are_found_by_name(tmp_path: Path, picture: str, mask: str) -> None:
    put_picture(tmp_path / picture)
    put_mask(tmp_path / mask, BOX)
    found = one(tmp_path, picture)
    assert [(each.defect, each.box) for each in found.read(HW).instances] == [("scratch", BOX)]
    assert found.split == (picture.split("/")[0] if picture.startswith("t") else None)
    assert list(items(tmp_path)) == [picture]


@pytest.mark.parametrize("name", ["good", "Good", "OK", "normal", "defect-free", "Defect free", "no_defect"])
def test_words_for_good(tmp_path: Path, name: str) -> None:
    put_picture(tmp_path / name / "a.png")
    put_picture(tmp_path / "scratch/a.png")
    assert one(tmp_path, f"{name}/a.png").defect == "good"
    assert name in (folder.recognise(tmp_path) or "")


def test_folders_without_good_ones_are_not_recognised(tmp_path: Path) -> None:
    put_picture(tmp_path / "scratch/a.png")
    (tmp_path / "good").mkdir()
    assert folder.recognise(tmp_path) is None


def test_no_mask_leaves_the_type(tmp_path: Path) -> None:
    put_picture(tmp_path / "scratch/a.png")
    assert one(tmp_path, "scratch/a.png").defect == "scratch"
    assert one(tmp_path, "scratch/a.png").read(HW).notes == []
    (tmp_path / "masks").mkdir()
    assert one(tmp_path, "scratch/a.png").read(HW).notes == ["no mask found: only the type is known"]


def test_a_flat_mask_that_two_types_may_own(tmp_path: Path) -> None:
    for k, kind in enumerate(("scratch", "dent", "good")):
        put_picture(tmp_path / kind / "a.png", k)
    put_picture(tmp_path / "dent/b.png", 9)
    put_picture(tmp_path / "good/b.png", 10)
    put_mask(tmp_path / "masks/a.png", BOX)
    put_mask(tmp_path / "masks/b.png", BOX)
    all_items = items(tmp_path)
    for kind in ("scratch", "dent"):
        item = all_items[f"{kind}/a.png"]
        assert isinstance(item, Dropped) and item.reason == "annotation conflict"
    assert one(tmp_path, "dent/b.png").read(HW).instances
    assert not one(tmp_path, "good/b.png").read(HW).instances


def test_masks_that_contradict(tmp_path: Path) -> None:
    put_picture(tmp_path / "good/a.png")
    put_mask(tmp_path / "good/a_mask.png", BOX)
    assert one(tmp_path, "good/a.png").read(HW).instances, "left for the importer to refuse"
    put_picture(tmp_path / "scratch/b.png")
    put_mask(tmp_path / "scratch/b_mask.png")
    with pytest.raises(DropError, match="empty mask"):
        one(tmp_path, "scratch/b.png").read(HW)


def test_pictures_without_a_type_are_dropped(tmp_path: Path) -> None:
    for k, name in enumerate(("loose.png", "train/loose.png", "train/good/a.png", "extra/x.png")):
        put_picture(tmp_path / name, k)
    dropped = {name for name, item in items(tmp_path).items() if isinstance(item, Dropped)}
    assert dropped == {"loose.png", "train/loose.png", "extra/x.png"}


def test_classes_rename_and_ignore(tmp_path: Path) -> None:
    put_picture(tmp_path / "ng1/a.png")
    put_picture(tmp_path / "dust/b.png", 1)
    put_mask(tmp_path / "masks/dust/b.png", BOX)
    all_items = items(tmp_path, ImportOptions({"ng1": "scratch"}, frozenset({"dust"})))
    first, second = all_items["ng1/a.png"], all_items["dust/b.png"]
    assert isinstance(first, Found) and first.defect == "scratch"
    assert isinstance(second, Found) and second.defect == "good" and not second.read(HW).instances


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no folders of pictures"):
        items(tmp_path)


def test_a_flat_folder_is_good_parts_when_named(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    put_picture(tmp_path / "b.png", 1)
    assert folder.recognise(tmp_path) is None
    assert [item.defect for item in items(tmp_path).values() if isinstance(item, Found)] == ["good", "good"]
