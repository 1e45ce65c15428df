"""Several sets as one: pictures renumbered, records as they were, nothing twice, no leak between splits.

A picture that two sets hold (the same source_sha256) ties their groups together. Imported twice, it is kept once, and
has to be called the same, and to lie in the same split, in both. Tied groups lie in one split; where one of them is in
none yet, it takes that of the others.
Generated samples are made from such a picture, so that they share its group, and are dropped only where prompt, seed,
index and engine agree too. All other groups get the name of their set in front.

Three passes over the tables: which sources two sets share; what is said of these; then the pictures are written. Memory
holds 8 bytes a picture and the shared ones.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import defectgen
from defectgen.atomic import write_atomic
from defectgen.blocked import SPLIT_FILE, SPLIT_FORMAT
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.hash_index import write_hashes
from defectgen.dataset.licence import count_terms, notice
from defectgen.dataset.name_index import Known, NameIndex
from defectgen.dataset.writer import SetWriter, check_destination, whole_folder
from defectgen.errors import InputError
from defectgen.record import GOOD, UNSPLIT, UNUSED, Record
from defectgen.sample import Sample

__all__ = ["Merged", "Part", "merge_sets"]

Key = tuple[object, ...]
Group = tuple[int, str]  # number of the set, name of the group in it
Watch = Callable[[int, int], None]


@dataclass
class Part:
    """What one set gave. duplicates: its pictures that an earlier set holds."""

    name: str
    pictures: int = 0
    kept: int = 0
    duplicates: int = 0


@dataclass
class Merged:
    """What a merge left. joined: groups that a shared picture made of several."""

    folder: Path
    parts: list[Part]
    joined: int
    licences: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        return sum(part.kept for part in self.parts)

    @property
    def notice(self) -> str | None:
        return notice(self.licences)


def merge_sets(
    sets: Sequence[Path],
    folder: Path,
    *,
    overwrite: bool = False,
    rename: Mapping[str, str] | None = None,
    watch: Watch = lambda done, of: None,
) -> Merged:
    """Merge sets into `folder`. rename: defect types, old -> new. InputError or OutputError leave nothing behind."""
    owners = [DefectSet(path) for path in sets]
    if not owners:
        raise InputError("no set to merge; name one or more, then the folder to write")
    _check_places(owners, folder)
    check_destination(folder, overwrite)
    merge = _Merge(owners, folder, dict(rename or {}))
    merge.survey()
    with whole_folder(folder) as part:
        merge.write(part, watch)
        write_hashes(DefectSet(part))
    return merge.merged


def _check_places(owners: Sequence[DefectSet], folder: Path) -> None:
    places = [owner.path.resolve() for owner in owners]
    for place, owner in zip(places, owners, strict=True):
        if places.count(place) > 1:
            raise InputError(f"{owner.path} is named twice; name each set once")
        target = folder.resolve()
        if place == target or place.is_relative_to(target) or target.is_relative_to(place):
            raise InputError(f"{folder} holds or lies in {owner.path}, which is to be merged; choose another folder")


class _Merge:
    """The sets, and what is known of the sources that several of them hold."""

    def __init__(self, owners: Sequence[DefectSet], folder: Path, rename: dict[str, str]) -> None:
        self._owners, self._rename = owners, rename
        self._names = _distinct([owner.path.resolve().name for owner in owners])
        self._shared = Known(np.zeros(0, np.uint64))
        self._bound: dict[Group, Group] = {}
        self._first: dict[str, Group] = {}
        self._said: dict[str, tuple[Record, int]] = {}
        self._split: dict[str, str] = {}
        self._side: dict[Group, str] = {}
        self._made: dict[Key, int] = {}
        self._tests: dict[str, str] = {}
        self.merged = Merged(folder, [Part(name) for name in self._names], 0)

    def survey(self) -> None:
        """The first two passes; InputError where the sets contradict each other or a rename fits nothing."""
        seen = [NameIndex() for _ in self._owners]
        defects: set[str] = set()
        for number, record in self._records():
            seen[number].add(record.source_sha256)
            defects.update((record.defect, *record.labels))
            self.merged.parts[number].pictures += 1
        _check_rename(self._rename, defects)
        marks, counts = np.unique(np.concatenate([np.unique(one.marks()) for one in seen]), return_counts=True)
        self._shared = Known(marks[counts > 1])
        for number, record in self._records():
            if record.source_sha256 in self._shared:
                self._learn(number, record)
        roots = Counter(self._root(group) for group in self._bound)
        self.merged.joined = sum(count > 1 for count in roots.values())
        self._check_groups()

    def _records(self) -> Iterator[tuple[int, Record]]:
        for number, owner in enumerate(self._owners):
            for record in owner.records():
                yield number, record

    def _learn(self, number: int, record: Record) -> None:
        """Join the groups of a shared source, and hold what two sets say of it against each other."""
        group, source = (number, record.group), record.source_sha256
        self._bound.setdefault(group, group)
        first, root = self._root(self._first.setdefault(source, group)), self._root(group)
        self._bound[max(first, root)] = min(first, root)
        if record.split != UNSPLIT:
            other = self._split.setdefault(source, record.split)
            if other != record.split:
                raise InputError(
                    f"{record.source} lies in {other} and, in {self._owners[number].path}, in {record.split}; "
                    "a picture has one split: run defectgen split on these sets again"
                )
        if isinstance(record, Sample):
            self._made.setdefault(_identity(record), number)
        else:
            self._agree(number, record)

    def _agree(self, number: int, record: Record) -> None:
        said, where = self._said.setdefault(record.source_sha256, (record, number))
        was, now = self._renamed(said.defect), self._renamed(record.defect)
        if was != now:
            raise InputError(
                f"{record.source} is {was!r} in {self._owners[where].path} and {now!r} in {self._owners[number].path}; "
                "correct one of them, or use --rename"
            )

    def _check_groups(self) -> None:
        """A joined group in two splits would let one look at what the other is judged by."""
        for number, record in self._records():
            group = (number, record.group)
            if group not in self._bound or record.split in (UNSPLIT, UNUSED):
                continue
            other = self._side.setdefault(self._root(group), record.split)
            if other != record.split:
                raise InputError(
                    f"group {record.group!r} of {self._owners[number].path} lies in {record.split}, pictures that "
                    f"belong with it in {other}; run defectgen split on these sets again"
                )

    def _root(self, group: Group) -> Group:
        while (up := self._bound[group]) != group:
            self._bound[group] = group = self._bound[up]
        return group

    def write(self, part: Path, watch: Watch) -> None:
        """The last pass: pictures, records and manifest of the merged set."""
        total = sum(one.pictures for one in self.merged.parts)
        writer = SetWriter(part)
        try:
            done = 0
            for done, (number, record) in enumerate(self._records(), 1):
                if self._is_again(number, record):
                    self.merged.parts[number].duplicates += 1
                else:
                    self._put(writer, number, record)
                watch(done, total)
            assert done == self.merged.kept + sum(one.duplicates for one in self.merged.parts)
            self._carry_marks(part)
            writer.finish(self._manifest())
        finally:
            writer.close()

    def _carry_marks(self, part: Path) -> None:
        """What the sets' own splits block stays blocked, under the pictures' new names."""
        manifests = [owner.path / SPLIT_FILE for owner in self._owners if (owner.path / SPLIT_FILE).is_file()]
        if not manifests:
            return
        marks = [
            {**mark, "file_name": self._tests.get(mark["source_sha256"], mark["file_name"])}
            for path in manifests for mark in _marks_of(path)
        ]  # fmt: skip
        content = {
            "format": SPLIT_FORMAT, "version": defectgen.__version__, "merged": self._names, "before": {},
            "test": marks,
        }  # fmt: skip
        write_atomic(part / SPLIT_FILE, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())

    def _is_again(self, number: int, record: Record) -> bool:
        if record.source_sha256 not in self._shared:
            return False
        if isinstance(record, Sample):
            return self._made[_identity(record)] != number
        return self._said[record.source_sha256][1] != number

    def _put(self, writer: SetWriter, number: int, record: Record) -> None:
        stem, folder = f"{self.merged.kept:06d}", self._owners[number].path
        names: dict[str, str | None] = {}
        for field_name, place in _PLACES.items():
            name: str | None = getattr(record, field_name)
            names[field_name] = name and f"{place}/{stem}{Path(name).suffix.lower()}"
            if name is not None:
                writer.put_file(str(names[field_name]), _file(folder, name))
        changes = {
            **names, "group": self._group(number, record), "split": self._split_of(number, record),
            "defect": self._renamed(record.defect), "labels": tuple(map(self._renamed, record.labels)),
        }  # fmt: skip
        writer.put_record(record.model_copy(update=changes))
        if changes["split"] == "test":
            self._tests[record.source_sha256] = str(names["file_name"])
        self.merged.parts[number].kept += 1
        self.merged.licences[record.licence] += 1

    def _group(self, number: int, record: Record) -> str:
        group = (number, record.group)
        owner, name = self._root(group) if group in self._bound else group
        return f"{self._names[owner]}/{name}"

    def _split_of(self, number: int, record: Record) -> str:
        group = (number, record.group)
        if record.split != UNSPLIT or group not in self._bound:
            return record.split
        return self._side.get(self._root(group), UNSPLIT)

    def _renamed(self, defect: str) -> str:
        return self._rename.get(defect, defect)

    def _manifest(self) -> dict[str, Any]:
        licences = dict(self.merged.licences.most_common())
        parts = zip(self.merged.parts, self._owners, strict=True)
        return {
            "kind": "merge",
            "notice": notice(licences),
            "rename": self._rename,
            "versions": {"defectgen": defectgen.__version__},
            "licences": licences,
            "terms": count_terms(licences),
            "sets": [{**asdict(part), "manifest": owner.manifest} for part, owner in parts],
        }


_PLACES = {
    "file_name": "images", "mask_file_name": "masks", "good_file_name": "good", "instances_file_name": "instances",
}  # fmt: skip


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where one comes again."""
    out: list[str] = []
    for name in names:
        free = (f"{name}-{k}" if k > 1 else name for k in range(1, len(names) + 2))
        out.append(next(one for one in free if one not in out))
    return out


def _check_rename(rename: Mapping[str, str], defects: set[str]) -> None:
    for old, new in rename.items():
        if old not in defects:
            raise InputError(f"--rename {old}={new}: no set has {old!r}; they have {', '.join(sorted(defects))}")
        if GOOD in (old, new):
            raise InputError(f"--rename {old}={new}: {GOOD!r} is no defect type; choose another name")


def _marks_of(path: Path) -> list[dict[str, Any]]:
    try:
        return [mark for mark in json.loads(path.read_text("utf-8"))["test"] if mark["source_sha256"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path} is no split manifest; run defectgen split on that set again") from None


def _identity(record: Sample) -> Key:
    return (
        record.source_sha256, record.prompt, record.seed, record.index, record.engine, record.weights_sha256,
        record.steps, record.guidance, record.boxes,
    )  # fmt: skip


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise InputError(f"{path} is no file of the set; see what `defectgen sets check {folder}` says")
    return path
