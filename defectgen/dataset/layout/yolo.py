"""YOLO: a text file for each picture, one line for each defect, in fractions of the picture's width and height.

    class cx cy w h             a box by its centre and size
    class x1 y1 x2 y2 x3 y3 ... a polygon of three points or more

    data.yaml with names and train/val/test;  images/<split> + labels/<split>, or <split>/images + <split>/labels
    classes.txt or obj.names with one name a line;  images/ + labels/, or each text file beside its picture

A label file lies where its picture does, with the last "images" of the path turned into "labels". A picture whose file
is empty or missing is good. A picture with a line that cannot be read is dropped, with the line's number: supervision
reads the same files but stops at the first bad line without naming file and line, takes a polygon with an odd number
left over for one with a confidence, and moves no note to the user, so that the few lines of reading are done here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import yaml

from defectgen.dataset.instance import Instance
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.polygon import box_inside, polygon_mask
from defectgen.dataset.split_name import split_named
from defectgen.dataset.tree import folders_in, pictures_in, pictures_under
from defectgen.errors import InputError
from defectgen.image import SUFFIXES

__all__ = ["find", "recognise"]

NAME_FILES = ("classes.txt", "obj.names", "labels/classes.txt")
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
BOX, LEAST_POLYGON = 5, 7
SLACK = 1e-3  # of the picture's side: what a writer's rounding may take a fraction beyond 0 or 1


class Config(NamedTuple):
    """What a data.yaml or a list of names says.

    names: by class number, None where nothing says them. places: a folder or list of pictures -> its split.
    """

    names: dict[int, str] | None
    places: dict[Path, str]


class Picture(NamedTuple):
    """A picture, and where its label file lies if it has one."""

    image: Path
    label: Path
    split: str | None


def recognise(root: Path) -> str | None:
    for file in _yaml_files(root):
        if isinstance(names := _yaml(file).get("names"), list | dict):
            return f"{file.name} names {len(names)} {'class' if len(names) == 1 else 'classes'}"
    for folder in _label_folders(root):
        label = next((file for file in sorted(folder.rglob("*.txt")) if _looks_like_labels(file)), None)
        if label is not None:
            return f"{label.relative_to(root)} has a class and fractions of the picture on each line"
    names_file = next((name for name in NAME_FILES if (root / name).is_file()), None)
    return f"{names_file} names classes" if names_file and any(_beside(root)) else None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    config = _config(root)
    if config.names is None and not _label_folders(root) and not any(_beside(root)):
        raise InputError(f"{root} holds no YOLO labels; expected images/ and labels/, or a text file beside a picture")
    folders: set[Path] = set()
    for picture in _pictures(root, config):
        if isinstance(picture, Dropped):
            yield picture
            continue
        folders.add(picture.label.parent)
        read = partial(_labels, root, picture, config.names, options)
        yield Found(picture.image, picture.image.relative_to(root).as_posix(), read, split=picture.split)
    if not folders:
        raise InputError(f"{root} holds no pictures where YOLO keeps them; expected images/")
    for folder in sorted(folders):
        yield from _orphans(root, folder)


def _config(root: Path) -> Config:
    for file in _yaml_files(root):
        fields = _yaml(file, strict=True)
        if "names" in fields:
            return Config(_names(file, fields), _places(root, file, fields))
    for name in NAME_FILES:
        if (root / name).is_file():
            return Config(_name_list(root / name), {})
    return Config(None, {})


def _yaml_files(root: Path) -> list[Path]:
    files = sorted(file for suffix in ("*.yaml", "*.yml") for file in root.glob(suffix) if file.is_file())
    return sorted(files, key=lambda file: file.stem not in ("data", "dataset"))


def _yaml(file: Path, strict: bool = False) -> dict[Any, Any]:
    """The fields of a file; nothing, or InputError if strict, where it has none."""
    try:
        fields = yaml.safe_load(file.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, OSError) as error:
        if strict:
            reason = " ".join(str(error).split())
            raise InputError(f"{file} is no YAML ({reason}); expected names, train and val") from None
        return {}
    return fields if isinstance(fields, dict) else {}


def _names(file: Path, fields: dict[Any, Any]) -> dict[int, str]:
    names, count = fields["names"], fields.get("nc")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names:
        raise InputError(f"{file}: names is {names!r}; expected a list of class names, or number: name")
    table: dict[int, str] = {}
    for key, name in names.items():
        if not str(key).isdecimal() or not str(name).strip() or isinstance(name, list | dict):
            raise InputError(f"{file}: names has {key!r}: {name!r}; expected number: name")
        table[int(key)] = str(name).strip()
    if count is not None and count != len(table):
        raise InputError(f"{file}: nc is {count!r}, but names has {len(table)} classes; mend one of them")
    return table


def _name_list(file: Path) -> dict[int, str]:
    try:
        lines = file.read_text("utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({error}); expected one class name a line, in UTF-8") from None
    if not lines or not all(line.strip() for line in lines):
        raise InputError(f"{file} has an empty line or none; expected one class name a line")
    return {number: line.strip() for number, line in enumerate(lines)}


def _places(root: Path, file: Path, fields: dict[Any, Any]) -> dict[Path, str]:
    """Folder or list of pictures -> its split; one that the file names for several splits belongs to the first."""
    base = str(fields.get("path") or "")
    places: dict[Path, str] = {}
    for key, split in SPLITS.items():
        given = fields.get(key)
        if given is None or given == "":
            continue
        for text in given if isinstance(given, list) else [given]:
            if not isinstance(text, str):
                raise InputError(f"{file}: {key} is {given!r}; expected a folder of pictures, or several")
            place = _place(root, base, text)
            if place is None:
                raise InputError(f"{file}: {key} is {text!r}, which is not in {root}; expected a folder of pictures")
            places.setdefault(place, split)
    return places


def _place(root: Path, base: str, text: str) -> Path | None:
    """What a data.yaml means by a path: from its `path`, from the file, or, as tools write it, from a folder beside."""
    if "\0" in base + text:
        return None
    parts = PurePosixPath(text.replace("\\", "/")).parts
    tail = PurePosixPath(*[part for part in parts if part not in ("..", ".", "/")])
    for place in (root / base / text, root / text, root / tail):
        if place.resolve().is_relative_to(root.resolve()) and place.exists():
            return Path(root / place.resolve().relative_to(root.resolve()))
    return None


def _pictures(root: Path, config: Config) -> Iterator[Picture | Dropped]:
    for place, split in config.places.items():
        for image in pictures_under(place) if place.is_dir() else _listed(root, place):
            yield image if isinstance(image, Dropped) else Picture(image, _label_of(root, image), split)
    if config.places:
        return
    folders = _image_folders(root)
    images = (image for folder in folders for image in pictures_under(folder)) if folders else _beside_all(root)
    for image in images:
        parts = image.parent.relative_to(root).parts
        named = next((SPLITS[part.lower()] for part in parts if part.lower() in SPLITS), None)
        yield Picture(image, _label_of(root, image), named or split_named("/".join(parts)))


def _listed(root: Path, file: Path) -> Iterator[Path | Dropped]:
    """The pictures that a text file names, one a line."""
    try:
        lines = file.read_text("utf-8-sig").splitlines() if file.suffix == ".txt" else None
    except UnicodeDecodeError:
        lines = None
    if lines is None:
        raise InputError(f"{file} is neither a folder nor a list of pictures, one a line in UTF-8; mend the data.yaml")
    for number, line in enumerate(lines, 1):
        text = line.strip()
        image = _place(root, "", text) if text else None
        if image is not None and image.suffix.lower() in SUFFIXES:
            yield image
        elif text:
            where = file.relative_to(root)
            yield Dropped(text, "image missing", f"{where} line {number} names it, no such picture is in the folder")


def _image_folders(root: Path) -> list[Path]:
    """images/, or images/ in each split's folder."""
    splits = [folder for folder in folders_in(root) if folder.name.lower() in SPLITS]
    return [folder for folder in (root / "images", *(split / "images" for split in splits)) if folder.is_dir()]


