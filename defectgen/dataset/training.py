"""The pictures of a set that something may be trained, filtered or fitted on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from defectgen.blocked import Blocked
from defectgen.dataset.defect_set import DefectSet
from defectgen.errors import InputError
from defectgen.record import UNSPLIT, Record

__all__ = ["training_records"]

TRAIN = "train"


def training_records(
    owner: DefectSet, blocked_files: Sequence[Path] = (), *, unsplit: bool = False
) -> Iterator[Record]:
    """The records of the split "train", each after its picture was held against every known split's test pictures.

    blocked_files: manifests beside those of DEFECTGEN_BLOCKED and of the set itself. unsplit: take unsplit records,
    too, as for generated sets. InputError where there is nothing to train on, or a picture is blocked.
    """
    blocked = Blocked.load(blocked_files, [owner.path])
    allowed = (TRAIN, UNSPLIT) if unsplit else (TRAIN,)
    found = False
    for record in owner.records():
        if record.split in allowed:
            found = True
            if len(blocked):
                blocked.check(owner.image(record))
            yield record
    if not found:
        raise InputError(f"{owner.path} has no training pictures; run defectgen split {owner.path} first")
