"""One picture on its way into a set: its pixels and its annotation come through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.instance import Instance
from defectgen.dataset.item import Dropped, Found, Labels
from defectgen.dataset.prepare import Prepared, prepare
from defectgen.image import read_picture
from tests.dataset.pictures import put_picture


def found(path: Path, *instances: Instance, **more: Any) -> Found:
    return Found(path, path.name, lambda hw: Labels(instances), **more)


def prepared(path: Path, *instances: Instance, **more: Any) -> Prepared:
    out = prepare(found(path, *instances, **more), path.parent.resolve())
    assert isinstance(out, Prepared)
    return out


def dropped(path: Path, *instances: Instance, **more: Any) -> Dropped:
    out = prepare(found(path, *instances, **more), path.parent.resolve())
    assert isinstance(out, Dropped)
    return out


def square(defect: str, x: int, y: int, side: int = 4) -> Instance:
    return Instance(defect, (x, y, x + side, y + side), np.ones((side, side), np.bool_))


@pytest.mark.parametrize(
    ("name", "mode", "save", "copied"),
    [
        ("a.png", "RGB", {}, ".png"),
        ("a.png", "L", {}, ".png"),
        ("a.png", "RGBA", {}, ".png"),
        ("a.png", "I;16", {}, ".png"),
        ("a.tif", "I;16", {}, ".tif"),
        ("a.TIFF", "RGB", {"compression": "tiff_lzw"}, ".tiff"),
        ("a.bmp", "RGB", {}, ".bmp"),
        ("a.dat.jpg", "RGB", {"format": "PNG"}, ".png"),
        ("a.jpg", "RGB", {}, None),
        ("a.webp", "RGB", {"lossless": True}, None),
        ("a.png", "P", {}, None),
        ("a.png", "1", {}, None),
        ("a.png", "L", {"transparency": 3}, None),
        ("a.png", "RGB", {"exif": b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"}, None),
    ],
)
def test_lossless_files_are_copied_and_others_decoded(
    tmp_path: Path, name: str, mode: str, save: dict[str, Any], copied: str | None
) -> None:
    path = put_picture(tmp_path / name, mode=mode, **save)
    stored = prepared(path).image
    assert stored.suffix == (copied or ".png")
    assert (stored.source == path) == (copied is not None)
    if stored.data is not None:
        (tmp_path / "stored.png").write_bytes(stored.data)
        expected, came = read_picture(path, 1).pixels, read_picture(tmp_path / "stored.png", 1).pixels
        assert came.dtype == expected.dtype
        assert (came == expected).all()


def test_rotation_is_applied_to_picture_and_annotation_alike(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    path = put_picture(tmp_path / "a.jpg", size=(40, 30), exif=exif)
    asked = []
    prepare(Found(path, "a.jpg", lambda hw: (asked.append(hw), Labels())[1]), tmp_path.resolve())
    assert asked == [(40, 30)]


def test_boxes_are_drawn_tight(tmp_path: Path) -> None:
    loose = np.zeros((10, 10), np.bool_)
    loose[2:4, 5:6] = True
    one = prepared(put_picture(tmp_path / "a.png"), Instance("pit", (3, 4, 13, 14), loose))
    assert [instance.box for instance in one.instances] == [(8, 6, 9, 8)]
    assert one.instance_map is None and one.mask is not None


def test_the_largest_type_names_the_picture(tmp_path: Path) -> None:
    path = put_picture(tmp_path / "a.png")
    one = prepared(path, square("pit", 0, 0), square("stain", 10, 10, 6), square("pit", 20, 20, 5))
    assert one.defect == "pit"
    assert prepared(path).defect == "good"
    assert prepared(path, defect="pit").defect == "pit"


@pytest.mark.parametrize(
    ("instances", "more", "reason"),
    [
        ([square("pit", 38, 0)], {}, "outside image"),
        ([Instance("pit", (-1, 0, 3, 3))], {}, "outside image"),
        ([Instance("pit", (5, 5, 5, 9))], {}, "outside image"),
        ([Instance("pit", (0, 0, 2, 2), np.zeros((2, 2), np.bool_))], {}, "empty mask"),
        ([square("good", 0, 0)], {}, "unknown class"),
        ([square("pit", 0, 0)], {"defect": "good"}, "annotation conflict"),
    ],
)
def test_annotations_that_cannot_be_true(
    tmp_path: Path, instances: list[Instance], more: dict[str, Any], reason: str
) -> None:
    out = dropped(put_picture(tmp_path / "a.png"), *instances, **more)
    assert out.reason == reason
    assert "\n" not in out.detail


def test_boxes_among_masks_leave_boxes(tmp_path: Path) -> None:
    one = prepared(put_picture(tmp_path / "a.png"), square("pit", 0, 0), Instance("pit", (9, 9, 12, 12)))
    assert one.mask is None and one.instance_map is None
    assert len(one.instances) == 2
    assert "1 of 2 instances have a box only" in one.notes[0]


def test_overlaps_are_noted(tmp_path: Path) -> None:
    one = prepared(put_picture(tmp_path / "a.png"), square("pit", 0, 0), square("pit", 3, 3))
    assert one.notes == ("instances overlap on 1 pixels, which go to the smaller one",)


def test_digest_is_of_the_annotation_in_any_order(tmp_path: Path) -> None:
    path = put_picture(tmp_path / "a.png")
    a, b, c = square("pit", 0, 0), square("pit", 9, 9), square("hole", 9, 9)
    assert prepared(path, a, b).annotation == prepared(path, b, a).annotation
    digests = {prepared(path, *ones).annotation for ones in ([a], [b], [a, b], [a, c], [])}
    assert len(digests) == 5


def test_pictures_that_are_not_there(tmp_path: Path) -> None:
    root = tmp_path / "root"
    outside = put_picture(tmp_path / "out.png")
    root.mkdir()
    assert dropped(root / "none.png").reason == "image missing"
    (root / "text.png").write_text("no picture")
    assert dropped(root / "text.png").reason == "unreadable"
    out = prepare(found(root / ".." / outside.name), root.resolve())
    assert isinstance(out, Dropped) and out.reason == "image missing"


def test_good_picture_of_another_size_is_left_out_and_noted(tmp_path: Path) -> None:
    path, good = put_picture(tmp_path / "a.png"), put_picture(tmp_path / "good.png", size=(41, 30))
    one = prepared(path, square("pit", 0, 0), good=good)
    assert one.good is None and "size mismatch" in one.notes[0]
    assert prepared(path, square("pit", 0, 0), good=path).good is not None
