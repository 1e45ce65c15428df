"""Leaks: synthetic pictures that carry what the study tests or chooses on.

A synthetic picture is refused where it is a test picture, a copy of one, or was made from one (by the sha256 of its
source, or by the good picture beside it), and where it was made from a picture of the validation side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from defectgen.blocked import Blocked
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.training import training_records
from defectgen.errors import InputError
from defectgen.gain.draw import RealSplit
from defectgen.record import Record

__all__ = ["clean_records"]


def clean_records(owner: DefectSet, split: RealSplit, blocked_files: Sequence[Path] = ()) -> Iterator[Record]:
    """The records of a synthetic set that may be trained on: its training side, or all where it is unsplit.

    InputError for the first that leaks, or where there is none.
    """
    manifests = [*blocked_files, *_manifest_of(split)]
    blocked = Blocked.load(manifests, [split.owner.path])
    held = _held_back(split)
    for record in training_records(owner, manifests, unsplit=True):
        if record.source_sha256 in held:
            side, name = held[record.source_sha256]
            raise InputError(
                f"{owner.path}: {record.file_name} was made from {name}, a {side} picture of {split.owner.path}; "
                f"make the set again from training pictures alone"
            )
        good = owner.good(record)
        if good is not None:
            blocked.check_pixels(good.pixels, good.path, good.sha256)
        yield record


def _manifest_of(split: RealSplit) -> tuple[Path, ...]:
    path = split.owner.path / "split.json"
    return (path,) if path.is_file() else ()


def _held_back(split: RealSplit) -> dict[str, tuple[str, str]]:
    """(side, file name) of the pictures that nothing may be made from, by the sha256 of their sources and files."""
    return {
        record.source_sha256: (side, record.file_name)
        for side, records in (("val", split.val), ("test", split.test))
        for record in records
    }
