"""Index masks: a picture of labels beside each picture, under the same stem, in a parallel folder.

    images/a.jpg  masks/a.png               also img, imgs, data, JPEGImages; ann, anns, annotation, annotations, mask,
    train/img/a.jpg  train/ann/a.png        gt, ground_truth, label, labels, SegmentationClass; folders named train,
    images/val/a.jpg  annotations/val/a.png val, test, testset, ... on the way give the split

What a mask holds decides how it is read:

    labels    a class table is given, {"1": "dark", "2": "cross"}: a listed value is that defect, 0 and ignored values
              are good. A value is a grey level, an index into a palette of colours, or "#rrggbb" in a mask in full
              colour. The class "good" means no defect.
    binary    no table, 0 and one other value in all masks: one class, "defect".
    soft      grey levels from black to white, as JPEG leaves them: one class, defective above 127, in pieces of 5 px
              or more. With a table, its only class; "255" names it.

To decide, up to 48 masks spread over the set are read first. Several values without a table are an error, since nothing
says which of them are defects, and so is a value that the table lacks; one that only turns up later drops its picture
as "unknown class". Each class and each 8-connected piece of it is one instance. An empty mask is a
good picture; a picture without a mask, and a mask without a picture, are dropped.

The preset pv-vision is {train,val,testset}/{img,ann}: electroluminescence pictures of solar cells, 1 dark area,
2 cross crack, 3 crack, 4 the bus bar, which is part of a good cell. The solar module, the file's name before its last
"_", is the group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from defectgen.dataset.instance import Instance, components
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.mask_file import COLOUR, Values, read_soft_pieces, read_values
from defectgen.dataset.layout.parallel import FolderPair, files_by_stem, folder_pairs, split_of
from defectgen.errors import InputError
from defectgen.image import SUFFIXES
from defectgen.record import GOOD

__all__ = ["find", "find_pv_vision", "recognise", "recognise_pv_vision"]

MASK_FOLDERS = (
    "ann", "anns", "annotation", "annotations", "mask", "masks", "gt", "ground_truth", "label", "labels",
    "segmentationclass",
)  # fmt: skip
PROBED = 48
BINARY = "defect"
SOFT_LOW, SOFT_HIGH, SOFT_LEVELS = 16, 239, 12
PV_CLASSES = {"1": "dark area", "2": "cross crack", "3": "crack"}
PV_BUS_BAR = "4"
PV_MATERIAL = "solar cell"


@dataclass(frozen=True)
class Coding:
    """What the values of all masks of a set mean. soft: the class of a mask that is cut at 127; None for labels."""

    classes: dict[int, str]
    ignored: frozenset[int]
    soft: str | None = None


def recognise(root: Path) -> str | None:
    """Whether pictures and mask pictures lie in parallel folders."""
    if recognise_pv_vision(root) is not None or _is_voc(root):
        return None
    pair = next(iter(folder_pairs(root, MASK_FOLDERS, SUFFIXES)), None)
    if pair is None:
        return None
    pictures = files_by_stem(pair.pictures)
    if not (pictures.keys() | {path.name for paths in pictures.values() for path in paths}) & _masks(pair).keys():
        return None
    names = pair.pictures.relative_to(root).as_posix(), pair.annotations.relative_to(root).as_posix()
    return f"{names[0]} holds pictures and {names[1]} mask pictures of the same names"


def recognise_pv_vision(root: Path) -> str | None:
    """Whether it is pv-vision's folders, with names MODULE_CELL and values 0 to 4."""
    if not all((root / "testset" / name).is_dir() for name in ("img", "ann")):
        return None
    masks = [path for paths in files_by_stem(root / "testset" / "ann", (".png",)).values() for path in paths][:4]
    try:
        fits = all("_" in path.stem and int(read_values(path, None).max()) <= int(PV_BUS_BAR) for path in masks)
    except DropError:
        return None
    return "it holds testset/img and testset/ann with the values 0 to 4 of pv-vision" if masks and fits else None


def _is_voc(root: Path) -> bool:
    return next(root.glob("Annotations/*.xml"), None) is not None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    """Every picture that has a parallel mask folder, and every mask without a picture."""
    pairs = list(folder_pairs(root, MASK_FOLDERS, SUFFIXES))
    if not pairs:
        raise InputError(f"{root} holds no parallel folders of pictures and masks; expected such as images and masks")
    coding = _coding(root, pairs, options)
    for pair in pairs:
        yield from _find_pair(root, pair, coding)


