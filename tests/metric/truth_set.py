"""Small sets with good twins and masks that are as true or as false as a test wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.metric.collection import Collection, open_collection
from defectgen.record import GOOD, Boxes, Record

SIDE = 96


@dataclass(frozen=True)
class Shot:
    """One picture to write. mask, good: None where the set has none."""

    image: np.ndarray
    mask: np.ndarray | None = None
    good: np.ndarray | None = None
    defect: str = "pit"
    boxes: Boxes = ()
    group: str = ""
    split: str = "train"


def part(seed: int, side: int = SIDE, noise: float = 1.0) -> np.ndarray:
    """(side, side, 1) uint8: grey with sensor noise."""
    rng = np.random.default_rng(seed)
    return np.clip(np.rint(120 + rng.normal(0, noise, (side, side, 1))), 0, 255).astype(np.uint8)


def square(top: int = 30, left: int = 30, size: int = 20, side: int = SIDE) -> np.ndarray:
    """(side, side) bool."""
    mask = np.zeros((side, side), bool)
    mask[top : top + size, left : left + size] = True
    return mask


def darker(good: np.ndarray, where: np.ndarray, by: int = 40) -> np.ndarray:
    return np.where(where[..., None], np.maximum(good, by) - np.uint8(by), good)


def write_shots(folder: Path, shots: Sequence[Shot]) -> Collection:
    """A defect set of these pictures."""
    with whole_folder(folder) as part_folder:
        writer = SetWriter(part_folder)
        for index, shot in enumerate(shots):
            stem = f"{index:06d}"
            writer.put_pixels(f"images/{stem}.png", shot.image)
            if shot.mask is not None:
                writer.put_pixels(f"masks/{stem}.png", shot.mask.astype(np.uint8) * np.uint8(255))
            if shot.good is not None:
                writer.put_pixels(f"good/{stem}.png", shot.good)
            writer.put_record(_record(stem, shot))
        writer.finish({"kind": "import"})
    return open_collection(folder)


def _record(stem: str, shot: Shot) -> Record:
    return Record(
        file_name=f"images/{stem}.png", mask_file_name=None if shot.mask is None else f"masks/{stem}.png",
        good_file_name=None if shot.good is None else f"good/{stem}.png", text=shot.defect, defect=shot.defect,
        material=None, boxes=() if shot.defect == GOOD else shot.boxes, split=shot.split, group=shot.group or stem,
        source=f"{stem}.png", source_sha256=stem, licence="user",
    )  # fmt: skip
