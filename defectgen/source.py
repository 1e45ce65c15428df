"""What the user brings: good parts, masks, a box, a region. All of it is checked before anything is written.

Pixels count from 0 at the upper left; a box is (x0, y0, x1, y1) with x1 and y1 exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.image import SUFFIXES, read_picture

__all__ = ["Box", "Source", "SourceSet", "fit_box", "list_images", "load_sources", "parse_box", "read_mask", "read_roi"]

Box = tuple[int, int, int, int]
Mask = NDArray[np.bool_]

MIN_BOX = 4


@dataclass(frozen=True)
class Source:
    """One good picture that can be read. raw_bytes: size of its pixels in memory."""

    path: Path
    sha256: str
    hw: tuple[int, int]
    raw_bytes: int

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True)
class SourceSet:
    """Good pictures, sorted by name, and the files that could not be used with the reason of each."""

    good: tuple[Source, ...]
    broken: tuple[tuple[Path, str], ...]


def list_images(folder: Path) -> list[Path]:
    """Image files directly in `folder`, by suffix, sorted by name; hidden files are passed over."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def load_sources(path: Path, strict: bool = False) -> SourceSet:
    """Read each picture of a file or folder once. In a folder broken ones are listed; `strict` refuses them."""
    if not path.exists():
        raise InputError(f"{path} does not exist; expected an image file or a folder of images")
    if not path.is_dir():
        return SourceSet((_read_source(path),), ())
    good: list[Source] = []
    broken: list[tuple[Path, str]] = []
    for file in _images_of(path):
        try:
            good.append(_read_source(file))
        except InputError as error:
            broken.append((file, str(error)))
    if broken and (strict or not good):
        kind = "strict refuses them" if good else "none is left"
        raise InputError(f"{len(broken)} of {len(good) + len(broken)} images cannot be used ({kind}): {broken[0][1]}")
    return SourceSet(tuple(good), tuple(broken))


def _images_of(folder: Path) -> list[Path]:
    files = list_images(folder)
    if not files:
        inside = next((sub for sub in sorted(folder.iterdir()) if sub.is_dir() and list_images(sub)), None)
        hint = f"; did you mean {inside}?" if inside else ""
        raise InputError(f"{folder} holds no images ({', '.join(SUFFIXES)}){hint}")
    return files


def _read_source(path: Path) -> Source:
    picture = read_picture(path)
    return Source(path, picture.sha256, picture.hw, picture.pixels.nbytes)


def read_mask(path: Path, hw: tuple[int, int]) -> Mask:
    """(H, W) bool, True on the defect. InputError unless black and one other level, neither covering all of it."""
    mask = _read_binary(path, hw, "mask")
    if mask.all():
        raise InputError(f"mask {path} is white all over; expected a defect on black")
    return mask


def read_roi(path: Path, hw: tuple[int, int]) -> Mask:
    """(H, W) bool, True where defects may lie; all white allows the whole picture."""
    return _read_binary(path, hw, "region")


def _read_binary(path: Path, hw: tuple[int, int], noun: str) -> Mask:
    pixels = read_picture(path, min_side=1).pixels.astype(np.int64)
    if pixels.shape[:2] != hw:
        raise InputError(
            f"{noun} {path} is {pixels.shape[1]}x{pixels.shape[0]} pixels; expected {hw[1]}x{hw[0]}, as the good image"
        )
    channels = pixels.shape[2]
    level = pixels[..., : channels - 1 if channels in (2, 4) else channels].max(axis=2)
    level = level * (pixels[..., -1] > 0) if channels in (2, 4) else level
    values = np.unique(level)
    if values.size > 2 or (values.size == 2 and values[0] != 0):
        raise InputError(
            f"{noun} {path} has {values.size} grey levels from {values[0]} to {values[-1]}; expected 0 and one other: "
            "threshold it and save it without loss"
        )
    if values[-1] == 0:
        raise InputError(f"{noun} {path} is empty (all black); expected white on black")
    return np.asarray(level > 0)


def parse_box(text: str) -> Box:
    """Box of "x0,y0,x1,y1" in whole pixels."""
    try:
        x0, y0, x1, y1 = (int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"box {text!r} is not four whole numbers; expected x0,y0,x1,y1 in pixels") from error
    if x1 - x0 < MIN_BOX or y1 - y0 < MIN_BOX:
        raise InputError(f"box {text!r} is {x1 - x0}x{y1 - y0} pixels; expected x1 > x0, y1 > y0, {MIN_BOX} or more")
    return x0, y0, x1, y1


def fit_box(box: Box, source: Source) -> None:
    """InputError if the box leaves the picture."""
    height, width = source.hw
    if min(box[:2]) < 0 or box[2] > width or box[3] > height:
        text = ",".join(map(str, box))
        raise InputError(f"box {text} leaves {source.path.name}, which is {width}x{height} pixels; expected it inside")
