"""One export on its way: which pictures go, where their files are put, and the account of what went and what did not.

Nothing is kept for a picture but its count and one number a measured polygon label, so that memory does not grow with
the pictures; what is left out is listed on the disk as it happens.
"""

from __future__ import annotations

import json
import os
import shutil
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from PIL import Image

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.instance import Instance
from defectgen.errors import InputError, OutputError
from defectgen.image import encode_png, read_picture
from defectgen.record import GOOD, UNSPLIT, Record

__all__ = ["FILES", "LEFT_OUT", "SPLITS", "Census", "Entry", "ExportJob", "ExportOptions", "need", "take_census"]

LEFT_OUT = "left_out.jsonl"
SPLITS = ("train", "val", "test", UNSPLIT)
FILES = ("mask", "good", "instances")
ORIENTATION = 274


@dataclass(frozen=True)
class ExportOptions:
    """splits: the splits to export, all of them where empty. images: "copy", or "link" for hard links."""

    splits: tuple[str, ...] = ()
    images: Literal["copy", "link"] = "copy"


@dataclass
class Census:
    """What a set holds.

    classes: the defect types, sorted; their places are their stable numbers. pictures: by split and defect.
    files: how many records have a mask, a good counterpart, a map of instances.
    """

    classes: tuple[str, ...] = ()
    pictures: Counter[tuple[str, str]] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    @property
    def splits(self) -> tuple[str, ...]:
        """Those that the set has, in the order of SPLITS, then by name."""
        found = {split for split, _ in self.pictures}
        return tuple(sorted(found, key=lambda name: (SPLITS.index(name) if name in SPLITS else len(SPLITS), name)))


def take_census(source: DefectSet) -> Census:
    """One pass over the records."""
    census, classes = Census(), set[str]()
    for record in source.records():
        census.pictures[record.split, record.defect] += 1
        census.licences[record.licence] += 1
        census.files.update(kind for kind in FILES if getattr(record, f"{kind}_file_name") is not None)
        classes.update(_types(record))
    census.classes = tuple(sorted(classes))
    return census


def _types(record: Record) -> set[str]:
    return {record.defect, *record.box_labels} - {GOOD}


class Entry:
    """One picture of the set on its way out."""

    def __init__(self, source: DefectSet, record: Record) -> None:
        self.source = source
        self.record = record
        self.path = source.file(record.file_name)
        self.left_out = False

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def types(self) -> tuple[str, ...]:
        """The defect types on the picture, sorted; empty on a good one."""
        return tuple(sorted(_types(self.record)))

    @cached_property
    def _header(self) -> tuple[int, int, bool]:
        """Height and width when upright, and whether the file's own rows lie otherwise."""
        if not self.path.is_file():
            raise InputError(f"{self.path} does not exist; check the set with defectgen sets check")
        try:
            with Image.open(self.path) as image:
                width, height = image.size
                # a PNG's EXIF stands before its pixels; asking getexif for it would decode them
                asked = image.format != "PNG" or "exif" in image.info
                orientation = int(image.getexif().get(ORIENTATION, 1)) if asked else 1
        except (OSError, SyntaxError, ValueError) as error:
            raise InputError(f"{self.path} is not an image that can be read: {error}") from error
        if orientation in (0, 1):
            return height, width, False
        height, width = read_picture(self.path, min_side=1).hw
        return height, width, True

    @property
    def hw(self) -> tuple[int, int]:
        return self._header[:2]

    @property
    def turned(self) -> bool:
        """Whether only EXIF stands the picture upright, which many readers pass over."""
        return self._header[2]

    @cached_property
    def instances(self) -> list[Instance]:
        return self.source.instances(self.record)


