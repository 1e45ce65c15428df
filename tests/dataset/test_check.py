"""A sound set has no problem; each way to spoil one is found, where it lies and as what it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.check import check_set
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.hash_index import HASHES, read_hashes, write_hashes
from defectgen.dataset.instance import Instance
from defectgen.errors import InputError
from tests.dataset.small_set import Filling, block, lines, mixed, sha256

GENERATED = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All kinds of records; number 6 is a generated sample."""
    with Filling(tmp_path / "set") as small:
        for source in ("a", "bb"):
            small.add(source, split="train")
        small.add("ccc", [block("pit", 5, 6, 15, 20)], split="train")
        small.add("dddd", [block("pit", 20, 20, 30, 40), block("crack", 2, 2, 40, 24)], split="test")
        small.add("eeeee", [Instance("crack", (1, 2, 11, 12))], masked=False)
        small.add("ffffff", defect="dent")
        small.make("good one", (10, 10, 20, 22))
    return tmp_path / "set"


def found(folder: Path) -> list[tuple[str, str]]:
    return [(one.where, one.kind) for one in check_set(DefectSet(folder))]


def change(folder: Path, number: int, **fields: Any) -> None:
    """Rewrite fields of one line of the table."""
    table = [json.loads(line) for line in lines(folder)]
    table[number].update(fields)
    (folder / "metadata.jsonl").write_text("".join(json.dumps(one) + "\n" for one in table))


def repaint(path: Path, paint: Callable[[np.ndarray], np.ndarray | None]) -> None:
    with Image.open(path) as image:
        pixels = np.array(image)
    out = paint(pixels)
    Image.fromarray(pixels if out is None else out).save(path)


def test_a_sound_set_has_no_problem(folder: Path, tmp_path: Path) -> None:
    assert found(folder) == [] == found(mixed(tmp_path / "mixed"))


@pytest.mark.parametrize(
    ("number", "fields", "kind"),
    [
        (0, {"split": "holdout"}, "split"),
        (0, {"source_sha256": "abc"}, "record"),
        (0, {"licence": " "}, "record"),
        (0, {"boxes": [[1, 1, 4, 4]]}, "label"),
        (2, {"boxes": [[5, 6, 16, 20]]}, "box"),
        (2, {"boxes": [[5, 6, 15, 99]]}, "box"),
        (2, {"boxes": [[5, 6, 15, 19]]}, "box"),
        (2, {"boxes": [], "labels": []}, "box"),
        (2, {"labels": ["pit", "pit"]}, "label"),
        (2, {"defect": "crack"}, "label"),
        (3, {"boxes": [[20, 20, 30, 40], [2, 2, 41, 24]]}, "box"),
        (3, {"boxes": [[20, 20, 30, 40]], "labels": ["pit"]}, "box"),
        (GENERATED, {"in_mask_delta": 12.0}, "measure"),
        (GENERATED, {"changed_iou": 0.5}, "measure"),
        (GENERATED, {"outside_changed_px": 3}, "measure"),
    ],
)
def test_a_false_record_is_found(folder: Path, number: int, fields: dict[str, Any], kind: str) -> None:
    change(folder, number, **fields)
    assert found(folder) == [(f"images/{number:06d}.png", kind)]


