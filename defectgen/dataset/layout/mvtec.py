"""Layout `mvtec`: the tree of MVTec AD, and what later sets made of it.

    bottle/train/good/000.png                        MVTec AD, MPDD; split "train", BTAD says ok for good
    bottle/test/broken_large/000.png                 split "test", type "broken_large"
    bottle/ground_truth/broken_large/000_mask.png    its mask; also without _mask, as in BTAD
    bottle/ground_truth/logical/000/000.png          MVTec LOCO: a folder of masks, each is one defect
    bottle/validation/good/000.png                   MVTec LOCO: split "val"
    candle/Data/Images/{Normal,Anomaly}/0000.JPG     VisA: see `visa`

The folder may be one object or hold several; of several, each gives its name as the material. A set without
ground_truth knows the type of a picture only; where ground_truth is, a defective picture without its mask is dropped.
The pieces of a mask are instances. --classes renames a folder's type, --ignore makes its masks no defect.

Bergmann et al.: MVTec AD, CVPR 2019; MVTec LOCO AD, IJCV 2022.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from defectgen.dataset.instance import Instance
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout import visa
from defectgen.dataset.layout.binary_mask import pieces, read_binary
from defectgen.dataset.layout.good_folder import SPLIT_FOLDERS, is_good_folder
from defectgen.dataset.tree import first_picture, folders_in, pictures_in
from defectgen.errors import InputError
from defectgen.record import GOOD

__all__ = ["find", "recognise"]

TRUTH = "ground_truth"
MASK = "_mask"


def recognise(root: Path) -> str | None:
    if (why := visa.recognise(root)) is not None:
        return why
    objects = objects_in(root)
    if not objects:
        return None
    first = objects[0]
    tree = " and ".join([*(f"{name}/" for name in splits_of(first)), *([f"{TRUTH}/"] if has_truth(first) else [])])
    return f"it holds {tree}" if first == root else f"each of its {len(objects)} objects holds {tree}"


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    if visa.recognise(root) is not None:
        yield from visa.find(root, options)
        return
    objects = objects_in(root)
    if not objects:
        raise InputError(f"{root} has no train/good with test/ or {TRUTH}/ beside it, nor objects that have; see mvtec")
    for one in objects:
        yield from find_object(one, root, None if one == root else words_of(one.name), options)


def objects_in(root: Path) -> list[Path]:
    return [root] if is_object(root) else [folder for folder in folders_in(root) if is_object(folder)]


def is_object(folder: Path) -> bool:
    """A tree with masks, or one that trains on good pictures alone."""
    train = folders_in(folder / "train")
    only_good = bool(train) and all(is_good_folder(kind.name) for kind in train)
    tested = bool(folders_in(folder / "test"))
    return (only_good and (tested or has_truth(folder))) or (tested and has_truth(folder))


def has_truth(folder: Path) -> bool:
    return (folder / TRUTH).is_dir()


def splits_of(folder: Path) -> list[str]:
    return [one.name for one in folders_in(folder) if one.name in SPLIT_FOLDERS]


def words_of(name: str) -> str:
    return name.replace("_", " ")


def find_object(folder: Path, root: Path, material: str | None, options: ImportOptions) -> Iterator[Found | Dropped]:
    for split in splits_of(folder):
        for kind in folders_in(folder / split):
            for image in pictures_in(kind):
                name = image.relative_to(root).as_posix()
                if is_good_folder(kind.name):
                    yield Found(image, name, no_defect, GOOD, split=SPLIT_FOLDERS[split], material=material)
                    continue
                masks = masks_of(folder / TRUTH / kind.name, image.stem)
                yield defective(image, name, masks, SPLIT_FOLDERS[split], material, options, has_truth(folder))
    yield from lone_masks(folder, root)


def defective(
    image: Path, name: str, masks: Sequence[Path], split: str, material: str | None, options: ImportOptions, truth: bool
) -> Found | Dropped:
    if truth and not masks:
        kind = image.parent.name
        return Dropped(name, "no annotation", f"{TRUTH}/{kind} has no mask {image.stem}{MASK} or {image.stem}")
    defect = options.defect_of(image.parent.name)
    read = partial(read_masks, masks, defect) if masks else no_defect
    return Found(image, name, read, None if masks and defect else defect or GOOD, split=split, material=material)


def masks_of(folder: Path, stem: str) -> list[Path]:
    """The mask of a picture, or the masks in a folder of its name."""
    mask = first_picture(folder, stem + MASK, stem)
    return pictures_in(folder / stem) if mask is None else [mask]


def no_defect(hw: tuple[int, int]) -> Labels:
    return Labels()


def read_masks(masks: Sequence[Path], defect: str | None, hw: tuple[int, int]) -> Labels:
    """One mask: each piece an instance; several: each mask one."""
    if len(masks) == 1:
        return pieces(masks[0], defect, hw)
    read = [mask for mask in (read_binary(path, hw) for path in masks) if mask.any()]
    if not read:
        raise DropError("empty mask", f"none of its {len(masks)} masks in {masks[0].parent.name} marks a pixel")
    return Labels([Instance.of_mask(defect, mask) for mask in read] if defect is not None else ())


def lone_masks(folder: Path, root: Path) -> Iterator[Dropped]:
    """Masks whose picture no split has."""
    splits = splits_of(folder)
    for kind in folders_in(folder / TRUTH):
        for mask in [*pictures_in(kind), *folders_in(kind)]:
            stems = (mask.name,) if mask.is_dir() else (mask.stem.removesuffix(MASK), mask.stem)
            if all(first_picture(folder / split / kind.name, *stems) is None for split in splits):
                yield Dropped(mask.relative_to(root).as_posix(), "image missing", "a mask without its picture")