def find_pv_vision(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    """pv-vision with its own class table, which the options may change, grouped by solar module."""
    ignore = options.ignore | ({PV_BUS_BAR} - options.classes.keys())
    preset = replace(options, classes={**PV_CLASSES, **options.classes}, ignore=ignore)
    for one in find(root, preset):
        module = one.image.stem.rpartition("_")[0] if isinstance(one, Found) else ""
        yield replace(one, group=module or None, material=PV_MATERIAL) if isinstance(one, Found) else one


def _find_pair(root: Path, pair: FolderPair, coding: Coding) -> Iterator[Found | Dropped]:
    pictures, masks = files_by_stem(pair.pictures), _masks(pair)
    split = split_of(pair.pictures, root)
    for stem, files in pictures.items():
        for image in files:
            name = image.relative_to(root).as_posix()
            candidates = masks.get(image.name) or masks.get(stem) or []
            if not candidates:
                yield Dropped(name, "no annotation", f"{pair.annotations.name} holds no mask {stem}")
            elif len(candidates) > 1 or (len(files) > 1 and image.name not in masks):
                others = candidates if len(candidates) > 1 else files
                detail = f"{' and '.join(path.name for path in others[:2])} have the same stem"
                yield Dropped(name, "annotation conflict", detail)
            else:
                yield Found(image, name, _reader(candidates[0], coding), split=split)
    known = pictures.keys() | {path.name for files in pictures.values() for path in files}
    for stem, files in masks.items():
        for mask in files if stem not in known else ():
            yield Dropped(mask.relative_to(root).as_posix(), "image missing", f"no picture has the stem {stem}")


def _masks(pair: FolderPair) -> dict[str, list[Path]]:
    """Mask files by stem; of a.jpg.png the stem is a.jpg, the picture's whole name."""
    return files_by_stem(pair.annotations)


def _coding(root: Path, pairs: Sequence[FolderPair], options: ImportOptions) -> Coding:
    classes = {_value(key): name for key, name in options.classes.items()}
    ignored = {_value(key) for key in options.ignore if key not in options.classes.values()}
    ignored |= {value for value, name in classes.items() if name in options.ignore or name == GOOD}
    named = {value: name for value, name in classes.items() if value not in ignored}
    seen = _probe([path for pair in pairs for paths in _masks(pair).values() for path in paths])
    if _is_soft(seen) and len(named) <= 1 and not (set(named) - {255}):
        return Coding({}, frozenset(), soft=next(iter(named.values()), BINARY))
    ignored |= {0} - named.keys()
    strange = sorted(seen.keys() - named.keys() - ignored)
    if classes and strange:
        raise InputError(_strange(strange[0], seen[strange[0]], named, f"masks of {root} hold"))
    if classes:
        return Coding(named, frozenset(ignored))
    defects = strange
    if len(defects) > 1:
        raise InputError(_ask_for_table(root, seen, defects))
    return Coding(dict.fromkeys(defects or (1, 255), BINARY), frozenset(ignored))


def _value(key: str) -> int:
    """The value that "3" or "#c80000" names."""
    try:
        return COLOUR | int(key[1:], 16) if key.startswith("#") and len(key) == 7 else int(key)
    except ValueError as error:
        raise InputError(
            f"class {key!r} is no value of a mask; expected a number or #rrggbb, as in --classes 1=crack,2=stain"
        ) from error


def _name(value: int) -> str:
    return f"#{value - COLOUR:06x}" if value >= COLOUR else str(value)


def _probe(masks: Sequence[Path]) -> dict[int, int]:
    """Values and their pixel counts over up to `PROBED` masks, spread evenly; unreadable ones are left for later."""
    seen: dict[int, int] = {}
    for k in np.unique(np.linspace(0, len(masks) - 1, PROBED).astype(int)):
        try:
            values, counts = np.unique(read_values(masks[k], None), return_counts=True)
        except DropError:
            continue
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            seen[value] = seen.get(value, 0) + count
    return seen


def _is_soft(seen: dict[int, int]) -> bool:
    """Many grey levels, nearly all of the pixels close to black or to white."""
    if len(seen) < SOFT_LEVELS or max(seen) > 255 or max(seen) < SOFT_HIGH:
        return False
    ends = sum(count for value, count in seen.items() if value <= SOFT_LOW or value >= SOFT_HIGH)
    return ends > 0.9 * sum(seen.values())


def _ask_for_table(root: Path, seen: dict[int, int], defects: Sequence[int]) -> str:
    listed = ", ".join(f"{_name(value)} ({seen[value]} px)" for value in defects[:6])
    more = f" and {len(defects) - 6} more" if len(defects) > 6 else ""
    table = ",".join(f"{_name(value)}=NAME" for value in defects[:3])
    return f"masks of {root} hold the values {listed}{more}; say which are defects: --classes {table} --ignore VALUES"


def _strange(value: int, count: int, named: Iterable[int], who: str) -> str:
    name, known = _name(value), ", ".join(map(_name, named))
    return (
        f"{who} the value {name} on {count} pixels; expected 0, {known} or an ignored value: "
        f"add {name}=NAME to --classes, or --ignore {name}"
    )


def _reader(mask: Path, coding: Coding) -> Callable[[tuple[int, int]], Labels]:
    def read(hw: tuple[int, int]) -> Labels:
        if coding.soft is not None:
            return read_soft_pieces(mask, coding.soft, hw)
        return Labels(_instances(mask, read_values(mask, hw), coding))

    return read


def _instances(mask: Path, values: Values, coding: Coding) -> list[Instance]:
    found: list[Instance] = []
    for value in np.unique(values).tolist():
        if value in coding.ignored:
            continue
        if value not in coding.classes:
            raise DropError(
                "unknown class", _strange(value, int((values == value).sum()), coding.classes, f"{mask.name} holds")
            )
        found += components(coding.classes[value], values == value)
    return found
