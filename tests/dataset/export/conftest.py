"""A small defect set with everything that can go wrong on the way out, and the masks that labels tend to lose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from defectgen.dataset.instance import Instance, instance_map, union
from defectgen.dataset.writer import SetWriter
from defectgen.record import Record

HW = (40, 56)
MakeSet = Callable[..., Path]


def shapes() -> dict[str, np.ndarray]:
    """(H, W) bool masks: a ring, a closed one-pixel crack, a diagonal one, a speck, a porous patch, a full frame."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[: HW[0], : HW[1]]
    far = np.hypot(x - 28, y - 20)
    crack = np.zeros(HW, bool)
    crack[10, 8:40] = crack[30, 8:40] = crack[10:31, 8] = crack[10:31, 39] = True
    porous = (far < 15) & (rng.random(HW) < 0.7)
    frame = np.ones(HW, bool)
    frame[1:-1, 1:-1] = False
    return {
        "ring": (far > 8) & (far < 14), "closed crack": crack, "diagonal": (x == y + 3), "speck": (x == 5) & (y == 39),
        "porous": porous, "frame": frame, "disc": far < 9,
    }  # fmt: skip


class Maker:
    """Writes one set, picture by picture."""

    def __init__(self, folder: Path, hw: tuple[int, int] = HW) -> None:
        folder.mkdir(parents=True)
        self.folder, self.hw = folder, hw
        self.writer = SetWriter(folder)
        self.rng = np.random.default_rng(0)

    def add(
        self, stem: str, instances: Sequence[Instance] = (), split: str = "train", defect: str | None = None,
        pixels: np.ndarray | None = None, **fields: Any,
    ) -> Record:  # fmt: skip
        self.writer.put_pixels(f"images/{stem}.png", self.picture() if pixels is None else pixels)
        masked = any(one.mask is not None for one in instances)
        if masked:
            self.writer.put_pixels(f"masks/{stem}.png", union(instances, self.hw).astype(np.uint8) * 255)
            self.writer.put_pixels(f"instances/{stem}.png", instance_map(instances, self.hw))
        kind = defect or (instances[0].defect if instances else "good")
        record = Record(
            file_name=f"images/{stem}.png",
            mask_file_name=f"masks/{stem}.png" if masked else None,
            good_file_name=None,
            instances_file_name=f"instances/{stem}.png" if masked else None,
            text="a part" if kind == "good" else f"{kind} on a part", defect=kind, material=None,
            boxes=tuple(one.box for one in instances), labels=tuple(one.defect for one in instances), split=split,
            group=stem, source=f"{stem}.bmp", source_sha256="0" * 64, licence="MIT",
        ).model_copy(update=fields)  # fmt: skip
        self.writer.put_record(record)
        return record

    def picture(self) -> np.ndarray:
        return self.rng.integers(0, 255, (*self.hw, 3), np.uint8)

    def finish(self) -> Path:
        self.writer.finish({"layout": "test"})
        return self.folder


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    """An empty set called `set of parts` to fill."""
    return Maker(tmp_path / "set of parts")


@pytest.fixture
def masked_set(maker: Maker) -> Path:
    """Good and defective pictures in three splits; names with blanks and beyond ASCII; all with masks."""
    for k, (name, mask) in enumerate(shapes().items()):
        maker.add(f"{k:06d}", [Instance.of_mask(name, mask)], split=("train", "val", "test")[k % 3])
    for k, split in enumerate(("train", "val", "test", "train")):
        maker.add(f"good é {k}", split=split)
    two = [Instance.of_mask("ring", shapes()["ring"]), Instance.of_mask("speck", shapes()["speck"])]
    maker.add("zwei-Fehler_漢", two, split="test")
    return maker.finish()


@pytest.fixture
def mixed_set(maker: Maker) -> Path:
    """One picture each: masked, boxed, of a class alone, good; unsplit."""
    maker.add("masked", [Instance.of_mask("crack", shapes()["diagonal"])], split="unsplit")
    maker.add("boxed", [Instance("dent", (3, 4, 20, 30)), Instance("crack", (0, 0, 56, 40))], split="unsplit")
    maker.add("classed", split="unsplit", defect="rust")
    maker.add("good", split="unsplit")
    return maker.finish()
