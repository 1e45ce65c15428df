"""A shots set: a defect set of links that holds exactly the training pictures of one draw, and a name for its content.

It lies in a folder of its own, so that whatever learns from it or copies out of it cannot see anything else. The split
that its pictures come from goes along, so that every reader still knows that split's test pictures.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from defectgen.blocked import SPLIT_FILE, Blocked
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.errors import InputError
from defectgen.record import UNSPLIT, Record

__all__ = ["content_sha256", "link", "shots_set"]

ALLOWED = ("train", UNSPLIT)


def shots_set(owner: DefectSet, records: Sequence[Record], out: Path) -> DefectSet:
    """A set at `out` with just these records of `owner`, their files linked; one that holds them already stays.

    InputError for no record, for one that its split keeps from training, and for a picture that any known split calls
    test.
    """
    chosen = sorted(records, key=lambda record: record.file_name)
    if not chosen:
        raise InputError(f"{owner.path}: no training picture was chosen for the draw; expected good ones and shots")
    for record in chosen:
        if record.split not in ALLOWED:
            raise InputError(
                f"{owner.path}: {record.file_name} is kept from training (split {record.split!r}); "
                "draw the shots from the pictures that the split calls train"
            )
    if _holds(out, chosen):
        return DefectSet(out)
    _check_blocked(owner, chosen)
    with whole_folder(out) as part:
        writer = SetWriter(part)
        for record in chosen:
            for name in _files(record):
                link(owner.file(name), part / name)
            writer.put_record(record)
        writer.finish({"kind": "shots"})
        if (owner.path / SPLIT_FILE).is_file():
            shutil.copyfile(owner.path / SPLIT_FILE, part / SPLIT_FILE)
    return DefectSet(out)


def _check_blocked(owner: DefectSet, records: Sequence[Record]) -> None:
    blocked = Blocked.load((), [owner.path])
    for record in records if len(blocked) else ():
        blocked.check(owner.image(record))


def _holds(out: Path, records: Sequence[Record]) -> bool:
    """Whether a finished set of just these records lies there; one of others is refused by its records."""
    try:
        there = list(DefectSet(out).records())
    except InputError:
        return False
    return there == list(records) and all((out / name).is_file() for record in records for name in _files(record))


def _files(record: Record) -> tuple[str, ...]:
    names = (record.file_name, record.mask_file_name, record.good_file_name, record.instances_file_name)
    return tuple(name for name in names if name is not None)


def link(source: Path, target: Path) -> None:
    """A hard link, or a copy where the disk does not let us."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except FileExistsError:
        pass
    except OSError:
        shutil.copyfile(source, target)


def content_sha256(owner: DefectSet, records: Iterable[Record] | None = None) -> str:
    """Of the records of a set, in order of their file names, and the bytes of all their files."""
    digest = hashlib.sha256()
    for record in sorted(owner.records() if records is None else records, key=lambda one: one.file_name):
        digest.update(record.line().encode())
        for name in _files(record):
            digest.update(hashlib.sha256(owner.file(name).read_bytes()).digest())
    return digest.hexdigest()
