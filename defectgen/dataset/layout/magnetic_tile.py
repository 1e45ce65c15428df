"""The magnetic-tile set: one folder a defect, mask beside each picture.

    MT_Blowhole/Imgs/exp1_num_108719.jpg    the picture
    MT_Blowhole/Imgs/exp1_num_108719.png    its mask, black, white on the defect
    MT_Break, MT_Crack, MT_Fray, MT_Uneven  the other defects
    MT_Free                                 good tiles

The defect is the folder's name without MT_, in lower case. The masks' edges are soft, as from JPEG: a pixel is
defective where the mask is brighter than 127 of 255, and pieces under 5 px are left out. A defective tile without a
mask file, or with an empty mask, is dropped; a good tile needs no mask, and is dropped where it has one that is not
empty.

Frames are numbered over the whole set, and most tiles were photographed six times in a row, exp1 to exp6, some twenty
numbers apart. So a picture belongs to the group of the one before where their numbers lie within SAME_TILE, whatever
their folders.

Huang, Qiu, Yuan: Surface defect saliency of magnetic tile. The Visual Computer, 2020.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.mask_file import SOFT_THRESHOLD, read_soft, read_soft_pieces
from defectgen.errors import InputError
from defectgen.record import GOOD
from defectgen.source import list_images

__all__ = ["SAME_TILE", "find", "group_frames", "recognise"]

PREFIX, PICTURES, FREE = "MT_", "Imgs", "MT_Free"
MASK_SUFFIX = ".png"
MATERIAL, IGNORED = "magnetic tile", "ignored"
FRAME = re.compile(r"exp\d+_num_(\d+)")
SAME_TILE = 60
"""Three of four neighbours in number lie within 40 of each other, and most of the rest hundreds apart."""


def recognise(root: Path) -> str | None:
    """Whether it holds folders MT_*/Imgs."""
    folders = _folders(root)
    return f"it holds {len(folders)} folders {PREFIX}*/{PICTURES}" if folders else None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    """Every jpg of every MT_*/Imgs, folder by folder."""
    folders = _folders(root)
    if not folders:
        raise InputError(f"{root} holds no {PREFIX}*/{PICTURES}; expected magnetic-tile's folders, such as {FREE}/Imgs")
    images = [
        image for folder in folders for image in list_images(folder / PICTURES) if image.suffix.lower() != MASK_SUFFIX
    ]
    groups = group_frames([image.stem for image in images])
    for image in images:
        found = _found(root, image.parent.parent.name, image, options)
        yield replace(found, group=groups.get(image.stem)) if isinstance(found, Found) else found


def group_frames(stems: Sequence[str]) -> dict[str, str]:
    """The group of each file stem that is numbered like this set's, named after its first number."""
    numbered = sorted((int(match[1]), stem) for stem in stems if (match := FRAME.fullmatch(stem)))
    groups: dict[str, str] = {}
    before, name = -SAME_TILE, ""
    for number, stem in numbered:
        name = name if name and number - before <= SAME_TILE else f"tile-{number}"
        before, groups[stem] = number, name
    return groups


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.glob(f"{PREFIX}*") if (path / PICTURES).is_dir())


def _found(root: Path, folder: str, image: Path, options: ImportOptions) -> Found | Dropped:
    name = image.relative_to(root).as_posix()
    mask = image.with_suffix(MASK_SUFFIX)
    if folder == FREE:
        return Found(image, name, _reader_of_good(mask), GOOD, material=MATERIAL)
    if not mask.is_file():
        return Dropped(name, "no annotation", f"{mask.name} is missing")
    raw = folder.removeprefix(PREFIX)
    defect = options.defect_of(raw.lower(), raw, folder)
    return Found(image, name, _reader(mask, defect), material=MATERIAL)


def _reader(mask_file: Path, defect: str | None) -> Callable[[tuple[int, int]], Labels]:
    def read(hw: tuple[int, int]) -> Labels:
        labels = read_soft_pieces(mask_file, defect or IGNORED, hw)
        if not labels.instances:
            raise DropError("empty mask", f"{mask_file.name} has no pixel above {SOFT_THRESHOLD}")
        return labels if defect is not None else Labels()

    return read


def _reader_of_good(mask_file: Path) -> Callable[[tuple[int, int]], Labels]:
    def read(hw: tuple[int, int]) -> Labels:
        if mask_file.is_file() and read_soft(mask_file, hw).any():
            raise DropError("annotation conflict", f"{mask_file.name} marks a defect on a picture of {FREE}")
        return Labels()

    return read
