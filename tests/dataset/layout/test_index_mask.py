"""Index masks: values mean what the table says, nothing is guessed, and folders pair in every usual arrangement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.instance import union
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions
from defectgen.dataset.layout import index_mask
from defectgen.errors import InputError

HW = (36, 50)
TABLE = ImportOptions(classes={"1": "dark", "2": "cross"}, ignore=frozenset({"4"}))


def labels(**boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Mask with value k in the box named vk."""
    mask = np.zeros(HW, np.uint8)
    for name, (x0, y0, x1, y1) in boxes.items():
        mask[y0:y1, x0:x1] = int(name[1:])
    return mask


BOTH = labels(v1=(2, 3, 8, 9), v2=(20, 5, 25, 12), v4=(0, 30, 50, 33))


def put(root: Path, picture: str, mask: str | None, values: np.ndarray | Image.Image = BOTH) -> None:
    for name, content in ((picture, np.full(HW, 120, np.uint8)), (mask, values)):
        if name is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            image = content if isinstance(content, Image.Image) else Image.fromarray(content)
            image.save(root / name)


def only(root: Path, options: ImportOptions = TABLE) -> Found:
    (found,) = index_mask.find(root, options)
    assert isinstance(found, Found), found
    return found


def read(root: Path, options: ImportOptions = TABLE) -> dict[str, list[tuple[int, int, int, int]]]:
    out: dict[str, list[tuple[int, int, int, int]]] = {}
    for each in only(root, options).read(HW).instances:
        out.setdefault(each.defect, []).append(each.box)
    return out


EXPECTED = {"dark": [(2, 3, 8, 9)], "cross": [(20, 5, 25, 12)]}


@pytest.mark.parametrize(
    ("picture", "mask", "split"),
    [
        ("img/a.jpg", "ann/a.png", None),
        ("images/a.png", "masks/a.png", None),
        ("images/a.jpg", "masks/a.jpg.png", None),
        ("JPEGImages/ä ö.jpg", "SegmentationClass/ä ö.png", None),
        ("testset/img/a.jpg", "testset/ann/a.png", "test"),
        ("images/val/a.jpg", "annotations/val/a.png", "val"),
        ("Train/Images/a.jpg", "Train/Masks/a.png", "train"),
    ],
)
def test_arrangements(tmp_path: Path, picture: str, mask: str, split: str | None) -> None:
    put(tmp_path, picture, mask)
    assert index_mask.recognise(tmp_path) is not None
    assert read(tmp_path) == EXPECTED
    assert (only(tmp_path).name, only(tmp_path).split) == (picture, split)


def coloured(palette: list[int]) -> Image.Image:
    image = Image.fromarray(BOTH).convert("P")
    image.putdata(BOTH.ravel().tolist())
    image.putpalette(palette)
    return image


def test_palette_of_colours_counts_by_index(tmp_path: Path) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png", coloured([0, 0, 0, 128, 0, 0, 0, 128, 0, 9, 9, 9, 0, 0, 128]))
    assert read(tmp_path) == EXPECTED


def test_palette_of_greys_counts_by_grey_level(tmp_path: Path) -> None:
    greys = [0, 0, 0, 60, 60, 60, 120, 120, 120, 0, 0, 0, 200, 200, 200]
    put(tmp_path, "img/a.jpg", "ann/a.png", coloured(greys))
    options = ImportOptions(classes={"60": "dark", "120": "cross"}, ignore=frozenset({"200"}))
    assert read(tmp_path, options) == EXPECTED


def test_colours_are_named_in_hex(tmp_path: Path) -> None:
    colours = np.array([[0, 0, 0], [200, 0, 0], [0, 200, 0], [0, 0, 0], [0, 0, 200]], np.uint8)[BOTH]
    put(tmp_path, "img/a.jpg", "ann/a.png", colours)
    table = {"#c80000": "dark", "#00c800": "cross"}
    assert read(tmp_path, ImportOptions(classes=table, ignore=frozenset({"#0000c8"}))) == EXPECTED


def test_sixteen_bits(tmp_path: Path) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png", Image.fromarray(BOTH.astype(np.uint16) * 300))
    options = ImportOptions(classes={"300": "dark", "600": "cross"}, ignore=frozenset({"1200"}))
    assert read(tmp_path, options) == EXPECTED


def test_instances_cover_their_class_and_no_more(tmp_path: Path, rng: np.random.Generator) -> None:
    mask = rng.integers(0, 3, HW).astype(np.uint8)
    put(tmp_path, "img/a.jpg", "ann/a.png", mask)
    instances = only(tmp_path).read(HW).instances
    for value, name in ((1, "dark"), (2, "cross")):
        assert (union([each for each in instances if each.defect == name], HW) == (mask == value)).all()
    assert sum(each.area for each in instances) == np.count_nonzero(mask)