class ExportJob:
    """One export. Formats read `entries`, put files with the `place...` methods and report what they leave out.

    folder: what is being filled; it becomes a folder called dest_name. tick: called after each picture.
    """

    def __init__(
        self, source: DefectSet, folder: Path, to: str, options: ExportOptions, dest_name: str, tick: Callable[[], None]
    ) -> None:
        self.source, self.folder, self.to, self.options, self.dest_name = source, folder, to, options, dest_name
        self.census = take_census(source)
        self.splits = self._chosen()
        self.pictures: Counter[tuple[str, str]] = Counter()
        self.left_out: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.folder_names: dict[str, str] = {}
        self.iou = array("f")
        self._tick = tick

    def _chosen(self) -> tuple[str, ...]:
        have = self.census.splits
        for name in self.options.splits:
            if name not in have:
                known = ", ".join(have) or "no picture"
                raise InputError(f"split {name!r} is not in {self.source.path}; expected one of its splits: {known}")
        return tuple(name for name in have if not self.options.splits or name in self.options.splits)

    @property
    def name(self) -> str:
        return self.source.path.resolve().name

    @property
    def classes(self) -> tuple[str, ...]:
        return self.census.classes

    @property
    def total(self) -> int:
        """Pictures in the chosen splits."""
        return sum(n for (split, _), n in self.census.pictures.items() if split in self.splits)

    def entries(self, *splits: str) -> Iterator[Entry]:
        """The pictures of these splits, or of all chosen ones, each counted as exported unless it was left out."""
        wanted = splits or self.splits
        for record in self.source.records():
            if record.split not in wanted:
                continue
            entry = Entry(self.source, record)
            yield entry
            if not entry.left_out:
                self.pictures[record.split, record.defect] += 1
            self._tick()

    def leave_out(self, entry: Entry, reason: str) -> None:
        """This picture does not go, for a reason such as "no mask: mvtec needs masks"."""
        entry.left_out = True
        self.left_out[reason] += 1
        line = {"file_name": entry.record.file_name, "split": entry.record.split, "defect": entry.record.defect}
        with (self.folder / LEFT_OUT).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line | {"reason": reason}, ensure_ascii=False) + "\n")

    def note(self, text: str, count: int = 0) -> None:
        """Something the user should know that left no picture out; counts add up."""
        self.notes[text] += count

    def place_image(self, entry: Entry, place: str) -> Path:
        """Put the picture at `place`, a path without suffix; its bytes as they are, unless only EXIF stands it upright.

        Returns the path in the exported folder.
        """
        if not entry.turned:
            return self.place_file(entry.path, place + entry.path.suffix.lower())
        data, suffix = self.image_bytes(entry)
        target = self._target(place + suffix)
        target.write_bytes(data)
        return target

    def image_bytes(self, entry: Entry) -> tuple[bytes, str]:
        """What `place_image` would put there, and its suffix."""
        if not entry.turned:
            return entry.path.read_bytes(), entry.path.suffix.lower()
        self.note("pictures turned upright and written as PNG, since many readers pass over EXIF", 1)
        return encode_png(read_picture(entry.path, min_side=1).pixels), ".png"

    def place_file(self, file: Path, place: str) -> Path:
        """Copy or link one file of the set to `place`."""
        target = self._target(place)
        if self.options.images == "link":
            try:
                os.link(file.resolve(), target)
            except OSError as error:
                raise OutputError(f"cannot link {file} to {target}: {error.strerror}; use --images copy") from error
        else:
            shutil.copyfile(file, target)
        return target

    def _target(self, place: str) -> Path:
        target = self.folder / place
        if target.exists():
            raise InputError(f"two pictures of {self.source.path} would both become {place}; rename one of them")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def refuse_link(self) -> None:
        """InputError where links are asked of a format that holds the pictures itself."""
        if self.options.images == "link":
            raise InputError(f"{self.to} files hold the pictures themselves; leave out --images link")


def need(module: str) -> None:
    """InputError where an optional library is not installed."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise InputError(f"{module} is not installed; expected it for this export: pip install 'defectgen[formats]'")
