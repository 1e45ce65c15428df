"""Layout `kolektor`: a label picture beside each picture, as in the Kolektor surface defect sets.

    KolektorSDD    kos01/Part0.jpg, kos01/Part0_label.bmp      one folder an item: its pictures are one group
    KolektorSDD2   train/10000.png, train/10000_GT.png         train/ and test/ are the splits

A label that marks nothing means a good picture. A picture without its label is dropped. Type: "defect", unless
--classes names another for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from defectgen.dataset.instance import components
from defectgen.dataset.item import Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.binary_mask import read_binary
from defectgen.dataset.tree import first_picture, pictures_under

__all__ = ["find", "recognise"]

MARKS = ("_label", "_GT")
DEFECT = "defect"
SPLITS = ("train", "test")


def recognise(root: Path) -> str | None:
    for path in pictures_under(root):
        if is_label(path) and picture_of(path) is not None:
            return f"{path.relative_to(root).as_posix()} lies beside its picture"
    return None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    defect = options.defect_of(DEFECT)
    for path in pictures_under(root):
        name = path.relative_to(root).as_posix()
        if is_label(path):
            if picture_of(path) is None:
                yield Dropped(name, "image missing", "a label picture without its picture")
            continue
        label = label_of(path)
        if label is None:
            yield Dropped(name, "no annotation", f"no {path.stem}{MARKS[0]} or {path.stem}{MARKS[1]} picture beside it")
            continue
        yield Found(path, name, partial(read_label, label, defect), split=split_of(name), group=group_of(name))


def is_label(path: Path) -> bool:
    return path.stem.endswith(MARKS)


def picture_of(label: Path) -> Path | None:
    stem = next(label.stem.removesuffix(mark) for mark in MARKS if label.stem.endswith(mark))
    return first_picture(label.parent, stem)


def label_of(path: Path) -> Path | None:
    return first_picture(path.parent, *(path.stem + mark for mark in MARKS))


def read_label(label: Path, defect: str | None, hw: tuple[int, int]) -> Labels:
    mask = read_binary(label, hw)
    return Labels(components(defect, mask) if defect is not None else ())


def split_of(name: str) -> str | None:
    first = name.split("/")[0]
    return first if first in SPLITS and "/" in name else None


def group_of(name: str) -> str | None:
    """The item's folder, where folders are items."""
    folder = name.rpartition("/")[0]
    return folder if folder and folder.split("/")[-1] not in SPLITS else None