def test_damaged_files_are_found(folder: Path) -> None:
    (folder / "images/000000.png").unlink()
    data = (folder / "images/000001.png").read_bytes()
    (folder / "images/000001.png").write_bytes(data[: len(data) // 2])
    assert found(folder) == [("images/000000.png", "missing"), ("images/000001.png", "unreadable")]


def test_a_mask_of_another_size_is_found(folder: Path) -> None:
    repaint(folder / "masks/000002.png", lambda pixels: pixels[:40])
    assert found(folder) == [("masks/000002.png", "size")]


@pytest.mark.parametrize("value", [0, 7])
def test_an_empty_or_grey_mask_is_found(folder: Path, value: int) -> None:
    repaint(folder / "masks/000002.png", lambda pixels: np.minimum(pixels, np.uint8(value)))
    assert found(folder) == [("masks/000002.png", "mask")]


def test_an_instance_map_that_disagrees_is_found(folder: Path) -> None:
    def paint(pixels: np.ndarray) -> None:
        pixels[45, 45] = 1

    repaint(folder / "instances/000003.png", paint)
    assert {kind for _, kind in found(folder)} == {"instances", "box"}


def test_a_change_beyond_the_band_is_found(folder: Path) -> None:
    def paint(pixels: np.ndarray) -> None:
        pixels[40, 40] += 1

    repaint(folder / "images/000006.png", paint)
    assert found(folder) == [("images/000006.png", "band"), ("images/000006.png", "measure")]


def test_a_change_within_the_band_is_none(folder: Path) -> None:
    def paint(pixels: np.ndarray) -> None:
        pixels[23, 12] += 1

    repaint(folder / "images/000006.png", paint)
    assert found(folder) == []


def test_what_no_record_names_is_found(folder: Path) -> None:
    for name in ("images/extra.png", "masks/000099.png", "stray.png"):
        (folder / name).write_bytes(b"")
    (folder / "other").mkdir()
    (folder / "overview.png").write_bytes(b"")
    stray = ["images/extra.png", "masks/000099.png", "other/", "stray.png"]
    assert found(folder) == [(name, "stray") for name in stray]


def test_a_file_named_twice_is_found_also_by_case(folder: Path) -> None:
    for name in ("A", "a"):
        shutil.copy(folder / "images/000001.png", folder / f"images/{name}.png")
    change(folder, 0, file_name="images/A.png")
    change(folder, 1, file_name="images/a.png")
    assert [one for one in found(folder) if one[1] != "stray"] == [
        ("images/A.png", "duplicate"), ("images/a.png", "duplicate"),
    ]  # fmt: skip


def test_a_group_and_a_source_in_two_splits_are_found_once(folder: Path) -> None:
    change(folder, 0, group="tile", split="train")
    change(folder, 1, group="tile", split="train")
    change(folder, 3, group="tile", split="test")
    change(folder, 2, source_sha256=sha256("x"))
    change(folder, 5, source_sha256=sha256("x"), split="val")
    assert found(folder) == [("images/000000.png", "split"), ("images/000002.png", "split")]


def test_unsplit_and_unused_pictures_tear_no_group(folder: Path) -> None:
    for number, split in ((0, "train"), (1, "unused"), (2, "unsplit")):
        change(folder, number, group="tile", split=split)
    assert found(folder) == []


def test_a_line_that_is_no_record_is_found_and_the_others_are_checked(folder: Path) -> None:
    (folder / "images/000006.png").unlink()
    table = list(lines(folder))
    table[1] = '{"file_name": "images/000001.png"}'
    table[2] = table[2][:50]
    (folder / "metadata.jsonl").write_text("\n".join(table) + "\n")
    assert found(folder)[:3] == [
        ("metadata.jsonl:2", "record"), ("metadata.jsonl:3", "record"), ("images/000006.png", "missing"),
    ]  # fmt: skip


def test_a_name_that_leads_out_of_the_set_is_found(folder: Path) -> None:
    change(folder, 0, file_name="../set/images/000000.png/../../../x.png")
    assert ("../set/images/000000.png/../../../x.png", "record") in found(folder)


def test_hashes_hold_until_a_picture_changes(folder: Path) -> None:
    assert write_hashes(DefectSet(folder)) == 7 + 3 + 1 + 1
    assert found(folder) == []
    change(folder, 0, text="another caption", split="val")
    assert found(folder) == []

    def paint(pixels: np.ndarray) -> None:
        pixels[0, 0] ^= 1

    repaint(folder / "images/000000.png", paint)
    assert found(folder) == [("images/000000.png", "hash")]


def test_hashes_tell_of_a_record_taken_out(folder: Path) -> None:
    write_hashes(DefectSet(folder))
    table = list(lines(folder))
    (folder / "metadata.jsonl").write_text("\n".join(table[:-1]) + "\n")
    assert (HASHES, "hash") in found(folder)


def test_a_damaged_hash_index_is_one_line(folder: Path) -> None:
    (folder / HASHES).write_text("{]\n")
    with pytest.raises(InputError, match="line 1 is no JSON"):
        next(read_hashes(folder) or iter(()))
