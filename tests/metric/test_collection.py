"""Collections: what is known of pictures of a defect set, of a plain folder, and each way that there may be none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.errors import InputError
from defectgen.image import write_picture
from defectgen.metric.collection import UNKNOWN, open_collection, read_rgb
from tests.metric.small_picture import picture, write_folder, write_set

BOX = ((5, 5, 15, 15),)


def test_a_set_is_known_by_its_records(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", {"b": ("crack", BOX), "a": ("good", ()), "c": ("pit", BOX)})
    found = open_collection(folder)
    assert (found.kind, len(found), found.defects) == ("defect set", 3, ("crack", "pit"))
    assert [item.name for item in found.items] == ["images/b.png", "images/a.png", "images/c.png"]
    assert [item.name for item in found.good.items] == ["images/a.png"] and len(found.defective) == 2
    crack = found.of("crack").items[0]
    assert (crack.boxes, crack.group, crack.split) == (BOX, "group of b", "unsplit")
    assert crack.record is not None and crack.record.source == "b"
    np.testing.assert_array_equal(crack.pixels(), picture(0))
    mask = crack.mask_pixels()
    assert mask is not None and mask.dtype == np.bool_ and mask.sum() == 100 and mask[5:15, 5:15].all()
    assert found.good.items[0].mask_pixels() is None and crack.good_pixels() is None
    assert len(found.without_split("unsplit")) == 0


def test_a_plain_folder_is_known_by_its_folders(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "root", range(2))
    write_folder(root / "crack", range(2, 4))
    write_folder(root / "good", range(4, 5))
    write_folder(root / ".hidden", range(5, 6))
    (root / "notes.txt").write_text("not a picture")
    found = open_collection(root)
    assert found.kind == "folder" and found.defects == ("crack", UNKNOWN)
    names = [item.name for item in found.items]
    assert names == ["000.png", "001.png", "crack/002.png", "crack/003.png", "good/004.png"]
    assert len(found.good) == 1 and len(found.defective) == 4
    assert len({item.group for item in found.items}) == 5, "each picture is its own group"


def test_pictures_of_any_channels_and_depth_come_as_rgb(tmp_path: Path) -> None:
    grey = picture(0)[..., :1]
    write_picture(tmp_path / "grey.png", grey)
    write_picture(tmp_path / "deep.png", grey.astype(np.uint16) * 257)
    write_picture(tmp_path / "alpha.png", np.concatenate([picture(1), np.zeros_like(grey)], axis=2))
    for name in ("grey.png", "deep.png"):
        np.testing.assert_array_equal(read_rgb(tmp_path / name), np.repeat(grey, 3, axis=2))
    np.testing.assert_array_equal(read_rgb(tmp_path / "alpha.png"), picture(1))


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", {"a": ("crack", BOX)})
    write_picture(folder / "masks" / "a.png", np.full((48, 60), 255, np.uint8))
    with pytest.raises(InputError, match=r"a\.png is 60x48 pixels; expected 64x48, as its picture"):
        open_collection(folder).items[0].mask_pixels()


def test_a_mask_fits_a_picture_that_the_camera_turned(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", {"a": ("crack", BOX)})
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.ascontiguousarray(picture(0).transpose(1, 0, 2))).save(folder / "images" / "a.png", exif=exif)
    item = open_collection(folder).items[0]
    mask = item.mask_pixels()
    assert mask is not None and mask.shape == item.pixels().shape[:2] == (48, 64)


def test_where_there_are_no_pictures_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="none is not a folder; expected a defect set or a folder of images"):
        open_collection(tmp_path / "none")
    with pytest.raises(InputError, match="file is not a folder"):
        open_collection(tmp_path / "file")
    with pytest.raises(InputError, match="empty holds no images"):
        open_collection(tmp_path / "empty")
