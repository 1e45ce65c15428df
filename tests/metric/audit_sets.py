"""Small sets to audit: grainy grey parts with dark blocks on them, in two defect types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.record import Record
from tests.dataset.small_set import sha256

SIDE = 96


def part(rng: np.random.Generator) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8, grainy."""
    grey = np.linspace(110, 150, SIDE)[:, None] + rng.normal(0, 4, (SIDE, SIDE))
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def write_set(
    folder: Path, n: int, seed: int, *, types: tuple[str, ...] = ("pit", "crack"), split: str = "unsplit",
    test: int = 0, good: int = 0, twins: bool = False, depth: int = 50, shifted: int = 0,
) -> Path:  # fmt: skip
    """n defective pictures and `good` good ones; the last `test` are test pictures. twins: with their good pictures.

    depth: grey levels of the defects. shifted: pixels by which the masks are off.
    """
    rng = np.random.default_rng(seed)
    with whole_folder(folder) as inside:
        writer = SetWriter(inside)
        for k in range(n + good):
            put_one(writer, k, rng, None if k >= n else types[k % len(types)], twins, depth, shifted,
                    "test" if n - test <= k < n else split)  # fmt: skip
        writer.finish({"kind": "test"})
    return folder


def put_one(
    writer: SetWriter, k: int, rng: np.random.Generator, defect: str | None, twins: bool, depth: int, shifted: int,
    split: str,
) -> None:  # fmt: skip
    stem, before = f"{k:06d}", part(rng)
    x, y = (int(value) for value in rng.integers(20, 60, 2))
    width, height = (4, 24) if defect == "crack" else (12, 10)
    image, mask = before.copy(), np.zeros((SIDE, SIDE), np.uint8)
    fields: dict[str, Any] = {"mask_file_name": None, "good_file_name": None, "boxes": ()}
    if defect is not None:
        image[y : y + height, x : x + width] = np.clip(image[y : y + height, x : x + width] - float(depth), 0, 255)
        mask[y : y + height, x + shifted : x + shifted + width] = 255
        writer.put_pixels(f"masks/{stem}.png", mask)
        fields["mask_file_name"] = f"masks/{stem}.png"
        fields["boxes"] = ((x + shifted, y, x + shifted + width, y + height),)
        if twins:
            writer.put_pixels(f"good/{stem}.png", before)
            fields["good_file_name"] = f"good/{stem}.png"
    writer.put_pixels(f"images/{stem}.png", image)
    source = f"{writer.path.name}-{stem}"
    writer.put_record(Record(
        file_name=f"images/{stem}.png", text=defect or "a good part", defect=defect or "good", material=None,
        labels=(defect,) * len(fields["boxes"]) if defect else (), split=split, group=source, source=source,
        source_sha256=sha256(source), licence="user", **fields,
    ))  # fmt: skip
