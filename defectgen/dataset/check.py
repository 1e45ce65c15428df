"""Whether a set is whole and true: every file against metadata.jsonl, and metadata.jsonl against itself.

Each record is compared with its files (`picture_check`). Over the whole set: no file twice, also where names differ by
case only; no file that no record names; no group, and no source picture, in two splits; every file as the hash index
has it, where the set has one. Memory holds one record's pictures and a few bytes for each name.
"""

from __future__ import annotations

import os
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from pydantic import ValidationError

from defectgen.dataset.defect_set import DefectSet, parse_record
from defectgen.dataset.hash_index import HASHES, read_hashes
from defectgen.dataset.name_index import NameIndex, mark
from defectgen.dataset.picture_check import SPLITS, Examined, Problem, examine, file_names
from defectgen.image import SUFFIXES
from defectgen.record import METADATA, UNSPLIT, UNUSED, Record

__all__ = ["check_set"]

FOLDERS = ("images", "masks", "good", "instances")
WORKERS, AHEAD = 2, 4
Watch = Callable[[int], None]


@dataclass
class _Sides:
    """Names, and the splits in which each occurs: 9 bytes an entry."""

    names: NameIndex = field(default_factory=NameIndex)
    splits: array[int] = field(default_factory=lambda: array("B"))

    def add(self, name: str, split: str) -> None:
        if split in SPLITS and split not in (UNSPLIT, UNUSED):
            self.names.add(name)
            self.splits.append(SPLITS.index(split))

    def torn(self) -> dict[int, str]:
        """The marks of the names that lie in more than one split, with these splits in words."""
        pairs = np.unique(np.stack([self.names.marks(), np.array(self.splits, np.uint64)], axis=1), axis=0)
        marks, first, counts = np.unique(pairs[:, 0], return_index=True, return_counts=True)
        return {
            int(marks[k]): " and ".join(SPLITS[int(s)] for s in pairs[first[k] : first[k] + counts[k], 1])
            for k in np.flatnonzero(counts > 1)
        }


def check_set(owner: DefectSet, watch: Watch = lambda done: None) -> Iterator[Problem]:
    """Every problem of a set, in the order of its table; then those of the set as a whole. watch: records done."""
    check = _Check(owner)
    yield from check.records(watch)
    yield from check.again()
    yield from check.stray()


class _Check:
    """What is kept while the records go by."""

    def __init__(self, owner: DefectSet) -> None:
        self._owner = owner
        self._files = NameIndex()
        self._groups, self._sources = _Sides(), _Sides()

    def records(self, watch: Watch) -> Iterator[Problem]:
        """Each line of the table, with its files and its line of the hash index."""
        hashes = read_hashes(self._owner.path)
        for done, item in enumerate(self._in_order(), 1):
            if isinstance(item, Problem):
                yield item
                if hashes is not None:
                    next(hashes, None)
            else:
                record, examined = item
                yield from examined.problems
                if hashes is not None:
                    yield from _compare(record, examined.hashes, next(hashes, None))
            watch(done)
        if hashes is not None and next(hashes, None) is not None:
            yield Problem(HASHES, "hash", f"has more lines than {METADATA}: a record was taken out")

    def _in_order(self) -> Iterator[Problem | tuple[Record, Examined]]:
        """The lines in order; a few are decoded ahead."""
        pool = ThreadPoolExecutor(WORKERS)
        waiting: deque[tuple[Problem | Record, Future[Examined] | None]] = deque()
        try:
            for item in _lines(self._owner):
                if isinstance(item, Record):
                    self._note(item)
                job = None if isinstance(item, Problem) else pool.submit(examine, self._owner.path, item)
                waiting.append((item, job))
                if len(waiting) > WORKERS * AHEAD:
                    yield _result(*waiting.popleft())
            while waiting:
                yield _result(*waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _note(self, record: Record) -> None:
        for name in {*file_names(record)}:
            # Good pictures may serve many records; pictures and masks belong to one.
            if name != record.good_file_name:
                self._files.add(name.casefold())
        self._groups.add(record.group, record.split)
        self._sources.add(record.source_sha256, record.split)

    def again(self) -> Iterator[Problem]:
        """Files named twice, and groups and source pictures in two splits; each is listed once."""
        twice, torn, shared = self._files.repeated(), self._groups.torn(), self._sources.torn()
        if not (twice or torn or shared):
            return
        told: set[int] = set()
        for record in _records(self._owner):
            for name in file_names(record):
                if mark(name.casefold()) in twice:
                    yield Problem(name, "duplicate", "named more than once, or by names that differ by case only")
            for key, marks, what in (
                (record.source_sha256, shared, f"its source {record.source} lies"),
                (record.group, torn, f"group {record.group!r} lies"),
            ):
                if mark(key) in marks and mark(key) not in told:
                    told |= {mark(key), mark(record.group)}
                    yield Problem(record.file_name, "split", f"{what} in {marks[mark(key)]}; run defectgen split")

    def stray(self) -> Iterator[Problem]:
        """Files that no record names, in the folders of the set."""
        listed = NameIndex()
        for record in _records(self._owner):
            for name in file_names(record):
                listed.add(name)
        known = listed.freeze()
        for folder in (name for name in FOLDERS if (self._owner.path / name).is_dir()):
            names = (f"{folder}/{entry.name}" for entry in os.scandir(self._owner.path / folder))
            for name in sorted(name for name in names if name not in known):
                yield Problem(name, "stray", "no record names it")
        yield from self._beside()

    def _beside(self) -> Iterator[Problem]:
        """What lies beside the set's own folders and would be taken for part of it, or was left half-done."""
        for entry in sorted(os.scandir(self._owner.path), key=lambda entry: entry.name):
            if entry.name == ".work":
                yield Problem(entry.name, "stray", "the run that makes this set has not ended; start it again")
            elif entry.is_dir() and entry.name not in FOLDERS:
                yield Problem(f"{entry.name}/", "stray", "no folder of a set")
            elif entry.name.endswith(".part"):
                yield Problem(entry.name, "stray", "left half-written by a run that was stopped")
            elif entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith(("overview", "contact_sheet")):
                yield Problem(entry.name, "stray", "no record names it")


def _lines(owner: DefectSet) -> Iterator[Problem | Record]:
    """The records of the table, and what is wrong with the lines that are none."""
    with (owner.path / METADATA).open(encoding="utf-8", errors="surrogateescape") as table:
        for number, line in enumerate(table, 1):
            try:
                yield parse_record(line)
            except (ValidationError, ValueError) as error:
                yield Problem(f"{METADATA}:{number}", "record", _reason(error))


def _records(owner: DefectSet) -> Iterator[Record]:
    return (item for item in _lines(owner) if isinstance(item, Record))


def _result(item: Problem | Record, job: Future[Examined] | None) -> Problem | tuple[Record, Examined]:
    if isinstance(item, Problem):
        return item
    assert job is not None
    return item, job.result()


def _compare(record: Record, found: dict[str, str], kept: dict[str, str] | None) -> Iterator[Problem]:
    if kept is None:
        yield Problem(record.file_name, "hash", f"{HASHES} ends before this record")
        return
    if set(kept) != set(file_names(record)):
        yield Problem(record.file_name, "hash", f"{HASHES} has other files here: records were moved or taken out")
        return
    for name, digest in found.items():
        if kept[name] != digest:
            yield Problem(name, "hash", f"sha256 {digest[:12]}..., {HASHES} has {kept[name][:12]}...: it was changed")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    return (str(error).splitlines() or ["not readable"])[0]
