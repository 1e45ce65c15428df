"""COCO: masks come back exactly, and an index whose parts do not fit together is refused with one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coder

from defectgen.dataset.instance import Mask, box_of
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout import coco
from defectgen.errors import InputError

HW = (24, 40)
CATEGORIES = [{"id": 1, "name": "crack"}, {"id": 7, "name": "pit"}]


def blob(rng: np.random.Generator) -> Mask:
    """A scattered mask with holes, one pixel at least."""
    mask = np.zeros(HW, np.bool_)
    y, x = rng.integers(0, 14), rng.integers(0, 26)
    mask[y : y + 10, x : x + 12] = rng.random((10, 12)) < 0.6
    mask[y, x] = True
    return mask


def compressed(mask: Mask) -> dict[str, Any]:
    packed = coder.encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(packed["size"]), "counts": packed["counts"].decode()}


def uncompressed(mask: Mask) -> dict[str, Any]:
    runs, value, length = [], False, 0
    for one in mask.ravel(order="F"):
        if one != value:
            runs.append(length)
            value, length = one, 0
        length += 1
    return {"size": list(mask.shape), "counts": [*runs, length]}


def annotation(segmentation: Any = None, box: Any = (1, 2, 3, 4), **more: Any) -> dict[str, Any]:
    return {"id": 1, "image_id": 1, "category_id": 1, "bbox": list(box), "segmentation": segmentation} | more


def index(*annotations: dict[str, Any], names: tuple[str, ...] = ("a.png",)) -> dict[str, Any]:
    images = [{"id": k, "file_name": n, "height": HW[0], "width": HW[1]} for k, n in enumerate(names, 1)]
    return {"images": images, "annotations": list(annotations), "categories": CATEGORIES}


def make(root: Path, document: Any, at: str = "annotations/instances_train2017.json", pictures: str = "images") -> Path:
    (root / at).parent.mkdir(parents=True, exist_ok=True)
    (root / at).write_text(document if isinstance(document, str) else json.dumps(document))
    for one in document["images"] if isinstance(document, dict) else ():
        path = root / pictures / one["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros(HW, np.uint8)).save(path)
    return root


def found(root: Path, options: ImportOptions | None = None) -> list[Found]:
    items = list(coco.find(root, options or ImportOptions()))
    assert all(isinstance(item, Found) for item in items), items
    return [item for item in items if isinstance(item, Found)]


def labels(root: Path, options: ImportOptions | None = None) -> Labels:
    (one,) = found(root, options)
    return one.read(HW)


@pytest.mark.parametrize("code", [compressed, uncompressed])
def test_rle_is_exact(tmp_path: Path, rng: np.random.Generator, code: Callable[[Mask], dict[str, Any]]) -> None:
    masks = [blob(rng) for _ in range(20)]
    masks.append(np.ones(HW, np.bool_))
    root = make(tmp_path, index(*(annotation(code(mask), id=k) for k, mask in enumerate(masks))))
    instances = labels(root).instances
    for one, mask in zip(instances, masks, strict=True):
        assert one.box == box_of(mask)
        assert one.mask is not None and (one.mask == mask[one.window]).all()


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
def test_polygons_of_several_parts_are_filled_as_pycocotools_does(tmp_path: Path) -> None:
    parts = [[2.5, 3.0, 12.5, 3.0, 12.5, 9.5, 2.5, 9.5], [20, 10, 30, 12, 24, 20]]
    (one,) = labels(make(tmp_path, index(annotation(parts)))).instances
    expected = coder.decode(coder.merge(coder.frPyObjects(parts, *HW))).astype(bool)
    assert one.mask is not None and (one.mask == expected[one.window]).all() and one.box == box_of(expected)


def test_a_polygon_thinner_than_a_pixel_stays(tmp_path: Path) -> None:
    read = labels(make(tmp_path, index(annotation([[5, 5.2, 20, 5.2, 20, 5.3, 5, 5.3]]))))
    assert read.instances[0].area == 16
    assert "outline" in read.notes[0]


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_boxes_alone(tmp_path: Path, nothing: Any) -> None:
    (one,) = labels(make(tmp_path, index(annotation(nothing, (4, 5, 10, 6))))).instances
    assert one.mask is None and one.box == (4, 5, 14, 11) and one.defect == "crack"


def test_a_crowd_is_one_instance(tmp_path: Path, rng: np.random.Generator) -> None:
    mask = blob(rng)
    (one,) = labels(make(tmp_path, index(annotation(uncompressed(mask), iscrowd=1)))).instances
    assert one.area == mask.sum()


def test_classes_by_name_and_number_and_ignored(tmp_path: Path) -> None:
    root = make(tmp_path, index(annotation(), annotation(id=2, category_id=7)))
    assert [one.defect for one in labels(root).instances] == ["crack", "pit"]
    options = ImportOptions(classes={"crack": "fissure", "7": "hole"})
    assert [one.defect for one in labels(root, options).instances] == ["fissure", "hole"]
    assert [one.defect for one in labels(root, ImportOptions(ignore=frozenset({"7"}))).instances] == ["crack"]


def test_pictures_without_annotation_are_good(tmp_path: Path) -> None:
    first, second = found(make(tmp_path, index(annotation(), names=("a.png", "b.png"))))
    assert (first.name, second.name) == ("images/a.png", "images/b.png")
    assert first.defect is None and second.read(HW) == Labels([], [])


PLACES = {
    "of COCO": ("annotations/instances_train2017.json", "train2017", "train"),
    "of Roboflow": ("valid/_annotations.coco.json", "valid", "val"),
    "of datumaro": ("annotations/instances_test.json", "images/test", "test"),
    "beside": ("labels.json", ".", None),
    "above": ("result.json", "images", None),
}


@pytest.mark.parametrize(("at", "pictures", "split"), PLACES.values(), ids=PLACES)
def test_trees(tmp_path: Path, at: str, pictures: str, split: str | None) -> None:
    root = make(tmp_path, index(annotation(), names=("ü 1.png", "sub/b.png")), at, pictures)
    assert at in (coco.recognise(root) or "")
    assert [one.split for one in found(root)] == [split, split]


def test_each_split_finds_its_own_picture_of_a_name(tmp_path: Path) -> None:
    for split in ("train", "val"):
        make(tmp_path, index(annotation()), f"annotations/instances_{split}2017.json", f"{split}2017")
    make(tmp_path, {"images": [], "annotations": []}, "annotations/captions_train2017.json")
    assert [(one.name, one.split) for one in found(tmp_path)] == [
        ("train2017/a.png", "train"), ("val2017/a.png", "val"),
    ]  # fmt: skip


def test_every_picture_is_found_or_dropped(tmp_path: Path) -> None:
    root = make(tmp_path, index(names=("a.png", "b.png")))
    make(root, index(names=("b.png", "../../x.png")), "annotations/instances_val2017.json")
    (root / "images" / "a.png").unlink()
    Image.new("L", (9, 9)).save(root / "images" / "new.png")
    items = list(coco.find(root, ImportOptions()))
    assert [one.name for one in items if isinstance(one, Found)] == ["images/b.png"]
    assert [(one.name, one.reason) for one in items if isinstance(one, Dropped)] == [
        ("a.png", "image missing"), ("images/b.png", "duplicate"), ("../../x.png", "image missing"),
        ("images/new.png", "no annotation"),
    ]  # fmt: skip


def without(document: dict[str, Any], *path: Any) -> dict[str, Any]:
    inner: Any = document
    for step in path[:-1]:
        inner = inner[step]
    inner.pop(path[-1])
    return document


BAD_INDEX: dict[str, tuple[Any, str]] = {
    "cut short": (json.dumps(index(annotation()))[:-30], "cut short"),
    "category": (index(annotation(category_id=3)), "annotations[0].category_id is 3; expected one of its cat"),
    "image id": (index(annotation(image_id=5)), "annotations[0].image_id is 5"),
    "image id a list": (index(annotation(image_id=[1])), "expected a whole number"),
    "annotation id twice": (index(annotation(), annotation()), "annotations[1].id is 1 a second time"),
    "image id twice": ({**index(), "images": index()["images"] * 2}, "images[1].id is 1 a second time"),
    "file name twice": (index(names=("a.png", "a.png")), "images[1].file_name is 'a.png' a second time"),
    "category twice": ({**index(), "categories": CATEGORIES * 2}, "categories[2].id is 1 a second time"),
    "no width": (without(index(), "images", 0, "width"), "images[0].width is None"),
    "no file name": (without(index(), "images", 0, "file_name"), "images[0].file_name is None"),
    "no annotations": (without(index(), "annotations"), "no list 'annotations'"),
    "no name": ({**index(), "categories": [{"id": 1}]}, "categories[0].name is None"),
    "numbers": ({**index(), "annotations": [3]}, "annotations[0] is a int"),
}


@pytest.mark.parametrize(("document", "said"), BAD_INDEX.values(), ids=BAD_INDEX)
def test_bad_index(tmp_path: Path, document: Any, said: str) -> None:
    at = "annotations/instances_train2017.json"
    (tmp_path / at).parent.mkdir()
    (tmp_path / at).write_text(document if isinstance(document, str) else json.dumps(document))
    assert coco.recognise(tmp_path) is not None
    with pytest.raises(InputError) as caught:
        list(coco.find(tmp_path, ImportOptions()))
    assert said in str(caught.value) and at in str(caught.value) and "\n" not in str(caught.value)


FULL = compressed(np.ones(HW, np.bool_))
BAD_REGION: dict[str, tuple[dict[str, Any], str]] = {
    "polygon outside": (annotation([[50, 5, 60, 5, 60, 9]]), "outside image"),
    "polygon absurd": (annotation([[1, 1, 1e300, 1, 5, 5]]), "outside image"),
    "polygon not finite": (annotation([[1, 1, float("nan"), 1, 5, 5]]), "unreadable"),
    "polygon of four numbers": (annotation([[1, 1, 5, 5]]), "unreadable"),
    "polygon odd": (annotation([[1, 1, 5, 5, 3, 9, 4]]), "unreadable"),
    "polygon flat": (annotation([1, 1, 5, 5, 3, 9]), "unreadable"),
    "polygon of words": (annotation([["a"] * 6]), "unreadable"),
    "segmentation a word": (annotation("mask.png"), "unreadable"),
    "box outside": (annotation(None, (41, 2, 5, 5)), "outside image"),
    "box without height": (annotation(None, (4, 2, 5, 0)), "unreadable"),
    "box of three": (annotation(None, (4, 2, 5)), "unreadable"),
    "box of words": (annotation(None, ("a", "b", "c", "d")), "unreadable"),
    "rle of another size": (annotation(compressed(np.ones((24, 41), np.bool_))), "size mismatch"),
    "rle without size": (annotation({"counts": FULL["counts"]}), "unreadable"),
    "rle without counts": (annotation({"size": list(HW)}), "unreadable"),
    "rle too long": (annotation({"size": list(HW), "counts": [0, 961]}), "unreadable"),
    "rle too short": (annotation({"size": list(HW), "counts": [0, 5]}), "unreadable"),
    "rle negative": (annotation({"size": list(HW), "counts": [-1, 961]}), "unreadable"),
    "rle cut short": (annotation({"size": list(HW), "counts": FULL["counts"][:-1]}), "unreadable"),
    "rle of words": (annotation({"size": list(HW), "counts": "ärger~"}), "unreadable"),
    "rle empty": (annotation({"size": list(HW), "counts": [960]}), "empty mask"),
}


@pytest.mark.parametrize(("region", "reason"), BAD_REGION.values(), ids=BAD_REGION)
def test_bad_annotations_drop_their_picture(tmp_path: Path, region: dict[str, Any], reason: str) -> None:
    with pytest.raises(DropError) as caught:
        labels(make(tmp_path, index(region)))
    assert caught.value.reason == reason
    assert caught.value.detail.startswith("instances_train2017.json annotations[0]: ")
    assert "\n" not in caught.value.detail


def test_damaged_rle_never_comes_through(tmp_path: Path, rng: np.random.Generator) -> None:
    whole = compressed(blob(rng))
    for _ in range(200):
        text = list(whole["counts"])
        text[rng.integers(len(text))] = chr(int(rng.integers(48, 112)))
        region = annotation({"size": list(HW), "counts": "".join(text)})
        entry = coco.Entry("a.png", HW, [coco.Region("", "crack", region["bbox"], region["segmentation"])])
        try:
            (one,) = coco._labels(entry, "", HW).instances
        except DropError as error:
            assert error.reason in ("unreadable", "empty mask")
        else:
            assert one.mask is not None and one.mask.shape == (one.box[3] - one.box[1], one.box[2] - one.box[0])


def test_an_index_of_another_size(tmp_path: Path) -> None:
    (one,) = found(make(tmp_path, index(annotation())))
    with pytest.raises(DropError, match=r"size mismatch: .*40x24 pixels, the picture has 24x40"):
        one.read((40, 24))


@pytest.mark.parametrize("text", ["{}", "[]", "", '{"shapes": [], "imagePath": "a.png"}', '{"images": {}}'])
def test_other_json_is_not_recognised(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    assert coco.recognise(tmp_path) is None
