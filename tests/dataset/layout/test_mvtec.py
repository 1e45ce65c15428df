"""MVTec's tree and its variants: BTAD's names, LOCO's folders of masks, VisA's tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions
from defectgen.dataset.layout import mvtec
from defectgen.errors import InputError
from tests.dataset.pictures import SIZE, put_mask, put_picture

HW = SIZE[::-1]


def put_object(folder: Path, seed: int = 0) -> Path:
    for k in range(2):
        put_picture(folder / f"train/good/{k:03}.png", seed + k)
        put_picture(folder / f"test/bent_wire/{k:03}.png", seed + 10 + k)
        put_mask(folder / f"ground_truth/bent_wire/{k:03}_mask.png", (2, 2, 6, 9), (20, 20, 25, 22))
    put_picture(folder / "test/good/000.png", seed + 20)
    return folder


def items(root: Path, options: ImportOptions | None = None) -> dict[str, Found | Dropped]:
    out = list(mvtec.find(root, options or ImportOptions()))
    assert len({item.name for item in out}) == len(out), "every picture once"
    return {item.name: item for item in out}


def found(item: Found | Dropped) -> Found:
    assert isinstance(item, Found)
    return item


def test_one_object(tmp_path: Path) -> None:
    root = put_object(tmp_path / "bottle")
    assert "train/ and test/" in (mvtec.recognise(root) or "") or "test/ and train/" in (mvtec.recognise(root) or "")
    all_items = items(root)
    assert {name: found(item).split for name, item in all_items.items()} == {
        name: name.split("/")[0] for name in all_items
    }
    assert len(all_items) == 5
    one = found(all_items["test/bent_wire/001.png"])
    instances = one.read(HW).instances
    assert [(each.defect, each.box) for each in instances] == [
        ("bent_wire", (2, 2, 6, 9)),
        ("bent_wire", (20, 20, 25, 22)),
    ]
    assert found(all_items["train/good/000.png"]).defect == "good"
    assert one.material is None


def test_objects_name_their_material(tmp_path: Path) -> None:
    for k, name in enumerate(("metal_nut", "cable")):
        put_object(tmp_path / name, 100 * k)
    (tmp_path / "docs").mkdir()
    assert "each of its 2 objects" in (mvtec.recognise(tmp_path) or "")
    materials = {name.split("/")[0]: found(item).material for name, item in items(tmp_path).items()}
    assert materials == {"metal_nut": "metal nut", "cable": "cable"}


def test_masks_without_their_suffix_and_other_words_for_good(tmp_path: Path) -> None:
    put_picture(tmp_path / "train/ok/0.bmp")
    put_picture(tmp_path / "test/ko/1.bmp")
    put_mask(tmp_path / "ground_truth/ko/1.PNG", (1, 1, 3, 3))
    assert len(found(items(tmp_path)["test/ko/1.bmp"]).read(HW).instances) == 1
    assert found(items(tmp_path)["train/ok/0.bmp"]).defect == "good"


def test_a_folder_of_masks_is_one_instance_each(tmp_path: Path) -> None:
    put_picture(tmp_path / "train/good/0.png")
    put_picture(tmp_path / "validation/good/0.png", 1)
    put_picture(tmp_path / "test/logical/7.png", 2)
    put_mask(tmp_path / "ground_truth/logical/7/000.png", (1, 1, 3, 3), (9, 9, 12, 12), value=201)
    put_mask(tmp_path / "ground_truth/logical/7/001.png", (20, 1, 23, 3), value=202)
    all_items = items(tmp_path)
    assert found(all_items["validation/good/0.png"]).split == "val"
    boxes = [each.box for each in found(all_items["test/logical/7.png"]).read(HW).instances]
    assert boxes == [(1, 1, 12, 12), (20, 1, 23, 3)]


def test_what_is_missing_is_dropped(tmp_path: Path) -> None:
    put_object(tmp_path)
    (tmp_path / "ground_truth/bent_wire/000_mask.png").rename(tmp_path / "ground_truth/bent_wire/099_mask.png")
    put_mask(tmp_path / "ground_truth/bent_wire/001_mask.png")
    all_items = items(tmp_path)
    lost, lone = all_items["test/bent_wire/000.png"], all_items["ground_truth/bent_wire/099_mask.png"]
    assert isinstance(lost, Dropped) and lost.reason == "no annotation"
    assert isinstance(lone, Dropped) and lone.reason == "image missing"
    with pytest.raises(DropError, match="empty mask"):
        found(all_items["test/bent_wire/001.png"]).read(HW)


def test_without_masks_the_type_is_known(tmp_path: Path) -> None:
    put_picture(tmp_path / "train/good/0.png")
    put_picture(tmp_path / "test/hole/1.png")
    one = found(items(tmp_path, ImportOptions({"hole": "pit"}))["test/hole/1.png"])
    assert one.defect == "pit" and not one.read(HW).instances


def test_ignored_types_are_good(tmp_path: Path) -> None:
    put_object(tmp_path)
    one = found(items(tmp_path, ImportOptions(ignore=frozenset({"bent_wire"})))["test/bent_wire/000.png"])
    assert one.defect == "good" and not one.read(HW).instances


def test_other_trees_are_not_mvtec(tmp_path: Path) -> None:
    put_picture(tmp_path / "train/good/0.png")
    put_picture(tmp_path / "train/bad/0.png")
    put_picture(tmp_path / "test/bad/0.png")
    assert mvtec.recognise(tmp_path) is None
    with pytest.raises(InputError, match="no train/good"):
        list(mvtec.find(tmp_path, ImportOptions()))


@pytest.fixture
def visa(tmp_path: Path) -> Path:
    for name in ("candle", "pcb1"):
        data = tmp_path / name / "Data"
        put_picture(data / "Images/Normal/0000.JPG", 1)
        for k in range(3):
            put_picture(data / f"Images/Anomaly/{k:03}.JPG", 2 + k)
        put_mask(data / "Masks/Anomaly/000.png", (1, 1, 4, 4), value=1)
        put_mask(data / "Masks/Anomaly/001.png", (1, 1, 4, 4), value=3)
        (tmp_path / name / "image_anno.csv").write_text(
            f"image,label,mask\n{name}/Data/Images/Anomaly/000.JPG,burnt,m\n"
            f'{name}/Data/Images/Anomaly/001.JPG,"burnt,melded",m\n'
        )
    (tmp_path / "split_csv").mkdir()
    (tmp_path / "split_csv/1cls.csv").write_text(
        "object,split,label,image,mask\ncandle,train,normal,candle/Data/Images/Normal/0000.JPG,\n"
        "candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png\n"
    )
    return tmp_path


def test_visa(visa: Path) -> None:
    assert "VisA" in (mvtec.recognise(visa) or "")
    all_items = items(visa)
    assert len(all_items) == 8
    assert found(all_items["candle/Data/Images/Normal/0000.JPG"]).split == "train"
    first, second, third = (all_items[f"candle/Data/Images/Anomaly/{k:03}.JPG"] for k in range(3))
    assert (found(first).split, found(first).material) == ("test", "candle")
    assert [one.defect for one in found(first).read(HW).instances] == ["burnt"]
    assert [one.defect for one in found(second).read(HW).instances] == ["anomaly"]
    assert isinstance(third, Dropped) and third.reason == "no annotation"


def test_visa_classes_name_the_values(visa: Path) -> None:
    options = ImportOptions({"3": "wax"}, frozenset({"1"}))
    all_items = items(visa, options)
    assert not found(all_items["pcb1/Data/Images/Anomaly/000.JPG"]).read(HW).instances
    (one,) = found(all_items["pcb1/Data/Images/Anomaly/001.JPG"]).read(HW).instances
    assert one.defect == "wax" and one.mask is not None and np.count_nonzero(one.mask) == 9


def test_visa_table_without_a_column(visa: Path) -> None:
    (visa / "split_csv/1cls.csv").write_text("object,label\nx,y\n")
    with pytest.raises(InputError, match="has no column 'image'"):
        list(mvtec.find(visa, ImportOptions()))
