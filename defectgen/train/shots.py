"""Shots: the few real defect pictures that a fine-tuning learns from, and those that it is judged on.

Taken from a defect set: pictures of the split "train" (or unsplit ones) that have a mask, at most K of each type where
K is given; each is held against every known test picture first. Windows to judge by come from the split "val", or,
where there is none and at least LEAST_GROUPS groups, from a fifth of the groups, none of them a type's last.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.training import training_records
from defectgen.errors import InputError
from defectgen.image import to_rgb8
from defectgen.record import Record
from defectgen.train.real import RealPicture

__all__ = ["LEAST_GROUPS", "Shot", "Shots", "read_shots"]

LEAST_GROUPS = 5
VAL_SHARE = 0.2
MOST_PICTURES, MOST_GOOD, MOST_VAL = 200, 40, 24

U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Shot:
    """One picture with its defects, and the same view without them where the set has it, (H, W, 3) uint8."""

    picture: RealPicture
    good: U8 | None
    text: str


@dataclass(frozen=True)
class Shots:
    """What is learned from and judged by. licences: of the pictures in train and good, counted."""

    train: tuple[Shot, ...]
    val: tuple[Shot, ...]
    good: tuple[RealPicture, ...]
    licences: dict[str, int]
    notices: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of what is learned from and judged by: names, captions, and the pixels of the training pictures."""
        said = [f"{shot.picture.path.name} {shot.text}" for shot in (*self.train, *self.val)]
        pixels = [hashlib.sha256(shot.picture.rgb.tobytes()).hexdigest() for shot in self.train]
        return hashlib.sha256("\n".join([*said, *pixels]).encode()).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The types that are learned, sorted."""
        return tuple(sorted({name for shot in self.train for name, _ in shot.picture.defects}))


def read_shots(
    owner: DefectSet, *, shots: int | None, seed: int, manifests: Sequence[Path] = ()
) -> Shots:
    """shots: at most so many pictures of each type. InputError where nothing can be learned from."""
    rng = np.random.default_rng([seed, 17])
    records = list(training_records(owner, manifests, unsplit=True))
    masked = [record for record in records if record.annotation == "mask"]
    if not masked:
        raise InputError(f"{owner.path} has no training picture with a mask; fine-tuning learns from masks")
    own_val = [record for record in owner.records() if record.split == "val" and record.annotation == "mask"]
    chosen = _per_type(masked, shots, rng) if shots else _some(masked, MOST_PICTURES, rng)
    held = _held_groups(chosen, rng) if not own_val else frozenset()
    val = own_val or [record for record in chosen if record.group in held]
    train = [record for record in chosen if record.group not in held]
    good = _some([record for record in records if record.annotation == "good"], MOST_GOOD, rng)
    notices = [] if val else ["too few groups of each type and no val split: nothing is kept to judge by"]
    if len(chosen) < len(masked) and not shots:
        notices.append(f"{len(chosen)} of {len(masked)} pictures are used")
    return Shots(
        tuple(_shot(owner, record) for record in train),
        tuple(_shot(owner, record) for record in _some(val, MOST_VAL, rng)),
        tuple(_picture(owner, record)[0] for record in good),
        dict(Counter(record.licence for record in (*train, *good))), tuple(notices),
    )  # fmt: skip


def _per_type(records: list[Record], most: int, rng: np.random.Generator) -> list[Record]:
    """At most so many of each type, from as many groups as there are."""
    kept: list[Record] = []
    for defect in sorted({record.defect for record in records}):
        members = [record for record in records if record.defect == defect]
        order = [members[i] for i in rng.permutation(len(members))]
        seen: Counter[str] = Counter()
        turns = []
        for record in order:
            turns.append(seen[record.group])
            seen[record.group] += 1
        kept += [order[i] for i in np.argsort(turns, kind="stable")[:most]]
    return kept


def _some(records: list[Record], most: int, rng: np.random.Generator) -> list[Record]:
    if len(records) <= most:
        return records
    return [records[i] for i in sorted(rng.permutation(len(records))[:most])]


def _held_groups(records: Sequence[Record], rng: np.random.Generator) -> frozenset[str]:
    """A fifth of the groups, where there are enough; a type never loses its last group to them."""
    groups = sorted({record.group for record in records})
    held: set[str] = set()
    if len(groups) < LEAST_GROUPS:
        return frozenset()
    for group in (groups[i] for i in rng.permutation(len(groups))):
        types = {record.defect for record in records if record.group == group}
        left = {record.defect for record in records if record.group not in held | {group}}
        if types <= left and len(held) < max(1, round(VAL_SHARE * len(groups))):
            held.add(group)
    return frozenset(held)


def _shot(owner: DefectSet, record: Record) -> Shot:
    picture, good = _picture(owner, record)
    return Shot(picture, good, record.text)


def _picture(owner: DefectSet, record: Record) -> tuple[RealPicture, U8 | None]:
    rgb, twin = to_rgb8(owner.image(record).pixels), owner.good(record)
    masks: dict[str, NDArray[np.bool_]] = {}
    for instance in owner.instances(record):
        if instance.mask is not None:
            x0, y0, x1, y1 = instance.box
            whole = masks.setdefault(instance.defect, np.zeros(rgb.shape[:2], np.bool_))
            whole[y0:y1, x0:x1] |= instance.mask
    found = tuple((_phrase(name), mask) for name, mask in masks.items() if mask.any())
    material = _phrase(record.material or "part")
    real = RealPicture(owner.path.name, record.group, owner.file(record.file_name), material, rgb, found)
    return real, None if twin is None else to_rgb8(twin.pixels)


def _phrase(name: str) -> str:
    """A name as one says it."""
    return name.replace("_", " ").replace("-", " ").strip()
