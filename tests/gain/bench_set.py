"""Small split sets in which there is something to learn: noisy plates with bright scratches and dark spots."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.record import GOOD, Record

SIDE = 40
Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def plate(rng: np.random.Generator) -> np.ndarray:
    """(S, S, 3): a grey that drifts over the plate, with noise."""
    ramp = np.linspace(0, rng.uniform(-30, 30), SIDE)
    grey = rng.uniform(100, 140) + ramp[:, None] + rng.normal(0, 9, (SIDE, SIDE))
    return np.repeat(np.clip(grey, 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def scratch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Change of the grey, (S, S), and mask: a line of one to two pixels, brighter than the plate."""
    y0, x0, angle = rng.uniform(8, SIDE - 8), rng.uniform(8, SIDE - 8), rng.uniform(0, np.pi)
    ys, xs = np.mgrid[:SIDE, :SIDE]
    along = (xs - x0) * np.cos(angle) + (ys - y0) * np.sin(angle)
    away = np.abs(-(xs - x0) * np.sin(angle) + (ys - y0) * np.cos(angle))
    mask = (away < 1.0) & (np.abs(along) < rng.uniform(6, 12))
    return mask * rng.uniform(25, 45), mask


def spot(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The same of a round spot, darker than the plate."""
    y0, x0, radius = rng.uniform(6, SIDE - 6), rng.uniform(6, SIDE - 6), rng.uniform(2, 4)
    ys, xs = np.mgrid[:SIDE, :SIDE]
    mask = (xs - x0) ** 2 + (ys - y0) ** 2 < radius**2
    return mask * -rng.uniform(25, 45), mask


KINDS: dict[str, Draw] = {"scratch": scratch, "spot": spot}


def put(
    writer: SetWriter, number: int, pixels: np.ndarray, mask: np.ndarray | None, defect: str, **fields: str | None
) -> None:
    """One picture of a set."""
    stem = f"{number:06d}"
    writer.put_pixels(f"images/{stem}.png", pixels)
    if mask is not None:
        writer.put_pixels(f"masks/{stem}.png", mask.astype(np.uint8) * np.uint8(255))
    boxes: tuple[tuple[int, int, int, int], ...] = ()
    if mask is not None and mask.any():
        ys, xs = np.nonzero(mask)
        boxes = ((int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1),)
    source = fields.get("source") or f"{defect}-{number}.png"
    writer.put_record(Record(
        file_name=f"images/{stem}.png", mask_file_name=None if mask is None else f"masks/{stem}.png",
        good_file_name=None, text=defect, defect=defect, material=None, boxes=boxes, labels=(defect,) * len(boxes),
        split="unsplit", group=fields.get("group") or source, source=source,
        source_sha256=fields.get("sha256") or hashlib.sha256(pixels.tobytes()).hexdigest(), licence="user",
    ))  # fmt: skip


def real_set(folder: Path, good: int = 40, each: int = 24, seed: int = 0) -> DefectSet:
    """Good plates and plates with one defect, split in halves and quarters."""
    rng = np.random.default_rng(seed)
    with whole_folder(folder) as part:
        writer, number = SetWriter(part), 0
        for kind, count in ((GOOD, good), *((kind, each) for kind in KINDS)):
            for _ in range(count):
                put(writer, number, *_pictured(kind, rng), kind)
                number += 1
        writer.finish({"kind": "test"})
    split_set(DefectSet(folder), SplitOptions(ratios=(0.5, 0.2, 0.3), by="source"))
    return DefectSet(folder)


def _pictured(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
    pixels = plate(rng)
    if kind == GOOD:
        return pixels, None
    change, mask = KINDS[kind](rng)
    return np.clip(pixels + change[..., None], 0, 255).astype(np.uint8), mask


def synthetic_set(folder: Path, each: int = 12, seed: int = 1) -> DefectSet:
    """More plates of the same kinds, unsplit: as good as real ones."""
    rng = np.random.default_rng(seed)
    with whole_folder(folder) as part:
        writer = SetWriter(part)
        for number, kind in enumerate([*KINDS] * each):
            put(writer, number, *_pictured(kind, rng), kind)
        writer.finish({"kind": "test"})
    return DefectSet(folder)
