"""Pascal VOC: boxes counted from 1, masks of objects, splits; a file that cannot be read drops its picture alone."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout import voc
from defectgen.errors import InputError

HW = (40, 60)


def thing(box: tuple[object, ...] = (11, 6, 20, 15), name: str = "crack", more: str = "") -> str:
    edges = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=False))
    return f"<object><name>{escape(name)}</name><difficult>1</difficult>{more}<bndbox>{edges}</bndbox></object>"


def annotation(*things: str, size: tuple[int, int] = HW) -> str:
    sides = f"<size><width>{size[1]}</width><height>{size[0]}</height><depth>1</depth></size>"
    return f"<annotation><filename>wrong.jpg</filename>{sides}{''.join(things)}</annotation>"


def make(root: Path, name: str, text: str | None, labels: str | None = None) -> Path:
    """A picture and its XML in the folder `labels`, by default beside it."""
    picture = root / name
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros(HW, np.uint8)).save(picture)
    if text is not None:
        folder = picture.parent if labels is None else root / labels
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{picture.stem}.xml").write_text(text)
    return root


def found(root: Path, options: ImportOptions | None = None) -> list[Found]:
    items = list(voc.find(root, options or ImportOptions()))
    assert all(isinstance(item, Found) for item in items), items
    return [item for item in items if isinstance(item, Found)]


def labels(root: Path, text: str, options: ImportOptions | None = None) -> Labels:
    (one,) = found(make(root, "JPEGImages/a.jpg", text, "Annotations"), options)
    return one.read(HW)


def test_boxes_are_counted_from_one_and_hold_their_last_pixel(tmp_path: Path) -> None:
    boxes = [(1, 1, 60, 40), (5, 7, 5, 7), (0, 0, 10, 10), ("3.0", "4.0", "9", "8")]
    read = labels(tmp_path, annotation(*map(thing, boxes)))
    assert [one.box for one in read.instances] == [(0, 0, 60, 40), (4, 6, 5, 7), (0, 0, 10, 10), (2, 3, 9, 8)]
    assert not read.notes and all(one.mask is None for one in read.instances)


def test_classes_renamed_and_ignored(tmp_path: Path) -> None:
    options = ImportOptions(classes={"crack": "fissure"}, ignore=frozenset({"pit & hole"}))
    read = labels(tmp_path, annotation(thing(), thing(name="pit & hole")), options)
    assert [one.defect for one in read.instances] == ["fissure"]


def test_no_object_is_good_and_no_file_is_dropped(tmp_path: Path) -> None:
    make(tmp_path, "images/good.jpg", annotation(), "annotations")
    make(tmp_path, "images/new.jpg", None)
    first, second = voc.find(tmp_path, ImportOptions())
    assert isinstance(first, Found) and not first.read(HW).instances
    assert isinstance(second, Dropped) and second.reason == "no annotation"


TREES = {
    "of VOC": ("JPEGImages/a.jpg", "Annotations", None),
    "with its year": ("VOCdevkit/VOC2012/JPEGImages/a.jpg", "VOCdevkit/VOC2012/Annotations", None),
    "of NEU-DET": ("IMAGES/a.jpg", "ANNOTATIONS", None),
    "of NEU-DET, split": ("validation/images/crazing/a.jpg", "validation/annotations", "val"),
    "beside": ("a ü.jpg", None, None),
    "beside, split": ("test/a.png", None, "test"),
}


@pytest.mark.parametrize(("name", "folder", "split"), TREES.values(), ids=TREES)
def test_trees(tmp_path: Path, name: str, folder: str | None, split: str | None) -> None:
    root = make(tmp_path, name, annotation(thing()), folder)
    assert voc.recognise(root) is not None
    (one,) = found(root)
    assert (one.name, one.split) == (name, split)
    assert one.read(HW).instances[0].box == (10, 5, 20, 15)


def test_splits_of_image_sets(tmp_path: Path) -> None:
    for stem in ("a", "b", "c"):
        make(tmp_path, f"JPEGImages/{stem}.jpg", annotation(thing()), "Annotations")
    folder = tmp_path / "ImageSets" / "Main"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_text("a\n")
    (folder / "test.txt").write_text("b\ngone\n")
    *items, gone = voc.find(tmp_path, ImportOptions())
    assert [one.split for one in items if isinstance(one, Found)] == ["train", "test", None]
    assert isinstance(gone, Dropped) and (gone.name, gone.reason) == ("gone", "image missing")
    (folder / "val.txt").write_text("a\n")
    with pytest.raises(InputError, match=r"val\.txt lists 'a', which train\.txt lists too"):
        list(voc.find(tmp_path, ImportOptions()))


def test_masks_of_objects(tmp_path: Path) -> None:
    index = np.zeros(HW, np.uint8)
    index[5:15, 10:20], index[20:22, 30:50], index[4, :] = 1, 2, 255
    picture = Image.fromarray(index)
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    (tmp_path / "SegmentationObject").mkdir()
    picture.save(tmp_path / "SegmentationObject" / "a.png")
    first, second = labels(tmp_path, annotation(thing(), thing(name="pit"))).instances
    assert (first.defect, first.box, first.area) == ("crack", (10, 5, 20, 15), 100)
    assert (second.defect, second.box, second.area) == ("pit", (30, 20, 50, 22), 40)
    Image.new("P", (9, 9)).save(tmp_path / "SegmentationObject" / "a.png")
    with pytest.raises(DropError, match=r"size mismatch: .*a\.png is 9x9"):
        found(tmp_path)[0].read(HW)
    Image.new("RGB", HW[::-1]).save(tmp_path / "SegmentationObject" / "a.png")
    with pytest.raises(DropError, match=r"unreadable: .*colour mode RGB"):
        found(tmp_path)[0].read(HW)


def test_polygons_of_objects(tmp_path: Path) -> None:
    points = "".join(f"<x{k}>{x}</x{k}><y{k}>{y}</y{k}>" for k, (x, y) in enumerate([(11, 6), (20, 6), (20, 15)], 1))
    (one,) = labels(tmp_path, annotation(thing(more=f"<polygon>{points}</polygon>"))).instances
    assert one.box == (10, 5, 20, 15) and one.mask is not None and one.area == 55


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><annotation><folder>&b;</folder></annotation>'
THEFT = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><annotation><folder>&a;</folder></annotation>'
BAD: dict[str, tuple[str, str, str]] = {
    "cut short": (annotation(thing())[:-20], "unreadable", "no whole XML"),
    "empty": ("", "unreadable", "no whole XML"),
    "entities": (BOMB, "unreadable", "EntitiesForbidden"),
    "outer entity": (THEFT, "unreadable", "EntitiesForbidden"),
    "other XML": ("<svg/>", "unreadable", "<svg>"),
    "size": (annotation(thing(), size=(40, 61)), "size mismatch", "61x40"),
    "outside": (annotation(thing((71, 5, 80, 9))), "outside image", "object 1"),
    "reversed": (annotation(thing(), thing((20, 5, 10, 9))), "unreadable", "object 2"),
    "a word": (annotation(thing(("left", 5, 80, 9))), "unreadable", "'left'"),
    "an edge missing": (annotation(thing((5, 5, 9))), "unreadable", "no <bndbox/ymax>"),
    "no name": (annotation(thing(name=" ")), "unknown class", "no <name>"),
    "polygon of a point": (annotation(thing(more="<polygon><x1>3</x1><y1>3</y1></polygon>")), "unreadable", "(1, 2)"),
    "polygon without y": (annotation(thing(more="<polygon><x1>3</x1></polygon>")), "unreadable", "no <y1>"),
}


@pytest.mark.parametrize(("text", "reason", "said"), BAD.values(), ids=BAD)
def test_bad_files_drop_their_picture(tmp_path: Path, text: str, reason: str, said: str) -> None:
    with pytest.raises(DropError) as caught:
        labels(tmp_path, text)
    assert caught.value.reason == reason
    assert caught.value.detail.startswith("Annotations/a.xml") and said in caught.value.detail
    assert "\n" not in caught.value.detail


def test_an_unknown_size_is_no_mismatch(tmp_path: Path) -> None:
    assert len(labels(tmp_path, annotation(thing(), size=(0, 0))).instances) == 1


def test_every_file_is_accounted_for(tmp_path: Path) -> None:
    make(tmp_path, "images/one/a.jpg", annotation(thing()), "annotations")
    make(tmp_path, "images/two/a.jpg", annotation(thing()), "annotations")
    (tmp_path / "annotations" / "b.xml").write_text(annotation(thing()))
    items = list(voc.find(tmp_path, ImportOptions()))
    assert [(one.name, one.reason) for one in items if isinstance(one, Dropped)] == [
        ("images/one/a.jpg", "annotation conflict"), ("images/two/a.jpg", "annotation conflict"),
        ("annotations/b.xml", "image missing"),
    ]  # fmt: skip


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    make(tmp_path, "images/a.jpg", "<annotations><image/></annotations>", "annotations")
    assert voc.recognise(tmp_path) is None
    with pytest.raises(InputError, match="holds no VOC data"):
        list(voc.find(tmp_path / "images", ImportOptions()))