@pytest.mark.parametrize("value", [1, 38, 255])
def test_binary_masks_need_no_table(tmp_path: Path, value: int) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png", (BOTH == 1).astype(np.uint8) * np.uint8(value))
    assert read(tmp_path, ImportOptions()) == {"defect": [(2, 3, 8, 9)]}
    assert read(tmp_path, ImportOptions(classes={str(value): "tear"})) == {"tear": [(2, 3, 8, 9)]}


def test_soft_masks_are_cut_at_127(tmp_path: Path) -> None:
    put(tmp_path, "img/a.png", "ann/a.jpg", (BOTH == 1).astype(np.uint8) * np.uint8(255))
    found = only(tmp_path, ImportOptions()).read(HW)
    assert [each.defect for each in found.instances] == ["defect"]
    assert abs(found.instances[0].area - 36) <= 4


def test_several_values_need_a_table(tmp_path: Path) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png")
    with pytest.raises(InputError, match=r"1 \(36 px\), 2 \(35 px\), 4 \(150 px\).*--classes 1=NAME") as caught:
        only(tmp_path, ImportOptions())
    assert "\n" not in str(caught.value)


def test_value_outside_the_table_names_value_count_and_option(tmp_path: Path) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png")
    options = ImportOptions(classes={"1": "dark", "2": "cross"})
    with pytest.raises(InputError, match=r"value 4 on 150 pixels; expected 0, 1, 2 .*--ignore 4"):
        only(tmp_path, options)


def test_late_value_drops_its_picture_alone(tmp_path: Path) -> None:
    for k in range(100):
        late = labels(v1=(1, 1, 5, 5), v9=(9, 9, 11, 11))
        put(tmp_path, f"img/{k:03d}.png", f"ann/{k:03d}.png", late if k == 3 else BOTH)
    items = [each for each in index_mask.find(tmp_path, TABLE) if isinstance(each, Found)]
    assert len(items[4].read(HW).instances) == 2
    with pytest.raises(DropError, match=r"unknown class: 003\.png holds the value 9 on 4 pixels"):
        items[3].read(HW)


def test_class_named_good_is_no_defect(tmp_path: Path) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png")
    assert read(tmp_path, ImportOptions(classes={"1": "dark", "2": "cross", "4": "good"})) == EXPECTED


def test_key_that_is_no_value(tmp_path: Path) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png")
    with pytest.raises(InputError, match="'dark' is no value of a mask"):
        only(tmp_path, ImportOptions(classes={"dark": "1"}))


def test_every_file_is_accounted_for(tmp_path: Path) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png")
    put(tmp_path, "img/unmasked.jpg", None)
    put(tmp_path, "img/twice.jpg", "ann/twice.png")
    put(tmp_path, "img/twice.png", "ann/lonely.png")
    items = list(index_mask.find(tmp_path, TABLE))
    assert {each.name: each.reason for each in items if isinstance(each, Dropped)} == {
        "img/unmasked.jpg": "no annotation",
        "img/twice.jpg": "annotation conflict",
        "img/twice.png": "annotation conflict",
        "ann/lonely.png": "image missing",
    }
    assert [each.name for each in items if isinstance(each, Found)] == ["img/a.jpg"]


def test_empty_mask_is_a_good_picture(tmp_path: Path) -> None:
    put(tmp_path, "img/a.jpg", "ann/a.png", np.zeros(HW, np.uint8))
    assert read(tmp_path, ImportOptions()) == {}


def pv(root: Path) -> None:
    for split in ("train", "val", "testset"):
        mask = labels(v1=(2, 3, 8, 9), v3=(20, 5, 25, 12), v4=(0, 30, 50, 33))
        put(root, f"{split}/img/EL7_{len(split)}.jpg", f"{split}/ann/EL7_{len(split)}.png", mask)


def test_pv_vision_knows_its_classes(tmp_path: Path) -> None:
    pv(tmp_path)
    assert index_mask.recognise_pv_vision(tmp_path) is not None and index_mask.recognise(tmp_path) is None
    found = [each for each in index_mask.find_pv_vision(tmp_path, ImportOptions()) if isinstance(each, Found)]
    assert {(each.split, each.group) for each in found} == {("train", "EL7"), ("val", "EL7"), ("test", "EL7")}
    for each in found:
        assert [one.defect for one in each.read(HW).instances] == ["dark area", "crack"]


def test_pv_vision_bus_bar_can_be_asked_for(tmp_path: Path) -> None:
    pv(tmp_path)
    (found, *_) = index_mask.find_pv_vision(tmp_path, ImportOptions(classes={"4": "bus bar"}))
    assert isinstance(found, Found) and len(found.read(HW).instances) == 3


@pytest.mark.data
def test_real_sets(real_data: Path) -> None:
    cells = list(index_mask.find_pv_vision(real_data / "pv-vision", ImportOptions()))
    assert len(cells) == 1272 and all(isinstance(each, Found) for each in cells)
    fabric = [each for each in index_mask.find(real_data / "hsst-fabric", ImportOptions()) if isinstance(each, Found)]
    assert sorted(bool(each.read((512, 512)).instances) for each in fabric) == [False] + [True] * 25
