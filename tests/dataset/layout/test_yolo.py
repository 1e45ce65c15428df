"""YOLO: boxes and polygons of all its trees; a line that cannot be read drops its picture and names file and line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout import yolo
from defectgen.errors import InputError

HW = (40, 60)
NAMES = "names: [crack, pit]\n"
CRACK = "0 0.5 0.5 0.2 0.1\n"


def make(root: Path, pictures: Mapping[str, str | None], **files: str) -> Path:
    """pictures: picture -> text of its label file, None for no file. files: other files, the dot as an underscore."""
    for name, text in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros(HW, np.uint8)).save(root / name)
        if text is not None:
            head, found, tail = name.rpartition("images/")
            label = (root / (head + "labels/" + tail if found else name)).with_suffix(".txt")
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(text)
    for name, text in files.items():
        (root / name.replace("_", ".")).write_text(text)
    return root


def found(root: Path, options: ImportOptions | None = None) -> list[Found]:
    items = list(yolo.find(root, options or ImportOptions()))
    assert all(isinstance(item, Found) for item in items), items
    return [item for item in items if isinstance(item, Found)]


def labels(root: Path, text: str, options: ImportOptions | None = None) -> Labels:
    (one,) = found(make(root, {"images/a.png": text}, data_yaml=NAMES), options)
    return one.read(HW)


def test_boxes_come_back_exactly(tmp_path: Path, rng: np.random.Generator) -> None:
    boxes, lines = [], []
    for _ in range(50):
        x0, y0 = int(rng.integers(0, 59)), int(rng.integers(0, 39))
        x1, y1 = int(rng.integers(x0 + 1, 61)), int(rng.integers(y0 + 1, 41))
        boxes.append((x0, y0, x1, y1))
        lines.append(f"1 {(x0 + x1) / 120:.6f} {(y0 + y1) / 80:.6f} {(x1 - x0) / 60:.6f} {(y1 - y0) / 40:.6f}")
    read = labels(tmp_path, "\n".join(lines))
    assert [one.box for one in read.instances] == boxes and not read.notes
    assert all(one.mask is None and one.defect == "pit" for one in read.instances)


def test_polygons_are_masks(tmp_path: Path) -> None:
    points = [(10, 5), (20, 5), (20, 15), (10, 15)]
    line = "0 " + " ".join(f"{x / 60:.6f} {y / 40:.6f}" for x, y in points)
    (one,) = labels(tmp_path, line).instances
    assert one.box == (10, 5, 21, 16) and one.mask is not None and one.mask.all()


def test_classes_renamed_and_ignored(tmp_path: Path) -> None:
    text = CRACK + "\n" + CRACK.replace("0 ", "1 ", 1)
    options = ImportOptions(classes={"0": "fissure", "pit": "hole"})
    assert [one.defect for one in labels(tmp_path, text, options).instances] == ["fissure", "hole"]
    (one,) = found(tmp_path, ImportOptions(ignore=frozenset({"crack"})))
    assert [instance.defect for instance in one.read(HW).instances] == ["pit"]


@pytest.mark.parametrize("text", [None, "", "\n  \n"])
def test_no_file_and_empty_file_are_good(tmp_path: Path, text: str | None) -> None:
    make(tmp_path, {"images/a.png": text, "images/b.png": CRACK}, data_yaml=NAMES)
    first, second = found(tmp_path)
    assert first.read(HW).instances == [] or first.read(HW).instances == ()
    assert len(second.read(HW).instances) == 1 and first.defect is None


SPLIT = {"images/train/a.png": CRACK, "images/val/ü b.png": CRACK, "images/test/c.png": None}
BELOW = {"train/images/a.png": CRACK, "valid/images/ü b.png": CRACK, "test/images/c.png": None}
PLACES = "train: images/train\nval: [images/val]\ntest: images/test\n"
TREES: dict[str, tuple[dict[str, str | None], dict[str, str]]] = {
    "images, split": (SPLIT, {"data_yaml": f"path: .\n{PLACES}{NAMES}"}),
    "of a machine": (SPLIT, {"dataset_yaml": f"path: /content/x\n{PLACES}{NAMES}"}),
    "images, split, no places": (SPLIT, {"data_yaml": "names: {0: crack, 1: pit}\nnc: 2\n"}),
    "names alone": (SPLIT, {"classes_txt": "crack\npit\n"}),
    "no names": (SPLIT, {}),
    "of Roboflow": (
        BELOW, {"data_yaml": f"train: ../train/images\nval: ../valid/images\ntest: ../test/images\n{NAMES}"},
    ),
    "split, images": (BELOW, {"classes_txt": "crack\npit\n"}),
    "lists": (
        SPLIT,
        {
            "data_yaml": f"train: train.txt\nval: ./val.txt\ntest: test.txt\n{NAMES}",
            "train_txt": "./images/train/a.png\n", "val_txt": "images/val/ü b.png\n", "test_txt": "images/test/c.png\n",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pictures", "files"), TREES.values(), ids=TREES)
def test_trees(tmp_path: Path, pictures: dict[str, str | None], files: dict[str, str]) -> None:
    root = make(tmp_path, pictures, **files)
    assert yolo.recognise(root) is not None
    assert {one.name: one.split for one in found(root)} == dict(zip(pictures, ("train", "val", "test"), strict=True))
    defects = [one.defect for item in found(root) for one in item.read(HW).instances]
    assert defects == (["crack", "crack"] if files else ["0", "0"])


def test_labels_beside_their_pictures(tmp_path: Path) -> None:
    make(tmp_path, {"obj_train_data/a.png": CRACK, "obj_train_data/b.png": None}, obj_names="crack\n")
    assert "obj.names" in (yolo.recognise(tmp_path) or "")
    assert [len(one.read(HW).instances) for one in found(tmp_path)] == [1, 0]


def test_a_folder_named_for_two_splits_comes_once(tmp_path: Path) -> None:
    make(tmp_path, {"images/a.png": CRACK}, data_yaml=f"train: images\nval: images\n{NAMES}")
    assert [one.split for one in found(tmp_path)] == ["train"]


def test_listed_pictures_that_are_missing(tmp_path: Path) -> None:
    make(tmp_path, {"images/a.png": CRACK}, data_yaml="train: train.txt\n" + NAMES)
    (tmp_path / "train.txt").write_text("images/gone.png\n\nimages/a.png\n/etc/passwd\n")
    gone, here, away = yolo.find(tmp_path, ImportOptions())
    assert isinstance(here, Found) and here.split == "train"
    assert isinstance(gone, Dropped) and "train.txt line 1" in gone.detail
    assert isinstance(away, Dropped) and away.reason == "image missing"


def test_label_files_without_picture_are_listed(tmp_path: Path) -> None:
    make(tmp_path, {"images/a.png": CRACK, "images/b.png": CRACK}, data_yaml=NAMES)
    (tmp_path / "images" / "b.png").unlink()
    (tmp_path / "labels" / "notes.txt").write_text("taken on Monday")
    items = list(yolo.find(tmp_path, ImportOptions()))
    assert [one.name for one in items if isinstance(one, Dropped)] == ["labels/b.txt"]


def test_two_pictures_of_one_stem_share_no_label(tmp_path: Path) -> None:
    make(tmp_path, {"images/a.png": CRACK, "images/a.bmp": None, "images/sub/a.png": CRACK}, data_yaml=NAMES)
    first, second, apart = found(tmp_path)
    for one in (first, second):
        with pytest.raises(DropError, match="annotation conflict"):
            one.read(HW)
    assert len(apart.read(HW).instances) == 1


BAD_LINES: dict[str, tuple[str, str, str]] = {
    "outside": ("0 1.5 0.5 0.1 0.1", "outside image", "1.5 is not from 0 to 1"),
    "negative": ("0 0.5 0.5 0.1 -0.1", "outside image", "-0.1"),
    "pixels": ("0 120 80 40 20", "outside image", "120"),
    "polygon outside": ("0 .1 .1 .9 .1 .5 1.2", "outside image", "1.2"),
    "class": ("2 0.5 0.5 0.1 0.1", "unknown class", "class 2; expected one of 0, 1"),
    "class a fraction": ("0.5 0.5 0.5 0.1 0.1", "unknown class", "0.5"),
    "class negative": ("-1 0.5 0.5 0.1 0.1", "unknown class", "-1"),
    "class a word": ("crack 0.5 0.5 0.1 0.1", "unreadable", "'crack' is no number"),
    "words": ("0 0.5 0.5 wide 0.1", "unreadable", "'wide' is no number"),
    "not finite": ("0 0.5 0.5 nan 0.1", "unreadable", "'nan'"),
    "four values": ("0 0.5 0.5 0.1", "unreadable", "4 values"),
    "a confidence": ("0 0.5 0.5 0.1 0.1 0.99", "unreadable", "6 values"),
    "polygon odd": ("0 .1 .1 .9 .1 .5 .2 .7", "unreadable", "8 values"),
    "no width": ("0 0.5 0.5 0 0.1", "unreadable", "box"),
}


@pytest.mark.parametrize(("line", "reason", "said"), BAD_LINES.values(), ids=BAD_LINES)
def test_bad_lines(tmp_path: Path, line: str, reason: str, said: str) -> None:
    with pytest.raises(DropError) as caught:
        labels(tmp_path, CRACK + line)
    assert caught.value.reason == reason
    assert caught.value.detail.startswith("labels/a.txt line 2: ") and said in caught.value.detail


def test_a_label_file_that_is_no_text(tmp_path: Path) -> None:
    make(tmp_path, {"images/a.png": CRACK}, data_yaml=NAMES)
    (tmp_path / "labels" / "a.txt").write_bytes(b"\xff\xfe0 0")
    with pytest.raises(DropError, match=r"unreadable: labels/a\.txt"):
        found(tmp_path)[0].read(HW)


BAD_FILES: dict[str, tuple[str, str]] = {
    "no YAML": ("names: [crack", "no YAML"),
    "names a word": ("names: crack\n", "expected a list of class names"),
    "names empty": ("names: []\n", "expected a list of class names"),
    "names by word": ("names: {crack: 0}\n", "expected number: name"),
    "count": ("nc: 3\n" + NAMES, "nc is 3, but names has 2"),
    "place missing": ("train: images/nowhere\n" + NAMES, "train is 'images/nowhere'"),
    "place outside": ("train: /etc\n" + NAMES, "train is '/etc'"),
    "place a number": ("train: 3\n" + NAMES, "train is 3"),
    "place no list": ("train: data.yaml\n" + NAMES, "neither a folder nor a list"),
    "list of nothing": ("train: labels/a.txt\n" + NAMES, "holds no pictures"),
}


@pytest.mark.parametrize(("text", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files(tmp_path: Path, text: str, said: str) -> None:
    make(tmp_path, {"images/a.png": CRACK}, data_yaml=text)
    with pytest.raises(InputError) as caught:
        list(yolo.find(tmp_path, ImportOptions()))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    make(tmp_path, {"images/a.png": None, "labels/a.png": None, "train/good/b.png": None}, notes_txt="Monday")
    (tmp_path / "labels" / "readme.txt").write_text("one file for each picture of this folder")
    assert yolo.recognise(tmp_path) is None
    with pytest.raises(InputError, match="holds no YOLO labels"):
        list(yolo.find(tmp_path / "train", ImportOptions()))
