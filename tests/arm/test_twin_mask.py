"""Masks of shots with boxes and a twin: where both differ, inside the boxes, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.arm.make import make_arm
from defectgen.arm.twin_mask import with_twin_masks
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.record import Record

SIDE = 80


@pytest.fixture
def boards(tmp_path: Path) -> DefectSet:
    """A good board and a scan of it with a spot in its box, one beside it, and an edge that is a pixel off."""
    board = np.full((SIDE, SIDE, 1), 200, np.uint8)
    board[:, 30:] = 40
    scan = board.copy()
    scan[:, 30] = 200
    scan[20:28, 50:60] = 200
    scan[60:66, 5:11] = 40
    with whole_folder(tmp_path / "boards") as part:
        writer = SetWriter(part)
        for name, pixels in (("images/0.png", scan), ("good/0.png", board), ("images/1.png", board)):
            writer.put_pixels(name, pixels)
        common = {"mask_file_name": None, "text": "short", "material": None, "split": "train", "licence": "user",
                  "source_sha256": "0" * 64}  # fmt: skip
        writer.put_record(Record(file_name="images/0.png", good_file_name="good/0.png", defect="pit",
                                 boxes=((25, 16, 65, 32),), group="a", source="0.png", **common))  # fmt: skip
        writer.put_record(Record(file_name="images/1.png", good_file_name=None, defect="good", boxes=(), group="b",
                                 source="1.png", **common))  # fmt: skip
        writer.finish({"kind": "import"})
    return DefectSet(tmp_path / "boards")


def test_the_mask_is_what_differs_inside_the_box(boards: DefectSet, tmp_path: Path) -> None:
    made = with_twin_masks(boards, list(boards.records()), tmp_path / "masked")
    shot = next(record for record in made.records() if record.defect == "pit")
    mask = made.mask(shot)
    expected = np.zeros((SIDE, SIDE), np.bool_)
    expected[20:28, 50:60] = True
    np.testing.assert_array_equal(mask, expected)
    assert shot.annotation == "mask"


def test_a_set_with_masks_stays_as_it_is(boards: DefectSet, tmp_path: Path) -> None:
    good = [record for record in boards.records() if record.defect == "good"]
    assert with_twin_masks(boards, good, tmp_path / "masked") is boards
    assert not (tmp_path / "masked").exists()


def test_arms_can_be_made_of_boxes_and_twins(boards: DefectSet, tmp_path: Path) -> None:
    made = make_arm("copy-paste", boards, 2, 0, tmp_path / "work")
    assert [int(mask.sum()) for record in made.records() if (mask := made.mask(record)) is not None] == [80, 80]
