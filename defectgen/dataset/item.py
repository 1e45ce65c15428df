"""What a layout finds in a folder: pictures with a way to read their annotation, or pictures dropped with a reason.

A layout only says where things are and what they are called. Decoding pictures, checking sizes, finding duplicates,
writing and counting are the importer's, the same for all layouts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from defectgen.dataset.instance import Instance

__all__ = ["DropError", "DropReason", "Dropped", "Found", "ImportOptions", "Labels", "Layout"]

DropReason = Literal[
    "empty mask", "unreadable", "size mismatch", "duplicate", "outside image", "no annotation", "unknown class",
    "annotation conflict", "image missing",
]  # fmt: skip


class DropError(Exception):
    """Raised while an annotation is read: this picture cannot be used, the others can."""

    def __init__(self, reason: DropReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: DropReason = reason
        self.detail = detail


@dataclass(frozen=True)
class Labels:
    """The annotation of one picture.

    instances: defects with boxes and, where known, masks; empty on a good picture and where only a class is known.
    notes: what was changed while reading, such as a polygon clipped to the picture; one line each.
    """

    instances: Sequence[Instance] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Found:
    """One picture of the source.

    image: the file. name: its path relative to the source, with forward slashes.
    read: gives the labels for a picture of (height, width) pixels as stored upright; raises DropError.
    defect: "good" or a type known for the whole picture; None where the instances alone decide (none means good).
    good: file with the same view without the defect. split: "train", "val", "test" where the source has a split.
    group: where the source says which pictures belong together. material: where the source names the product.
    """

    image: Path
    name: str
    read: Callable[[tuple[int, int]], Labels]
    defect: str | None = None
    good: Path | None = None
    split: str | None = None
    group: str | None = None
    material: str | None = None


@dataclass(frozen=True)
class Dropped:
    """One picture of the source that is not imported. name: as in `Found`."""

    name: str
    reason: DropReason
    detail: str


@dataclass(frozen=True)
class ImportOptions:
    """What the user says about the source.

    classes: value of an index mask, class number, or the source's class name -> defect type.
    ignore: values or names that are no defect, such as the bus bar of a solar cell.
    group_by: regular expression on `Found.name`; its first group, or else the whole match, names the group.
    """

    classes: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    material: str | None = None
    licence: str = "user"
    group_by: str | None = None
    strict: bool = False

    def defect_of(self, *keys: str | int) -> str | None:
        """The defect type for a source's class, known by its name or number; None where it is to be ignored.

        By default the first key is the type's own name.
        """
        names = [str(key) for key in keys]
        if not self.ignore.isdisjoint(names):
            return None
        return next((self.classes[name] for name in names if name in self.classes), names[0])


class Layout(Protocol):
    """A module of `dataset.layout`: how one kind of folder is recognised and read."""

    def recognise(self, root: Path) -> str | None:
        """Why this folder is of this layout, as a clause ("it holds train/good and ground_truth"); else None."""

    def find(self, root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
        """Every picture of the folder, once; InputError where the folder as a whole cannot be read."""