def _label_folders(root: Path) -> list[Path]:
    """Those of image folders; a folder of other files than labels is told by its files."""
    return [folder.parent / "labels" for folder in _image_folders(root) if (folder.parent / "labels").is_dir()]


def _beside(folder: Path) -> Iterator[Path]:
    """Pictures with a text file beside, in the folder and one below, such as obj_train_data."""
    for place in (folder, *folders_in(folder)):
        yield from (image for image in pictures_in(place) if image.with_suffix(".txt").is_file())


def _beside_all(folder: Path) -> Iterator[Path]:
    for place in (folder, *folders_in(folder)):
        yield from pictures_in(place)


def _label_of(root: Path, image: Path) -> Path:
    parts = list(image.relative_to(root).parts)
    folders = parts[:-1]
    if "images" in folders:
        last = len(folders) - 1 - folders[::-1].index("images")
        parts[last] = "labels"
    return (root / Path(*parts)).with_suffix(".txt")


def _image_stem(root: Path, label: Path) -> Path:
    """Where the picture of a label file lies, without its suffix: `_label_of` the other way round."""
    parts = list(label.relative_to(root).with_suffix("").parts)
    folders = parts[:-1]
    if "labels" in folders:
        last = len(folders) - 1 - folders[::-1].index("labels")
        parts[last] = "images"
    return root / Path(*parts)


