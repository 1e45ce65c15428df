"""A tiny set to draw shots from: grainy plates, some with dark bars or blobs, one of them kept for testing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from defectgen.arm.shots_set import shots_set
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.record import GOOD, Record

SIDE = 96
TYPES = ("crack", "pit")


def write_owner(folder: Path, goods: int = 4, shots: int = 3) -> DefectSet:
    """Training pictures of each type, good ones, and one more of each type in the test split."""
    with whole_folder(folder) as part:
        writer, number = SetWriter(part), 0
        for defect, count in ((GOOD, goods), *((one, shots + 1) for one in TYPES)):
            for turn in range(count):
                split = "test" if defect != GOOD and turn == shots else "train"
                _put(writer, number, defect, split)
                number += 1
        writer.finish({"kind": "import"})
    return DefectSet(folder)


def _put(writer: SetWriter, number: int, defect: str, split: str) -> None:
    rng, name = np.random.default_rng(number), f"{number:06d}.png"
    pixels = rng.normal(130, 3, (SIDE, SIDE + 8 * (number % 3), 1))
    mask = np.zeros(pixels.shape[:2], np.uint8)
    y, x = (int(v) for v in rng.integers(20, 50, 2))
    height, width = {"crack": (26, 4), "pit": (9, 9), GOOD: (0, 0)}[defect]
    mask[y : y + height, x : x + width] = 255
    pixels[mask > 0] -= 60
    writer.put_pixels(f"images/{name}", np.clip(pixels, 0, 255).astype(np.uint8))
    if defect != GOOD:
        writer.put_pixels(f"masks/{name}", mask)
    writer.put_record(Record(
        file_name=f"images/{name}", mask_file_name=None if defect == GOOD else f"masks/{name}", good_file_name=None,
        text=defect, defect=defect, material=None, boxes=() if defect == GOOD else ((x, y, x + width, y + height),),
        split=split, group=f"g{number}", source=f"{defect}/{name}", source_sha256=f"{number:064x}", licence="user",
    ))  # fmt: skip


def training(owner: DefectSet) -> list[Record]:
    return [record for record in owner.records() if record.split == "train"]


def write_shots(folder: Path) -> DefectSet:
    """The shots set of the tiny set."""
    owner = write_owner(folder / "owner")
    return shots_set(owner, training(owner), folder / "shots")
