"""Small defect sets: good pictures, pictures with a mask, boxes alone, and a generated sample."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from defectgen.band import grow
from defectgen.dataset.instance import Box, Instance, instance_map, union
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.image import grey_levels, to_rgb
from defectgen.label_audit import iou, visible_level
from defectgen.noise import noise_sigma
from defectgen.record import Record
from defectgen.sample import Sample

SIDE = 48


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def picture(seed: int, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(seed).integers(90, 120, (side, side, 3), np.uint8)


def block(defect: str, x0: int, y0: int, x1: int, y1: int) -> Instance:
    return Instance(defect, (x0, y0, x1, y1), np.ones((y1 - y0, x1 - x0), np.bool_))


class SmallSet:
    """Fills a set; each `add` is one picture."""

    def __init__(self, writer: SetWriter) -> None:
        self.writer, self.count = writer, 0

    def add(
        self, source: str, instances: Sequence[Instance] = (), *, defect: str | None = None, masked: bool = True,
        split: str = "unsplit", group: str | None = None, licence: str = "user",
    ) -> None:  # fmt: skip
        """A picture of `source` with these defects; without masks only their boxes are told."""
        stem, masked = f"{self.count:06d}", masked and bool(instances)
        self.writer.put_pixels(f"images/{stem}.png", picture(len(source)))
        if masked:
            self.writer.put_pixels(f"masks/{stem}.png", union(instances, (SIDE, SIDE)).astype(np.uint8) * np.uint8(255))
        mapped = masked and len(instances) > 1
        if mapped:
            self.writer.put_pixels(f"instances/{stem}.png", instance_map(instances, (SIDE, SIDE)))
        self.put(
            Record(
                file_name=f"images/{stem}.png", mask_file_name=f"masks/{stem}.png" if masked else None,
                good_file_name=None, instances_file_name=f"instances/{stem}.png" if mapped else None, text=source,
                defect=defect or (instances[0].defect if instances else "good"), material=None,
                boxes=tuple(one.box for one in instances), labels=tuple(one.defect for one in instances), split=split,
                group=group or source, source=source, source_sha256=sha256(source), licence=licence,
            )
        )  # fmt: skip

    def make(self, source: str, box: Box, index: int = 0, **other: Any) -> None:
        """A generated sample on the good picture `source`: a bright block."""
        stem, good = f"{self.count:06d}", picture(len(source))
        mask = union([block("pit", *box)], (SIDE, SIDE))
        image = good.copy()
        image[mask] += 60
        for name, pixels in (("images", image), ("good", good), ("masks", mask.astype(np.uint8) * np.uint8(255))):
            self.writer.put_pixels(f"{name}/{stem}.png", pixels)
        change = grey_levels(good, image)
        visible = change > visible_level(noise_sigma(to_rgb(good)))
        assert not (image != good).any(axis=2)[~grow(mask, 2)].any()
        fields: dict[str, Any] = {
            "file_name": f"images/{stem}.png", "mask_file_name": f"masks/{stem}.png",
            "good_file_name": f"good/{stem}.png", "text": "a pit", "defect": "pit", "material": None,
            "boxes": (box,), "labels": ("pit",), "split": "train", "group": source, "source": source,
            "source_sha256": sha256(source), "licence": "user", "severity": (0.5,), "prompt": "pit", "seed": 0,
            "index": index, "attempts": 1, "engine": "render", "weights_sha256": None, "steps": None,
            "guidance": None, "band_px": 2, "prescribed_iou": 1.0, "changed_iou": round(iou(mask, visible), 4),
            "in_mask_delta": round(float(change[mask].mean()), 3), "outside_changed_px": 0,
        }  # fmt: skip
        self.put(Sample(**{**fields, **other}))

    def put(self, record: Record) -> None:
        self.writer.put_record(record)
        self.count += 1


class Filling:
    """`with Filling(folder) as small:` writes the set at the end."""

    def __init__(self, folder: Path, **manifest: Any) -> None:
        self._whole, self._manifest = whole_folder(folder), manifest

    def __enter__(self) -> SmallSet:
        self._small = SmallSet(SetWriter(self._whole.__enter__()))
        return self._small

    def __exit__(self, *error: Any) -> None:
        self._small.writer.finish({"kind": "test", **self._manifest})
        self._whole.__exit__(*error)


def mixed(folder: Path) -> Path:
    """Two good pictures, a pit, a picture with a pit and a crack, boxes alone, a class alone."""
    with Filling(folder) as small:
        small.add("a.png", split="train")
        small.add("bb.png", split="test", licence="MIT")
        small.add("ccc.png", [block("pit", 5, 6, 15, 20)], split="train")
        small.add("dddd.png", [block("pit", 20, 20, 30, 40), block("crack", 2, 2, 40, 4)], split="test")
        small.add("eeeee.png", [Instance("crack", (1, 2, 11, 12))], masked=False)
        small.add("ffffff.png", defect="dent", group="a.png", split="train")
    return folder


def lines(folder: Path) -> Iterator[str]:
    yield from (folder / "metadata.jsonl").read_text("utf-8").splitlines()