def _orphans(root: Path, folder: Path) -> Iterator[Dropped]:
    """Label files without a picture."""
    for file in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
        if _looks_like_labels(file) and not _with_stem(_image_stem(root, file)):
            yield Dropped(file.relative_to(root).as_posix(), "image missing", "a label file without a picture")


def _with_stem(stem: Path) -> list[Path]:
    """The pictures that would share a label file."""
    names = (f"{stem.name}{suffix}" for lower in SUFFIXES for suffix in (lower, lower.upper()))
    return [path for name in names if (path := stem.with_name(name)).is_file()]


def _looks_like_labels(file: Path) -> bool:
    """Whether the first line is a class number and fractions."""
    try:
        with file.open("rb") as text:
            tokens = text.readline(4096).split()
        return len(tokens) >= BOX and float(tokens[0]) >= 0 and all(-1 <= float(token) <= 2 for token in tokens[1:])
    except (OSError, ValueError):
        return False


def _labels(
    root: Path, picture: Picture, names: dict[int, str] | None, options: ImportOptions, hw: tuple[int, int]
) -> Labels:
    file = picture.label
    if not file.is_file():
        return Labels()
    where = file.relative_to(root).as_posix()
    twins = [path for path in _with_stem(picture.image.with_suffix("")) if not path.samefile(picture.image)]
    if twins:
        raise DropError("annotation conflict", f"{where} may belong to {twins[0].name} as well; rename one of them")
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DropError("unreadable", f"{where} is no text in UTF-8") from None
    instances, notes = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            instance, clipped = _instance(line.split(), names, options, hw)
        except DropError as error:
            raise DropError(error.reason, f"{where} line {number}: {error.detail}") from None
        if clipped:
            notes.append(f"{where} line {number}: cut off at the picture's edge")
        if instance is not None:
            instances.append(instance)
    return Labels(instances, notes)


def _instance(
    tokens: Sequence[str], names: dict[int, str] | None, options: ImportOptions, hw: tuple[int, int]
) -> tuple[Instance | None, bool]:
    """The defect of one line, None where its class is ignored; and whether some of it was cut off."""
    if len(tokens) != BOX and (len(tokens) < LEAST_POLYGON or len(tokens) % 2 == 0):
        raise DropError(
            "unreadable", f"{len(tokens)} values; expected class and 4 of a box, or x, y pairs of a polygon"
        )
    values = _numbers(tokens)
    defect = _defect(values[0], names, options)
    low, high = min(values[1:]), max(values[1:])
    if low < -SLACK or high > 1 + SLACK:
        worst = low if low < -SLACK else high
        raise DropError("outside image", f"{worst:g} is not from 0 to 1; expected fractions of width and height")
    if defect is None:
        return None, False
    height, width = hw
    if len(tokens) == BOX:
        x, y, w, h = values[1:]
        edges = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
        box, clipped = box_inside(edges, hw)
        return Instance(defect, box), clipped
    points = np.reshape(values[1:], (-1, 2)) * (width, height)
    mask, clipped = polygon_mask(points, hw)
    return Instance.of_mask(defect, mask), clipped


def _numbers(tokens: Sequence[str]) -> list[float]:
    values = []
    for token in tokens:
        try:
            value = float(token)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise DropError("unreadable", f"{token!r} is no number")
        values.append(value)
    return values


def _defect(value: float, names: dict[int, str] | None, options: ImportOptions) -> str | None:
    number = int(value)
    if value != number or number < 0:
        raise DropError("unknown class", f"class {value:g}; expected a whole number from 0")
    if names is None:
        return options.defect_of(number)
    if number not in names:
        raise DropError("unknown class", f"class {number}; expected one of {', '.join(map(str, list(names)[:10]))}")
    return options.defect_of(names[number], number)
