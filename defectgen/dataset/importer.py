"""Turning a folder of real data into a defect set: every picture is kept, or listed with the reason why not.

    defectgen.json     kind "import", the layout, the options, the counts, the licence ledger
    metadata.jsonl     a record for each picture kept, numbered from 000000 in the layout's order
    dropped.jsonl      name, reason and detail of each picture that is not in the set
    hashes.jsonl       sha256 of every picture file, for `sets check`
    notes.jsonl        what was changed while reading, such as a polygon clipped to the picture

Pictures stream through: memory holds a few of them, and 40 bytes or less for each that was seen. A file that comes
twice with the same annotation is kept once; with two annotations it is not kept at all, since one of them is wrong.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import defectgen
from defectgen.dataset.archive import open_source
from defectgen.dataset.defect_set import DefectSet, is_defect_set
from defectgen.dataset.hash_index import write_hashes
from defectgen.dataset.item import Dropped, DropReason, Found, ImportOptions
from defectgen.dataset.layouts import AUTO, NamedLayout, choose_layout, layout_named
from defectgen.dataset.prepare import Prepared, Stored, prepare
from defectgen.dataset.seen import Prior, Seen
from defectgen.dataset.writer import SetWriter, check_destination, rewrite_records, whole_folder
from defectgen.errors import InputError
from defectgen.record import GOOD, METADATA, UNSPLIT, Record

__all__ = ["DROPPED", "NOTES", "ImportCounts", "ImportResult", "import_set"]

DROPPED, NOTES = "dropped.jsonl", "notes.jsonl"
WORKERS = 2
AHEAD = 2


@dataclass(frozen=True)
class ImportCounts:
    """before: pictures of the source; dropped: by reason; defects: kept pictures by type; annotations: by kind."""

    before: int
    kept: int
    dropped: dict[str, int]
    defects: dict[str, int]
    annotations: dict[str, int]
    splits: dict[str, int]
    notes: int


@dataclass(frozen=True)
class ImportResult:
    """What an import left. why: the clause of the layout that recognised the folder, None where the user named it."""

    folder: Path
    layout: str
    why: str | None
    counts: ImportCounts


Watch = Callable[[int, int], None]


def import_set(
    layout: str,
    source: Path,
    folder: Path,
    options: ImportOptions | None = None,
    *,
    overwrite: bool = False,
    workers: int = WORKERS,
    chosen: Callable[[NamedLayout], None] = lambda layout: None,
    watch: Watch = lambda kept, dropped: None,
) -> ImportResult:
    """Import a folder or archive as the defect set `folder`.

    workers: threads that decode; the set is the same for any number. chosen: told the layout before the first picture.
    watch: told the counts so far, after each picture. InputError or OutputError leave nothing behind.
    """
    options = options or ImportOptions()
    check_destination(folder, overwrite)
    with open_source(source, folder) as root:
        if is_defect_set(root):
            raise InputError(f"{source} is a defect set already; use it as it is, or `defectgen sets merge`")
        named = choose_layout(root) if layout == AUTO else layout_named(layout)
        chosen(named)
        with whole_folder(folder) as part, _Import(part, root, named, options) as work:
            for outcome in _in_order(named, root, options, workers):
                work.take(outcome)
                watch(work.kept, work.before - work.kept)
            counts = work.finish(source, layout)
    return ImportResult(folder, named.name, named.why, counts)


def _in_order(named: NamedLayout, root: Path, options: ImportOptions, workers: int) -> Iterator[Prepared | Dropped]:
    """The outcome of each picture in the layout's order; a few are decoded ahead."""
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[Prepared | Dropped] | Dropped] = deque()
    try:
        for item in _findings(named, root, options):
            waiting.append(item if isinstance(item, Dropped) else pool.submit(prepare, item, root))
            if len(waiting) > workers * AHEAD:
                yield _outcome(waiting.popleft())
        while waiting:
            yield _outcome(waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _outcome(item: Future[Prepared | Dropped] | Dropped) -> Prepared | Dropped:
    return item if isinstance(item, Dropped) else item.result()


def _findings(named: NamedLayout, root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    try:
        for item in named.find(root, options):
            yield _readable(item)
    except OSError as error:
        raise InputError(f"{error.filename or root} cannot be read: {error.strerror or error}") from error


def _readable(item: Found | Dropped) -> Found | Dropped:
    """Tables are UTF-8: a name of other bytes could not be written into one."""
    name = _as_text(item.name)
    if isinstance(item, Dropped):
        return Dropped(name, item.reason, _as_text(item.detail))
    return item if name == item.name else Dropped(name, "unreadable", "its name is no text in UTF-8; rename it")


def _as_text(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


class _Import:
    """The growing set, and all that is counted about it."""

    def __init__(self, part: Path, root: Path, named: NamedLayout, options: ImportOptions) -> None:
        self._part, self._root, self._named, self._options = part, root, named, options
        self._group_by = _pattern(options.group_by)
        self._grouped = 0
        self._stack = ExitStack()
        self._dropped: Counter[DropReason] = Counter()
        self._defects: Counter[str] = Counter()
        self._annotations: Counter[str] = Counter()
        self._splits: Counter[str] = Counter()
        self._conflicts: dict[int, str] = {}
        self._notes = 0
        self._first: Dropped | None = None
        self.before = self.kept = self._written = 0

    def __enter__(self) -> _Import:
        self._writer = SetWriter(self._part)
        self._stack.callback(self._writer.close)
        self._seen = self._stack.enter_context(Seen())
        self._drop_list: TextIO = self._stack.enter_context((self._part / DROPPED).open("w", encoding="utf-8"))
        self._note_list: TextIO = self._stack.enter_context((self._part / NOTES).open("w", encoding="utf-8"))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def take(self, outcome: Prepared | Dropped) -> None:
        """Write or list one picture."""
        self.before += 1
        if isinstance(outcome, Dropped):
            self._drop(outcome)
            return
        prior = self._seen.find(outcome.sha256, outcome.annotation)
        if prior is None:
            self._keep(outcome)
        else:
            self._drop(self._again(outcome, prior))

    def _again(self, outcome: Prepared, prior: Prior) -> Dropped:
        name = outcome.found.name
        if prior.same and prior.number not in self._conflicts:
            return Dropped(name, "duplicate", f"the same file and annotation as {prior.name}")
        self._conflicts.setdefault(prior.number, name)
        return Dropped(name, "annotation conflict", f"the same file as {prior.name}, with another annotation")

    def _drop(self, dropped: Dropped) -> None:
        if self._options.strict and dropped.reason != "duplicate":
            raise InputError(f"{dropped.name}: {dropped.reason} ({dropped.detail}); --strict takes all or nothing")
        self._first = self._first or dropped
        self._dropped[dropped.reason] += 1
        self._drop_list.write(json.dumps(asdict(dropped), ensure_ascii=False) + "\n")

    def _keep(self, one: Prepared) -> None:
        stem = f"{self._written:06d}"
        record = self._record(one, stem)
        self._put(record.file_name, one.image)
        if one.good is not None and record.good_file_name is not None:
            self._put(record.good_file_name, one.good)
        for name, data in ((record.mask_file_name, one.mask), (record.instances_file_name, one.instance_map)):
            if name is not None and data is not None:
                self._writer.put_bytes(name, data)
        self._writer.put_record(record)
        self._seen.add(one.sha256, one.annotation, one.found.name)
        for note in one.notes:
            line = {"name": one.found.name, "file_name": record.file_name, "note": note}
            self._note_list.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._notes += len(one.notes)
        self._written += 1
        self._count(record, 1)

    def _put(self, name: str, stored: Stored) -> None:
        if stored.source is not None:
            self._writer.put_file(name, stored.source)
        elif stored.data is not None:
            self._writer.put_bytes(name, stored.data)

    def _count(self, record: Record, step: int) -> None:
        self.kept += step
        self._defects[record.defect] += step
        self._annotations[record.annotation] += step
        self._splits[record.split] += step

    def _record(self, one: Prepared, stem: str) -> Record:
        found = one.found
        material = self._options.material or found.material
        return Record(
            file_name=f"images/{stem}{one.image.suffix}",
            mask_file_name=f"masks/{stem}.png" if one.mask is not None else None,
            good_file_name=f"good/{stem}{one.good.suffix}" if one.good is not None else None,
            instances_file_name=f"instances/{stem}.png" if one.instance_map is not None else None,
            text=plain_text(one.defect, material),
            defect=one.defect,
            material=material,
            boxes=tuple(each.box for each in one.instances),
            labels=tuple(each.defect for each in one.instances),
            split=found.split or UNSPLIT,
            group=self._group(found),
            source=found.name,
            source_sha256=one.sha256,
            licence=self._options.licence,
        )

    def _group(self, found: Found) -> str:
        match = self._group_by and self._group_by.search(found.name)
        if match:
            self._grouped += 1
            return match.group(1 if match.re.groups else 0) or found.name
        return found.group or found.name

    def finish(self, source: Path, asked: str) -> ImportCounts:
        """Take back what later pictures contradicted, check the counts, write the manifest."""
        self._writer.close()
        if self._conflicts:
            rewrite_records(self._part, self._without_conflicts())
            self._forget_notes()
        if not self.kept:
            raise InputError(self._nothing(source))
        if self._group_by is not None and not self._grouped:
            raise InputError(f"--group-by {self._options.group_by!r} matches none of {self.kept} names; mend it")
        counts = ImportCounts(
            self.before, self.kept, dict(self._dropped.most_common()), dict((+self._defects).most_common()),
            dict(+self._annotations), dict(+self._splits), self._notes,
        )  # fmt: skip
        assert counts.before == counts.kept + sum(counts.dropped.values()), "a picture was lost or counted twice"
        self._writer.finish(self._manifest(asked, counts))
        write_hashes(DefectSet(self._part))
        return counts

    def _without_conflicts(self) -> Iterator[Record]:
        """The records that stand; the pictures of the others go."""
        with (self._part / METADATA).open("rb") as table:
            for number, line in enumerate(table):
                record = Record.model_validate_json(line)
                if number not in self._conflicts:
                    yield record
                    continue
                detail = f"the same file as {self._conflicts[number]}, with another annotation"
                self._drop(Dropped(record.source, "annotation conflict", detail))
                self._count(record, -1)
                for name in (
                    record.file_name, record.mask_file_name, record.good_file_name, record.instances_file_name
                ):  # fmt: skip
                    if name is not None:
                        (self._part / name).unlink()

    def _forget_notes(self) -> None:
        """Keep the notes on pictures that are in the set."""
        self._note_list.close()
        path, part = self._part / NOTES, self._part / f"{NOTES}.part"
        with path.open(encoding="utf-8") as old, part.open("w", encoding="utf-8") as new:
            for line in old:
                if (self._part / json.loads(line)["file_name"]).exists():
                    new.write(line)
                else:
                    self._notes -= 1
        part.replace(path)

    def _nothing(self, source: Path) -> str:
        if self._first is None:
            return f"{source} holds no picture of layout {self._named.name}; check the folder, or name another layout"
        reasons = ", ".join(f"{count} {reason}" for reason, count in self._dropped.most_common())
        return f"no picture of {source} can be used ({reasons}); the first is {self._first.name}: {self._first.detail}"

    def _manifest(self, asked: str, counts: ImportCounts) -> dict[str, Any]:
        options = asdict(self._options) | {"ignore": sorted(self._options.ignore)}
        return {
            "kind": "import",
            "layout": self._named.name,
            "why": self._named.why if asked == AUTO else None,
            "options": options,
            "versions": {"defectgen": defectgen.__version__, **{n: version(n) for n in ("numpy", "Pillow")}},
            "counts": asdict(counts),
            "licences": {self._options.licence: counts.kept},
        }


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise InputError(f"--group-by {text!r} is no regular expression: {error}; mend it") from None


def plain_text(defect: str, material: str | None) -> str:
    """What a record says before it is captioned."""
    part = material or "part"
    if defect == GOOD:
        return f"good {part}"
    words = re.sub(r"[_\s-]+", " ", defect)
    return f"{words} on {part}"
