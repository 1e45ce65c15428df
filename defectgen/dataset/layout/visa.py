"""VisA's variant of the MVTec tree: masks whose values are defect types, and a table of the split.

    split_csv/1cls.csv                        object,split,label,image,mask; gives train and test, if there
    candle/image_anno.csv                     image,label,mask; gives the types of a picture, if there
    candle/Data/Images/Normal/0000.JPG        good
    candle/Data/Images/Anomaly/000.JPG        defective
    candle/Data/Masks/Anomaly/000.png         0 on the part, a number for each type of defect

The root may be the set or one object. A value's type is what --classes says for it; else the label of the picture in
image_anno.csv, where that is a single one; else "anomaly". Of a set's objects, the
names are materials.

Zou et al.: SPot-the-Difference Self-Supervised Pre-training for Anomaly Detection. ECCV 2022.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from defectgen.dataset.instance import Instance, components
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.mask_file import read_values
from defectgen.dataset.tree import first_picture, folders_in, pictures_in
from defectgen.errors import InputError
from defectgen.record import GOOD

__all__ = ["find", "recognise"]

TABLE, TYPES = "split_csv/1cls.csv", "image_anno.csv"
IMAGES, MASKS = "Data/Images", "Data/Masks/Anomaly"
NORMAL, ANOMALY = "Normal", "Anomaly"
UNNAMED = "anomaly"
MOST_VALUES = 32


def recognise(root: Path) -> str | None:
    objects = objects_in(root)
    if not objects:
        return None
    return f"it holds {(objects[0] / IMAGES).relative_to(root).as_posix()}/{{{NORMAL},{ANOMALY}}}, as VisA does"


def objects_in(root: Path) -> list[Path]:
    kinds = [f"{IMAGES}/{kind}" for kind in (NORMAL, ANOMALY)]
    return [one for one in (root, *folders_in(root)) if any((one / kind).is_dir() for kind in kinds)]


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    splits = {row["image"]: row["split"] for row in rows(root / TABLE, ("image", "split"))}
    for folder in objects_in(root):
        material = None if folder == root else folder.name.replace("_", " ")
        types = {Path(row["image"]).name: row["label"] for row in rows(folder / TYPES, ("image", "label"))
                 if f"/{ANOMALY}/" in row["image"]}  # fmt: skip
        for image in pictures_in(folder / IMAGES / NORMAL):
            name = image.relative_to(root).as_posix()
            yield Found(image, name, lambda hw: Labels(), GOOD, split=split_of(splits, name), material=material)
        for image in pictures_in(folder / IMAGES / ANOMALY):
            name = image.relative_to(root).as_posix()
            mask = first_picture(folder / MASKS, image.stem)
            if mask is None:
                yield Dropped(name, "no annotation", f"{MASKS} has no mask {image.stem}")
                continue
            read = partial(read_mask, mask, types.get(image.name), options)
            yield Found(image, name, read, split=split_of(splits, name), material=material)


def rows(path: Path, columns: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """The lines of a table; none where there is no such file."""
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        table = csv.DictReader(file)
        missing = [name for name in columns if name not in (table.fieldnames or ())]
        if missing:
            raise InputError(f"{path} has no column {missing[0]!r}; expected {', '.join(columns)}")
        for row in table:
            yield {name: row[name] or "" for name in columns}


def split_of(splits: Mapping[str, str], name: str) -> str | None:
    split = splits.get(name)
    return split if split in ("train", "val", "test") else None


def read_mask(path: Path, label: str | None, options: ImportOptions, hw: tuple[int, int]) -> Labels:
    """Every piece of every value as an instance."""
    values = read_values(path, hw)
    levels = [int(level) for level in np.unique(values) if level]
    if not levels:
        raise DropError("empty mask", f"{path.name} marks no pixel")
    if len(levels) > MOST_VALUES:
        raise DropError("unknown class", f"{path.name} has {len(levels)} values; expected a number for each type")
    single = label.strip() if label and "," not in label else None
    instances: list[Instance] = []
    for level in levels:
        defect = options.defect_of(level)
        if defect == str(level):
            defect = options.defect_of(single or UNNAMED)
        if defect is not None:
            instances.extend(components(defect, np.asarray(values == level)))
    return Labels(instances)
