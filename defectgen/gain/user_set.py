"""A user's synthetic set as an arm: its defective pictures under the real set's names, cut to a ratio.

Names are the same where only case, spaces, dots, hyphens and underscores differ. The cut is drawn for each draw and
seed, class by class; a smaller ratio is a part of a larger one.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from defectgen.dataset.defect_set import DefectSet
from defectgen.downstream.pool import Pool, read_pool
from defectgen.errors import InputError
from defectgen.gain.draw import RealSplit
from defectgen.gain.leak import clean_records
from defectgen.gain.options import GainOptions, NamedSet
from defectgen.record import GOOD, Record

__all__ = ["UserSet", "cut", "read_user_set"]


@dataclass(frozen=True, eq=False)
class UserSet:
    """pool: its defective pictures. notes: what was left out."""

    named: NamedSet
    pool: Pool
    notes: tuple[str, ...]


def read_user_set(named: NamedSet, split: RealSplit, options: GainOptions) -> UserSet:
    """InputError where the set leaks, shows other defects, or has too few pictures for the largest ratio."""
    owner = DefectSet(named.path)
    records = list(clean_records(owner, split, options.blocked))
    notes = []
    good = sum(record.defect == GOOD for record in records)
    if good:
        notes.append(f"{named.name}: {good} good pictures are left out; all arms see the same real ones")
    spelled = [_spelled(owner, record, split.classes) for record in records if record.defect != GOOD]
    have = Counter(record.defect for record in spelled)
    _check_counts(named, have, wanted(split, options))
    missing = [name for name in split.classes if not have[name]]
    if missing:
        notes.append(f"{named.name} has no {' and no '.join(missing)}; it adds to the other types alone")
    _check_masks(named, spelled, split)
    return UserSet(named, read_pool(owner, spelled, split.classes, options.side), tuple(notes))


def wanted(split: RealSplit, options: GainOptions) -> dict[str, int]:
    """Synthetic pictures of each class that the largest ratio takes."""
    have = Counter(record.defect for record in split.train)
    shots = {name: min(options.shots or count, count) for name, count in have.items()}
    return {name: of_ratio(count, max(options.ratios)) for name, count in shots.items()}


def of_ratio(shots: int, ratio: float) -> int:
    """Synthetic pictures for so many real shots, one at least."""
    return max(round(ratio * shots), 1)


def cut(pool: Pool, counts: Mapping[str, int], draw: int, seed: int) -> Pool:
    """So many pictures of each class as `counts` says, or all where there are fewer; drawn anew each draw and seed."""
    chosen: list[int] = []
    for k, name in enumerate(pool.classes, 1):
        mine = np.flatnonzero(pool.labels == k)
        order = np.random.default_rng([draw, seed, zlib.crc32(name.encode())]).permutation(mine)
        chosen += order[: counts.get(name, 0)].tolist()
    return pool.take(sorted(chosen))


def _spelled(owner: DefectSet, record: Record, classes: Sequence[str]) -> Record:
    """The record with the real set's names of its defects."""
    names = {_key(name): name for name in classes}
    for name in (record.defect, *record.labels):
        if _key(name) not in names:
            raise InputError(
                f"{owner.path} shows {name!r} ({record.file_name}); the real set knows {', '.join(classes)}: "
                "rename its defects, or leave these pictures out"
            )
    labels = tuple(names[_key(name)] for name in record.labels)
    return record.model_copy(update={"defect": names[_key(record.defect)], "labels": labels})


def _key(name: str) -> str:
    return "".join(character for character in name.casefold() if character not in " .-_")


def _check_counts(named: NamedSet, have: Mapping[str, int], need: Mapping[str, int]) -> None:
    if not have:
        raise InputError(f"{named.path} has no defective pictures; expected a synthetic set")
    for name, count in need.items():
        if 0 < have.get(name, 0) < count:
            raise InputError(
                f"{named.path} has {have[name]} pictures of {name}, the largest ratio takes {count}; "
                "make more, or lower --ratios or --shots"
            )


def _check_masks(named: NamedSet, records: Sequence[Record], split: RealSplit) -> None:
    """Real pictures with masks need synthetic ones with masks."""
    if all(one.mask_file_name is not None for one in split.train):
        bare = next((one for one in records if one.mask_file_name is None), None)
        if bare is not None:
            raise InputError(
                f"{named.path}: {bare.file_name} has no mask, while all pictures of {split.owner.path} do; "
                "leave the pictures without masks out"
            )
