"""Layout `folder`: one folder for good pictures and one for each type of defect, masks by name where there are any.

    good/a.png                      good; also ok, normal, defect_free, defect-free, no_defect, free, in any case
    scratch/b.png                   type "scratch"; --classes scratch=... renames it, --ignore makes it good
    scratch/line2/c.png             folders inside a type's folder are part of the name only
    scratch/b_mask.png              mask, beside its picture
    masks/scratch/b.png             or mirrored under masks, mask, ground_truth or gt, with or without _mask
    masks/b.png                     or flat there, where no other type has a picture b
    train/good/a.png, test/...      all of this may lie in train, training, val, validation or test: the split;
    masks/train/scratch/b.png       masks then mirror from inside the split or from the root

A defective picture without a mask keeps its type alone, and is noted where others have masks. A mask that marks
nothing drops its picture; on a good picture it is as good as none. The pieces of a mask are instances. Pictures that
lie in no type's folder, or outside of the splits where there are any, are dropped.

A folder that holds pictures and no folders at all is good parts, if the user names this layout; it is not recognised
by itself, since nothing in it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import zip_longest
from pathlib import Path

from defectgen.dataset.instance import components
from defectgen.dataset.item import Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.binary_mask import pieces, read_binary
from defectgen.dataset.layout.good_folder import GOOD_FOLDERS, MASK_FOLDERS, SPLIT_FOLDERS, is_good_folder
from defectgen.dataset.tree import first_picture, folders_in, pictures_in, pictures_under
from defectgen.errors import InputError
from defectgen.record import GOOD

__all__ = ["find", "recognise"]

MARK = "_mask"


@dataclass(frozen=True)
class Base:
    """The root, or the folder of one split. kinds: its folders of good or defective pictures."""

    path: Path
    root: Path
    split: str | None
    kinds: tuple[Path, ...]

    @cached_property
    def mask_folders(self) -> tuple[Path, ...]:
        """Where masks of this split may be mirrored: what is there of all such folders."""
        inside = [self.path / name for name in MASK_FOLDERS]
        above = [self.root / name / self.path.name for name in MASK_FOLDERS] if self.split is not None else []
        return tuple(folder for pair in zip_longest(inside, above) for folder in pair if folder and folder.is_dir())


def recognise(root: Path) -> str | None:
    bases = bases_of(root)
    good = next((kind for base in bases for kind in base.kinds if is_good_folder(kind.name)), None)
    if good is None or next(pictures_under(good), None) is None:
        return None
    others = sorted({kind.name for base in bases for kind in base.kinds if not is_good_folder(kind.name)})
    beside = f", and defects in {', '.join(others[:3])}{' and more' if len(others) > 3 else ''}" if others else ""
    return f"it holds good pictures in {good.relative_to(root).as_posix()}{beside}"


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    bases = bases_of(root)
    if not folders_in(root) and (images := pictures_in(root)):
        yield from (Found(image, image.name, partial(read_good, None), GOOD) for image in images)
        return
    if not any(base.kinds for base in bases):
        raise InputError(f"{root} holds no folders of pictures; expected {GOOD_FOLDERS[0]}/ and one for each type")
    yield from unplaced(root, bases)
    for base in bases:
        has_masks = bool(base.mask_folders)
        for kind in base.kinds:
            for image in pictures_under(kind):
                if not is_mask(image):
                    yield found(base, kind, image, options, has_masks)


def unplaced(root: Path, bases: Sequence[Base]) -> Iterator[Dropped]:
    """Pictures of which no folder says what they are."""
    places = {root, *(base.path for base in bases)}
    for folder in sorted(places):
        for image in pictures_in(folder):
            yield Dropped(image.relative_to(root).as_posix(), "no annotation", "lies in no folder of a type")
    if root not in {base.path for base in bases}:
        for kind in kinds_of(root):
            for image in pictures_under(kind) if kind not in places else ():
                detail = f"lies outside of {', '.join(base.path.name + '/' for base in bases)}"
                yield Dropped(image.relative_to(root).as_posix(), "no annotation", detail)


def bases_of(root: Path) -> list[Base]:
    splits = [folder for folder in folders_in(root) if folder.name.lower() in SPLIT_FOLDERS and kinds_of(folder)]
    if not splits:
        return [Base(root, root, None, kinds_of(root))]
    return [Base(one, root, SPLIT_FOLDERS[one.name.lower()], kinds_of(one)) for one in splits]


def kinds_of(folder: Path) -> tuple[Path, ...]:
    return tuple(kind for kind in folders_in(folder) if kind.name.lower() not in MASK_FOLDERS)


def is_mask(path: Path) -> bool:
    """A name_mask picture beside a picture `name`."""
    return path.stem.endswith(MARK) and first_picture(path.parent, path.stem.removesuffix(MARK)) is not None


def found(base: Base, kind: Path, image: Path, options: ImportOptions, has_masks: bool) -> Found | Dropped:
    name = image.relative_to(base.root).as_posix()
    good = is_good_folder(kind.name)
    mask = first_picture(image.parent, image.stem + MARK) or mirrored(base, image)
    if mask is None and (mask := flat(base, image)) is not None:
        types = (one for one in base.kinds if one != kind and not is_good_folder(one.name))
        rival = next((one for one in types if first_picture(one, image.stem) is not None), None)
        if rival is not None and not good:
            detail = f"{mask.relative_to(base.root).as_posix()} may belong to a picture in {rival.name} as well"
            return Dropped(name, "annotation conflict", detail)
        mask = mask if rival is None else None
    defect = None if good else options.defect_of(kind.name)
    if good or defect is None:
        return Found(image, name, partial(read_good, mask if good else None), GOOD, split=base.split)
    if mask is not None:
        return Found(image, name, partial(pieces, mask, defect), split=base.split)
    return Found(image, name, partial(no_mask, has_masks), defect, split=base.split)


def mirrored(base: Base, image: Path) -> Path | None:
    inside = image.relative_to(base.path).parent
    places = (first_picture(folder / inside, image.stem + MARK, image.stem) for folder in base.mask_folders)
    return next((mask for mask in places if mask is not None), None)


def flat(base: Base, image: Path) -> Path | None:
    places = (first_picture(folder, image.stem + MARK, image.stem) for folder in base.mask_folders)
    return next((mask for mask in places if mask is not None), None)


def no_mask(has_masks: bool, hw: tuple[int, int]) -> Labels:
    return Labels(notes=["no mask found: only the type is known"] if has_masks else [])


def read_good(mask: Path | None, hw: tuple[int, int]) -> Labels:
    """What a mask marks on a good picture contradicts its folder, and is left for the importer to refuse."""
    return Labels() if mask is None else Labels(components("defect", read_binary(mask, hw)))
