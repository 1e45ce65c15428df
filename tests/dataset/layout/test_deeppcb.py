"""DeepPCB: the mask is the defect, whatever jitter and shift the scan has, and no defect is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.instance import Mask, union
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout import deeppcb
from defectgen.errors import InputError

HW = (160, 200)
HOLE = (60, 50, 72, 58)  # x0, y0, x1, y1, in the middle of the copper


def board() -> Mask:
    """Bright gaps, dark copper: one wide track across, one down."""
    board = np.ones(HW, np.bool_)
    board[40:70] = False
    board[:, 120:140] = False
    return board


def jitter(scan: Mask, rng: np.random.Generator) -> Mask:
    """A tenth of the pixels along the copper's edges flipped, the defect's own left alone."""
    edge = np.zeros(HW, np.bool_)
    for axis in (0, 1):
        step = np.diff(board().astype(np.int8), axis=axis) != 0
        edge[tuple(slice(0, n) for n in step.shape)] |= step
    return np.asarray(scan ^ (edge & (rng.random(HW) < 0.1)))


def put(root: Path, scan: Mask, *lines: str, name: str = "00041000", template: Mask | None = None) -> None:
    place = root / "PCBData" / "group00041" / "00041"
    boxes = place.with_name("00041_not")
    for folder in (place, boxes):
        folder.mkdir(parents=True, exist_ok=True)
    good = board() if template is None else template
    for kind, pixels in (("test", scan), ("temp", good)):
        Image.fromarray(pixels.astype(np.uint8) * 255).save(place / f"{name}_{kind}.jpg", quality=95)
    (boxes / f"{name}.txt").write_text("\n".join(lines))


def box_text(box: tuple[int, int, int, int], value: int = 6, grow: int = 5) -> str:
    x0, y0, x1, y1 = box
    return f"{x0 - grow} {y0 - grow} {x1 + grow} {y1 + grow} {value}"


def read(root: Path, options: ImportOptions | None = None) -> Labels:
    scan, _ = deeppcb.find(root, options or ImportOptions())
    assert isinstance(scan, Found)
    return scan.read(HW)


def with_hole() -> Mask:
    scan = board()
    scan[HOLE[1] : HOLE[3], HOLE[0] : HOLE[2]] = True
    return scan


def test_mask_is_the_defect_under_jitter(tmp_path: Path, rng: np.random.Generator) -> None:
    put(tmp_path, jitter(with_hole(), rng), box_text(HOLE))
    (hole,) = read(tmp_path).instances
    assert (hole.defect, hole.box, hole.area) == ("pin hole", HOLE, 96)


@pytest.mark.parametrize("move", [(0, 0), (3, 0), (-2, 4), (5, -5)])
def test_mask_is_the_defect_under_a_shift(tmp_path: Path, move: tuple[int, int]) -> None:
    put(tmp_path, np.roll(with_hole(), move, (0, 1)), box_text(HOLE, grow=9))
    (hole,) = read(tmp_path).instances
    x0, y0, x1, y1 = HOLE
    assert hole.box == (x0 + move[1], y0 + move[0], x1 + move[1], y1 + move[0]) and hole.area == 96


def test_hairline_through_the_copper_is_kept_whole(tmp_path: Path) -> None:
    scan = board()
    rows = np.arange(40, 70)
    scan[rows, rows + 30] = True
    put(tmp_path, scan, "66 38 104 72 1")
    (line,) = read(tmp_path).instances
    assert line.defect == "open" and line.area == 30


def test_defect_on_the_edge_alone_is_kept_with_a_note(tmp_path: Path) -> None:
    scan = board()
    scan[40, 20:28] = True
    put(tmp_path, scan, "16 36 32 46 3")
    labels = read(tmp_path)
    assert labels.instances[0].area == 8 and "taken uncleaned" in labels.notes[0]


def test_without_any_difference_all_boxes_stay_without_masks(tmp_path: Path) -> None:
    put(tmp_path, with_hole(), box_text(HOLE), "150 20 170 35 5")
    labels = read(tmp_path)
    assert [each.mask for each in labels.instances] == [None, None]
    assert [each.box for each in labels.instances] == [(55, 45, 77, 63), (150, 20, 170, 35)]
    assert "boxes alone kept" in labels.notes[0]


def test_neighbours_do_not_share_pixels(tmp_path: Path) -> None:
    scan = board()
    scan[50:56, 60:66] = scan[50:56, 68:74] = True
    put(tmp_path, scan, "58 48 67 58 6", "67 48 76 58 6")
    instances = read(tmp_path).instances
    assert sum(each.area for each in instances) == union(instances, HW).sum() == 72


def test_template_is_the_good_view_and_a_good_picture(tmp_path: Path) -> None:
    put(tmp_path, with_hole(), box_text(HOLE))
    assert deeppcb.recognise(tmp_path) is not None
    scan, good = deeppcb.find(tmp_path, ImportOptions())
    assert isinstance(scan, Found) and isinstance(good, Found)
    assert scan.good == good.image and good.defect == "good" and scan.group == good.group == "00041"


def test_own_split_lists(tmp_path: Path) -> None:
    put(tmp_path, with_hole(), box_text(HOLE))
    line = "group00041/00041/00041000.jpg group00041/00041_not/00041000.txt\n"
    (tmp_path / "PCBData" / "test.txt").write_text(line)
    assert [each.split for each in deeppcb.find(tmp_path, ImportOptions()) if isinstance(each, Found)] == ["test"] * 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("10 10 20 20 9", "unknown class"),
        ("10 10 20", "unreadable"),
        ("10 10 9 20 1", "outside image"),
        ("10 10 500 20 1", "outside image"),
    ],
)
def test_reasons(tmp_path: Path, line: str, reason: str) -> None:
    put(tmp_path, with_hole(), line)
    with pytest.raises(DropError) as caught:
        read(tmp_path)
    assert caught.value.reason == reason


def test_template_of_another_size(tmp_path: Path) -> None:
    put(tmp_path, with_hole(), box_text(HOLE), template=board()[:-4])
    with pytest.raises(DropError, match="size mismatch"):
        read(tmp_path)


def test_missing_boxes_drop_the_scan_alone(tmp_path: Path) -> None:
    put(tmp_path, with_hole(), box_text(HOLE))
    (tmp_path / "PCBData/group00041/00041_not/00041000.txt").unlink()
    scan, good = deeppcb.find(tmp_path, ImportOptions())
    assert isinstance(scan, Dropped) and scan.reason == "no annotation" and isinstance(good, Found)


def test_classes_rename_and_ignore(tmp_path: Path) -> None:
    put(tmp_path, with_hole(), box_text(HOLE), "150 20 170 35 5")
    options = ImportOptions(classes={"6": "void"}, ignore=frozenset({"spurious copper"}))
    assert [each.defect for each in read(tmp_path, options).instances] == ["void"]


def test_other_folders_are_refused(tmp_path: Path) -> None:
    assert deeppcb.recognise(tmp_path) is None
    with pytest.raises(InputError, match=r"_test\.jpg"):
        list(deeppcb.find(tmp_path, ImportOptions()))


@pytest.mark.data
def test_real_set(real_data: Path) -> None:
    found = [each for each in deeppcb.find(real_data / "deeppcb", ImportOptions()) if isinstance(each, Found)]
    assert len(found) == 428 and len({each.group for each in found}) == 11
    scans = [each for each in found if each.good is not None][::40]
    assert all(one.mask is not None and one.mask.any() for scan in scans for one in scan.read((640, 640)).instances)
