"""The contact sheet: every type has a row, outlines lie around the defect, dark pictures are brightened."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.overview import CELL, COLOURS, MOST_ROWS, draw_overview
from defectgen.dataset.summary import summarise
from defectgen.record import Record
from tests.dataset.small_set import SIDE, Filling, block, mixed, sha256


def sheets(folder: Path) -> list[np.ndarray]:
    owner = DefectSet(folder)
    return list(draw_overview(owner, summarise(owner)))


def test_the_sheet_grows_with_the_types(tmp_path: Path) -> None:
    with Filling(tmp_path / "one") as small:
        small.add("a", [block("pit", 3, 3, 9, 9)])
    (one,), (four,) = sheets(tmp_path / "one"), sheets(mixed(tmp_path / "four"))
    assert one.dtype == np.uint8 and one.shape[2] == 3
    assert four.shape[0] > one.shape[0] + 2 * CELL


def test_many_types_take_several_sheets(tmp_path: Path) -> None:
    with Filling(tmp_path / "set") as small:
        for k in range(MOST_ROWS + 1):
            small.add("a" * (k + 1), [block(f"type {k}", 3, 3, 9, 9)])
    assert len(sheets(tmp_path / "set")) == 2


def test_outlines_have_the_colour_of_their_type(tmp_path: Path) -> None:
    (sheet,) = sheets(mixed(tmp_path / "set"))
    for colour in COLOURS[:2]:
        assert (sheet == colour).all(axis=2).sum() > 50


def test_a_12_bit_picture_in_a_16_bit_file_can_be_seen(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(1500, 4000, (SIDE, SIDE), np.uint16)
    with Filling(tmp_path / "set") as small:
        small.writer.put_pixels("images/000000.png", deep)
        small.put(
            Record(
                file_name="images/000000.png", mask_file_name=None, good_file_name=None, text="", defect="good",
                material=None, boxes=(), split="unsplit", group="a", source="a", source_sha256=sha256("a"),
                licence="user",
            )
        )  # fmt: skip
    (sheet,) = sheets(tmp_path / "set")
    thumbnail = sheet[100 : 100 + CELL // 2, 30 : 30 + CELL // 2]
    assert 80 < thumbnail.mean() < 230


def test_a_very_long_picture_is_drawn(tmp_path: Path) -> None:
    with Filling(tmp_path / "set") as small:
        small.writer.put_pixels("images/000000.png", np.full((8, 900), 120, np.uint8))
        small.put(
            Record(
                file_name="images/000000.png", mask_file_name=None, good_file_name=None, text="", defect="pit",
                material=None, boxes=((880, 1, 900, 8),), labels=("pit",), split="unsplit", group="a", source="a",
                source_sha256=sha256("a"), licence="user",
            )
        )  # fmt: skip
    assert len(sheets(tmp_path / "set")) == 1
