"""The magnetic-tile set: one folder a defect, mask beside each picture.

    MT_Blowhole/Imgs/exp1_num_108719.jpg    the picture
    MT_Blowhole/Imgs/exp1_num_108719.png    its mask, black, white on the defect
    MT_Break, MT_Crack, MT_Fray, MT_Uneven  the other defects
    MT_Free                                 good tiles

The defect is the folder's name without MT_, in lower case. The masks' edges are soft, as from JPEG: a pixel is
defective where the mask is brighter than 127 of 255, and pieces under 5 px are left out. A defective tile without a
mask file, or with an empty mask, is dropped; a good tile needs no mask, and is dropped where it has one that is not
empty.

Huang, Qiu, Yuan: Surface defect saliency of magnetic tile. The Visual Computer, 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.mask_file import SOFT_THRESHOLD, read_soft, read_soft_pieces
from defectgen.errors import InputError
from defectgen.record import GOOD
from defectgen.source import list_images

__all__ = ["find", "recognise"]

PREFIX, PICTURES, FREE = "MT_", "Imgs", "MT_Free"
MASK_SUFFIX = ".png"
MATERIAL, IGNORED = "magnetic tile", "ignored"


def recognise(root: Path) -> str | None:
    """Whether it holds folders MT_*/Imgs."""
    folders = _folders(root)
    return f"it holds {len(folders)} folders {PREFIX}*/{PICTURES}" if folders else None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    """Every jpg of every MT_*/Imgs, folder by folder."""
    folders = _folders(root)
    if not folders:
        raise InputError(f"{root} holds no {PREFIX}*/{PICTURES}; expected magnetic-tile's folders, such as {FREE}/Imgs")
    for folder in folders:
        for image in list_images(folder / PICTURES):
            if image.suffix.lower() != MASK_SUFFIX:
                yield _found(root, folder.name, image, options)


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
