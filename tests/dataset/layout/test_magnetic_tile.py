"""magnetic-tile: every picture is found once, masks are cut at 127, and what cannot be used has its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions
from defectgen.dataset.layout import magnetic_tile
from defectgen.errors import InputError

HW = (40, 60)


def tile(root: Path, folder: str, stem: str, mask: np.ndarray | None) -> None:
    place = root / folder / "Imgs"
    place.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(HW, 90, np.uint8)).save(place / f"{stem}.jpg")
    if mask is not None:
        Image.fromarray(mask).save(place / f"{stem}.png")


def spot(value: int = 255, hw: tuple[int, int] = HW) -> np.ndarray:
    mask = np.zeros(hw, np.uint8)
    mask[4:9, 6:16] = value
    mask[3, 6:16] = 100
    return mask


def one(root: Path, options: ImportOptions | None = None) -> Found:
    (found,) = magnetic_tile.find(root, options or ImportOptions())
    assert isinstance(found, Found)
    return found


def test_soft_edges_are_cut_at_127(tmp_path: Path) -> None:
    tile(tmp_path, "MT_Crack", "exp1_num_1", spot())
    found = one(tmp_path)
    (crack,) = found.read(HW).instances
    assert (found.defect, crack.defect, crack.box, crack.area) == (None, "crack", (6, 4, 16, 9), 50)


def test_specks_are_left_out_with_a_note(tmp_path: Path) -> None:
    mask = spot()
    mask[30, 40] = mask[33, 50] = 255
    tile(tmp_path, "MT_Crack", "a", mask)
    labels = one(tmp_path).read(HW)
    assert [each.area for each in labels.instances] == [50] and len(labels.notes) == 1


def speck() -> np.ndarray:
    mask = np.zeros(HW, np.uint8)
    mask[4, 4:7] = 255
    return mask


def test_free_is_good_with_or_without_a_mask(tmp_path: Path) -> None:
    tile(tmp_path, "MT_Free", "a", np.zeros(HW, np.uint8))
    tile(tmp_path, "MT_Free", "b", None)
    for found in magnetic_tile.find(tmp_path, ImportOptions()):
        assert isinstance(found, Found) and found.defect == "good" and not found.read(HW).instances


def test_frames_numbered_close_to_each_other_are_one_tile() -> None:
    stems = ["exp1_num_100", "exp6_num_215", "exp2_num_160", "exp1_num_276", "exp3_num_90000", "photo"]
    groups = magnetic_tile.group_frames(stems)
    assert groups == {
        "exp1_num_100": "tile-100", "exp2_num_160": "tile-100", "exp6_num_215": "tile-100",
        "exp1_num_276": "tile-276", "exp3_num_90000": "tile-90000",
    }  # fmt: skip


def test_a_tile_is_one_group_over_folders(tmp_path: Path) -> None:
    tile(tmp_path, "MT_Free", "exp1_num_500", None)
    tile(tmp_path, "MT_Crack", "exp2_num_520", spot())
    groups = {found.group for found in magnetic_tile.find(tmp_path, ImportOptions()) if isinstance(found, Found)}
    assert groups == {"tile-500"}


@pytest.mark.parametrize(
    ("folder", "mask", "reason"),
    [
        ("MT_Break", np.full(HW, 60, np.uint8), "empty mask"),
        ("MT_Break", speck(), "empty mask"),
        ("MT_Break", spot(hw=(40, 61)), "size mismatch"),
        ("MT_Free", spot(), "annotation conflict"),
    ],
)
def test_reasons(tmp_path: Path, folder: str, mask: np.ndarray, reason: str) -> None:
    tile(tmp_path, folder, "a", mask)
    with pytest.raises(DropError) as caught:
        one(tmp_path).read(HW)
    assert caught.value.reason == reason


def test_damaged_mask_is_unreadable(tmp_path: Path) -> None:
    tile(tmp_path, "MT_Fray", "a", spot())
    path = tmp_path / "MT_Fray" / "Imgs" / "a.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DropError, match=r"unreadable: mask a\.png"):
        one(tmp_path).read(HW)


def test_no_mask_file_is_dropped(tmp_path: Path) -> None:
    tile(tmp_path, "MT_Uneven", "a", None)
    assert list(magnetic_tile.find(tmp_path, ImportOptions())) == [
        Dropped("MT_Uneven/Imgs/a.jpg", "no annotation", "a.png is missing")
    ]


def test_classes_rename_and_ignore(tmp_path: Path) -> None:
    tile(tmp_path, "MT_Blowhole", "a", spot())
    renamed = one(tmp_path, ImportOptions(classes={"Blowhole": "pore"})).read(HW)
    assert [each.defect for each in renamed.instances] == ["pore"]
    assert not one(tmp_path, ImportOptions(ignore=frozenset({"blowhole"}))).read(HW).instances


def test_recognised_by_its_folders(tmp_path: Path) -> None:
    assert magnetic_tile.recognise(tmp_path) is None
    with pytest.raises(InputError, match="MT_"):
        next(iter(magnetic_tile.find(tmp_path, ImportOptions())))
    tile(tmp_path, "MT_Free", "a", None)
    assert magnetic_tile.recognise(tmp_path) == "it holds 1 folders MT_*/Imgs"


@pytest.mark.data
def test_real_set(real_data: Path) -> None:
    found = list(magnetic_tile.find(real_data / "magnetic-tile", ImportOptions()))
    assert len(found) == 1344
    assert sum(isinstance(each, Found) and each.defect == "good" for each in found) == 952
