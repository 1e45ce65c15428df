"""Sanity arms: sets whose worth is known beforehand, so that a trial can be tried.

    duplicate    copies of the shots, which add nothing
    blank-mask   copy-paste samples whose mask lies where nothing is, which harms
    shuffled     copy-paste samples under another type's name and another picture's mask, which harms
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.arm.picture_run import boxes_of
from defectgen.arm.shots_set import link
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.folder import stem
from defectgen.record import Record

__all__ = ["duplicate", "mislabel", "moved_away", "of_another"]

Mask = NDArray[np.bool_]
MOVES = 24


def duplicate(shots: DefectSet, records: Mapping[str, Sequence[Record]], n: int, out: Path) -> DefectSet:
    """n copies of each type's shots, one after the other."""
    with whole_folder(out) as part:
        writer, number = SetWriter(part), 0
        for place in range(n):
            for own in records.values():
                writer.put_record(_copied(shots, own[place % len(own)], part, number))
                number += 1
        writer.finish({"kind": "arm", "arm": "duplicate", "samples": {defect: n for defect in records}})
    return DefectSet(out)


def _copied(owner: DefectSet, record: Record, part: Path, number: int) -> Record:
    """The record under a new number, its files linked."""
    folders = {"file_name": "images", "mask_file_name": "masks", "good_file_name": "good",
               "instances_file_name": "instances"}  # fmt: skip
    names: dict[str, str] = {}
    for field, folder in folders.items():
        old = getattr(record, field)
        if old is not None:
            names[field] = f"{folder}/{stem(number)}{Path(old).suffix}"
            link(owner.file(old), part / names[field])
    return record.model_copy(update={**names, "split": "train"})


def mislabel(good: DefectSet, arm: str, seed: int, out: Path) -> DefectSet:
    """The samples of a set with wrong labels. arm: "blank-mask" or "shuffled"."""
    records = list(good.records())
    kinds = sorted({record.defect for record in records})
    with whole_folder(out) as part:
        writer = SetWriter(part)
        for number, record in enumerate(records):
            rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
            own = _mask(good, record)
            other = records[(number + 1 + int(rng.integers(max(len(records) - 1, 1)))) % len(records)]
            blank = arm == "blank-mask"
            mask = moved_away(own, rng) if blank else of_another(_mask(good, other), own.shape, rng)
            defect = record.defect if blank else kinds[(kinds.index(record.defect) + 1) % len(kinds)]
            _put(writer, good, record, mask, defect)
        counts = {kind: sum(one.defect == kind for one in records) for kind in kinds}
        writer.finish({"kind": "arm", "arm": arm, "samples": counts})
    return DefectSet(out)


def _mask(owner: DefectSet, record: Record) -> Mask:
    mask = owner.mask(record)
    assert mask is not None
    return mask


def moved_away(mask: Mask, rng: np.random.Generator) -> Mask:
    """The mask shifted around the picture to where it covers least of itself."""
    best = mask
    for _ in range(MOVES):
        step = tuple(int(rng.integers(side)) for side in mask.shape)
        moved = np.roll(mask, step, axis=(0, 1))
        if (moved & mask).sum() < (best & mask).sum():
            best = moved
    return best


def of_another(mask: Mask, hw: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """Another picture's mask laid on one of (H, W), wrapped around its border, so that none of it is lost."""
    ys, xs = np.nonzero(mask)
    y, x = (int(rng.integers(side)) for side in hw)
    out = np.zeros(hw, np.bool_)
    out[(ys + y) % hw[0], (xs + x) % hw[1]] = True
    return out


def _put(writer: SetWriter, owner: DefectSet, record: Record, mask: Mask, defect: str) -> None:
    assert record.mask_file_name is not None and record.good_file_name is not None
    for name in (record.file_name, record.good_file_name):
        link(owner.file(name), writer.path / name)
    writer.put_pixels(record.mask_file_name, mask.astype(np.uint8) * np.uint8(255))
    boxes = boxes_of(mask)
    writer.put_record(record.model_copy(update={"boxes": boxes, "labels": (defect,) * len(boxes), "defect": defect}))
