"""A collection: the pictures of a defect set, or of any plain folder, in one order and with what is known of each.

A plain folder's pictures lie in it, or in folders of its own that name their defects ("good" for good ones). Files are
read only when asked for: a collection of any size costs its names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from defectgen.dataset.defect_set import DefectSet, is_defect_set
from defectgen.errors import InputError
from defectgen.image import read_picture, to_rgb8
from defectgen.record import GOOD, Boxes, Record
from defectgen.source import list_images

__all__ = ["UNKNOWN", "Collection", "Item", "open_collection", "read_rgb"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
ORIENTATION = 274
UNKNOWN = "unknown"
"""The defect of a picture of which nothing is known."""


@dataclass(frozen=True)
class Item:
    """One picture. name: relative to the collection, with forward slashes. record: its line, in a defect set."""

    name: str
    image: Path
    mask: Path | None = None
    good: Path | None = None
    defect: str = UNKNOWN
    boxes: Boxes = ()
    split: str = "unsplit"
    group: str = ""
    record: Record | None = None

    @property
    def is_good(self) -> bool:
        return self.defect == GOOD

    def pixels(self) -> U8:
        """(H, W, 3) uint8 sRGB."""
        return read_rgb(self.image)

    def good_pixels(self) -> U8 | None:
        """(H, W, 3) uint8 sRGB of the same view without the defect, where there is one."""
        return None if self.good is None else read_rgb(self.good)

    def mask_pixels(self) -> Mask | None:
        """(H, W) bool, True on defects, where there is a mask; InputError where its size is not the picture's."""
        if self.mask is None:
            return None
        mask = np.asarray(read_picture(self.mask, min_side=1).pixels[..., 0] > 0)
        width, height = _size_of(self.image)
        if mask.shape != (height, width):
            raise InputError(
                f"mask {self.mask} is {mask.shape[1]}x{mask.shape[0]} pixels; expected {width}x{height}, as its picture"
            )
        return mask


def read_rgb(path: Path) -> U8:
    """(H, W, 3) uint8 of any stored picture: grey is repeated, 16 bits are scaled, alpha is left out."""
    pixels = read_picture(path, min_side=1).pixels
    if pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return np.asarray(pixels, np.uint8)
    return to_rgb8(pixels)


def _size_of(path: Path) -> tuple[int, int]:
    """Width and height as it is shown, from the file's head alone."""
    try:
        with Image.open(path) as image:
            # Pillow gives the size of a TIFF as it is shown, and of others as it is stored.
            turned = image.format != "TIFF" and image.getexif().get(ORIENTATION, 1) >= 5
            return (image.height, image.width) if turned else (image.width, image.height)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or 'no image'}); export it again") from None


@dataclass(frozen=True)
class Collection:
    """Pictures in the order of their names or lines. kind: where they came from."""

    path: Path
    kind: Literal["defect set", "folder"]
    items: tuple[Item, ...]

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def defective(self) -> Collection:
        """The pictures with a defect, or of which nothing is known."""
        return self.keep(lambda item: not item.is_good)

    @cached_property
    def good(self) -> Collection:
        """The good pictures: those of the set itself, not the good twins of defective ones."""
        return self.keep(lambda item: item.is_good)

    @property
    def defects(self) -> tuple[str, ...]:
        """The types that occur, sorted, without "good"."""
        return tuple(sorted({item.defect for item in self.items} - {GOOD}))

    def of(self, defect: str) -> Collection:
        """The pictures of one type."""
        return self.keep(lambda item: item.defect == defect)

    def without_split(self, *splits: str) -> Collection:
        """The pictures that do not lie in these splits."""
        return self.keep(lambda item: item.split not in splits)

    def keep(self, wanted: Callable[[Item], bool]) -> Collection:
        return replace(self, items=tuple(item for item in self.items if wanted(item)))


def open_collection(path: Path) -> Collection:
    """The pictures of a defect set or a plain folder; InputError where there is none."""
    if not path.is_dir():
        raise InputError(f"{path} is not a folder; expected a defect set or a folder of images")
    found = _of_set(path) if is_defect_set(path) else _of_folder(path)
    if not found.items:
        raise InputError(f"{path} holds no images; expected a defect set or a folder of images")
    return found


def _of_set(path: Path) -> Collection:
    owner = DefectSet(path)
    return Collection(path, "defect set", tuple(_of_record(owner, record) for record in owner.records()))


def _of_record(owner: DefectSet, record: Record) -> Item:
    def file(name: str | None) -> Path | None:
        return None if name is None else owner.file(name)

    return Item(
        record.file_name, owner.file(record.file_name), file(record.mask_file_name), file(record.good_file_name),
        record.defect, record.boxes, record.split, record.group, record,
    )  # fmt: skip


def _of_folder(path: Path) -> Collection:
    """Groups of a plain folder are unknown: each picture is its own."""
    flat = [Item(file.name, file, group=file.name) for file in list_images(path)]
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    named = [
        Item(f"{folder.name}/{file.name}", file, defect=folder.name, group=f"{folder.name}/{file.name}")
        for folder in folders
        for file in list_images(folder)
    ]
    return Collection(path, "folder", (*flat, *named))
