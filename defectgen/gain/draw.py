"""A draw: one random choice of the few real shots, out of the training side of a split, with all its good pictures.

The choice is that of `defectgen split --shots --draw`, with the split's own seed: a set that was split with the same
options holds the same shots. Within a draw fewer shots are a part of more. Val and test are the same for all draws.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from defectgen.blocked import SPLIT_FILE
from defectgen.dataset.assign import SPLITS, straddling, take_shots
from defectgen.dataset.defect_set import DefectSet
from defectgen.errors import InputError
from defectgen.record import GOOD, Record

__all__ = ["RealSplit", "read_split"]


@dataclass(frozen=True, eq=False)
class RealSplit:
    """The sides of a real set.

    good: training pictures without a defect, at most as many as asked for; train: those with one. left_out: pictures
    of defects that are not studied. seed: of the split.
    """

    owner: DefectSet
    classes: tuple[str, ...]
    good: tuple[Record, ...]
    train: tuple[Record, ...]
    val: tuple[Record, ...]
    test: tuple[Record, ...]
    seed: int
    left_out: dict[str, int]

    def counts(self) -> dict[str, dict[str, int]]:
        """Pictures by split, then good and each class."""
        sides = {"train": (*self.good, *self.train), "val": self.val, "test": self.test}
        found = {name: Counter(record.defect for record in side) for name, side in sides.items()}
        return {name: {kind: count[kind] for kind in (GOOD, *self.classes)} for name, count in found.items()}

    def shots(self, shots: int | None, draw: int) -> tuple[Record, ...]:
        """The real shots of a draw, class by class in the set's order; None takes all."""
        if shots is None:
            return self.train
        groups, defects = [one.group for one in self.train], [one.defect for one in self.train]
        kept = take_shots(groups, defects, ["train"] * len(self.train), shots, self.seed, draw)
        return tuple(one for one, split in zip(self.train, kept, strict=True) if split == "train")

    def check_shots(self, shots: int | None, draws: int) -> tuple[str, ...]:
        """Notes on classes that every draw takes whole. InputError where there are too few, or all draws are one."""
        have = Counter(record.defect for record in self.train)
        short = next((name for name in sorted(have) if have[name] < (shots or 1)), None)
        if short is not None:
            raise InputError(
                f"{self.owner.path} has {have[short]} training pictures of {short}, --shots asks for {shots}; "
                "lower --shots, choose others with --defects, or split it again without --shots"
            )
        whole = [name for name in sorted(have) if shots is None or have[name] == shots]
        if draws > 1 and len(whole) == len(have):
            raise InputError(
                f"--draws {draws}: every draw would be the same {len(self.train)} pictures, all that {self.owner.path} "
                "has to train on; lower --shots, use --draws 1, or split it again without --shots"
            )
        return tuple(f"every draw takes all {have[name]} training pictures of {name}" for name in whole if draws > 1)


def read_split(folder: Path, defects: Sequence[str] = (), most_good: int = 1000) -> RealSplit:
    """The sides of a split set. InputError where a side, its good pictures or one of its classes is missing."""
    owner = DefectSet(folder)
    records = list(owner.records())
    _check_sides(folder, records)
    classes = _classes(folder, records, defects)
    kept = [one for one in records if {one.defect, *one.labels} - {GOOD} <= set(classes)]
    gone = Counter(one.defect for one in records if one.split in SPLITS) - Counter(
        one.defect for one in kept if one.split in SPLITS
    )
    side = {name: [one for one in kept if one.split == name] for name in SPLITS}
    for name in SPLITS:
        _check_side(folder, name, side, classes)
    train = side["train"]
    good = [one for one in train if one.defect == GOOD]
    return RealSplit(
        owner, classes, _thinned(good, most_good), tuple(one for one in train if one.defect != GOOD),
        tuple(side["val"]), tuple(side["test"]), _seed_of(folder), dict(sorted(gone.items())),
    )  # fmt: skip


def _check_sides(folder: Path, records: Sequence[Record]) -> None:
    have = Counter(record.split for record in records)
    for name in SPLITS:
        if not have[name]:
            said = ", ".join(f"{count} {split}" for split, count in sorted(have.items())) or "no pictures"
            raise InputError(f"{folder} has no {name} split ({said}); run defectgen split {folder} first")
    used = [record for record in records if record.split in SPLITS]
    torn = straddling([record.group for record in used], [record.split for record in used])
    if torn:
        name, sides = next(iter(sorted(torn.items())))
        raise InputError(
            f"{folder}: group {name!r} lies in {' and '.join(sorted(sides))}, so training would see what is tested; "
            f"run defectgen split {folder}"
        )


def _classes(folder: Path, records: Sequence[Record], defects: Sequence[str]) -> tuple[str, ...]:
    there = sorted({name for one in records if one.split in SPLITS for name in (one.defect, *one.labels)} - {GOOD})
    if not there:
        raise InputError(f"{folder} shows good pictures alone; expected defects to train and to test on")
    unknown = [name for name in defects if name not in there]
    if unknown:
        raise InputError(f"--defects: {folder} has no {unknown[0]!r}; it has {', '.join(there)}")
    return tuple(name for name in there if not defects or name in defects)


def _check_side(folder: Path, name: str, side: dict[str, list[Record]], classes: Sequence[str]) -> None:
    for kind in (GOOD, *classes):
        count = {split: sum(kind in (one.defect, *one.labels) for one in side[split]) for split in SPLITS}
        if not count[name]:
            counts = ", ".join(f"{split} {n}" for split, n in count.items())
            remedy = "leave it out with --defects, or split" if kind != GOOD else "split"
            raise InputError(
                f"{folder}: no {name} picture is {'good' if kind == GOOD else kind} ({counts}); "
                f"{remedy} again with other --ratios or another --seed"
            )


def _thinned(records: Sequence[Record], most: int) -> tuple[Record, ...]:
    """At most so many, evenly out of the whole."""
    if len(records) <= most:
        return tuple(records)
    return tuple(records[i] for i in np.linspace(0, len(records) - 1, most).round().astype(int))


def _seed_of(folder: Path) -> int:
    """The seed that the set was split with; 0 where its split came from elsewhere."""
    try:
        return int(json.loads((folder / SPLIT_FILE).read_text("utf-8"))["options"]["seed"])
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{folder / SPLIT_FILE} is no split manifest of this project; run defectgen split") from None
