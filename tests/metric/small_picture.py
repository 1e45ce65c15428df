"""Tiny pictures, folders and sets for the tests of features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.image import write_picture
from defectgen.record import GOOD, Boxes, Record

U8 = NDArray[np.uint8]


def picture(seed: int, height: int = 48, width: int = 64) -> U8:
    """(H, W, 3) uint8: smooth colour with grain."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, width)[None, :, None] * rng.uniform(40, 120, 3) + rng.uniform(20, 100, 3)
    return np.clip(ramp + rng.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)


def write_folder(folder: Path, seeds: range, height: int = 48, width: int = 64) -> Path:
    folder.mkdir(parents=True)
    for seed in seeds:
        write_picture(folder / f"{seed:03d}.png", picture(seed, height, width))
    return folder


def write_set(folder: Path, defects: dict[str, tuple[str, Boxes]], *, masked: bool = True) -> Path:
    """A defect set of 48 x 64 px: by name, the defect and its boxes; the mask is all of its boxes."""
    with whole_folder(folder) as part:
        writer = SetWriter(part)
        for number, (name, (defect, boxes)) in enumerate(defects.items()):
            has_mask = masked and defect != GOOD
            writer.put_pixels(f"images/{name}.png", picture(number))
            if has_mask:
                mask = np.zeros((48, 64), np.uint8)
                for x0, y0, x1, y1 in boxes:
                    mask[y0:y1, x0:x1] = 255
                writer.put_pixels(f"masks/{name}.png", mask)
            writer.put_record(
                Record(
                    file_name=f"images/{name}.png", mask_file_name=f"masks/{name}.png" if has_mask else None,
                    good_file_name=None, text=name, defect=defect, material=None, boxes=boxes, split="unsplit",
                    group=f"group of {name}", source=name, source_sha256="0" * 64, licence="user",
                )
            )  # fmt: skip
        writer.finish({"kind": "import"})
    return folder
