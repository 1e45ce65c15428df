"""AWS Lookout for Vision: pictures named by manifests, or sorted into folders normal and anomaly.

    manifests/*.manifest     one JSON a line: "source-ref" names the picture; a key whose metadata's type is
                             groundtruth/image-classification says normal or anomaly; a key whose metadata's type is
                             groundtruth/semantic-segmentation names a mask in colour, with its table of colours.
                             Also *.manifest or *.jsonl in the folder itself.
    {train,test}/{normal,anomaly}/*    without a manifest; extra pictures in other folders by their names

A URI (s3://bucket/set/train/a.jpg) means the local file whose path ends the longest part of it. In a mask, an opaque
pixel within 48 levels of a listed colour is of that class, and within 48 of another listed colour of the nearer one;
BACKGROUND, white and black are no defect, see-through pixels neither. Each 8-connected piece is one instance.

A picture that no manifest names, or that has no mask, is good or defective by the word normal or anomaly (good, bad)
in its folder's or file's name: then only its class is known, "anomaly" unless --classes anomaly=NAME renames it. Its
split is what a folder or manifest named train... or test... says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.instance import Instance, components
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.mask_file import read_colours
from defectgen.dataset.layout.parallel import picture_folders
from defectgen.record import GOOD
from defectgen.source import list_images

__all__ = ["find", "recognise"]

MANIFEST_FOLDER, MANIFESTS = "manifests", (".manifest", ".jsonl")
SOURCE = "source-ref"
CLASSIFICATION, SEGMENTATION = "groundtruth/image-classification", "groundtruth/semantic-segmentation"
ANOMALY = "anomaly"
WORDS = {"normal": GOOD, "good": GOOD, "anomaly": ANOMALY, "anomalous": ANOMALY, "bad": ANOMALY}
BACKGROUND = "background"
COLOUR_RANGE, OPAQUE = 48, 127
STRAY_PX = 25
Colours = Mapping[tuple[int, int, int], str]


@dataclass(frozen=True)
class Entry:
    """One line of a manifest. defect: "good", "anomaly", or None where the line does not say."""

    image: str
    defect: str | None
    mask: str | None
    colours: Colours = field(default_factory=dict)
    split: str | None = None


def recognise(root: Path) -> str | None:
    """Whether it holds a manifest of Lookout for Vision, or train and test folders with normal and anomaly."""
    for path in _manifests(root):
        with path.open(encoding="utf-8", errors="replace") as lines:
            first = next((line for line in lines if line.strip()), "")
        if f'"{SOURCE}"' in first:
            return f"{path.relative_to(root).as_posix()} is a manifest of Lookout for Vision"
    if _manifests(root):
        return None
    sides = [root / split / word for split in ("train", "test") for word in ("normal", "anomaly")]
    return "it holds train and test with normal and anomaly" if all(path.is_dir() for path in sides) else None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    """Every picture that a manifest names, then every other one whose path says normal or anomaly."""
    named: set[Path] = set()
    masks: set[Path] = set()
    for path in _manifests(root):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield from _of_line(root, path, number, line, options, named, masks)
    for folder in picture_folders(root):
        for image in list_images(folder):
            if image not in named and image not in masks:
                yield _by_name(root, image, options)


def _manifests(root: Path) -> list[Path]:
    places = (root / MANIFEST_FOLDER, root)
    return [path for place in places if place.is_dir() for path in sorted(place.iterdir()) if path.suffix in MANIFESTS]


def _of_line(
    root: Path, path: Path, number: int, line: str, options: ImportOptions, named: set[Path], masks: set[Path]
) -> Iterator[Found | Dropped]:
    """What one line gives; `named` and `masks` collect the files that it means."""
    where = f"{path.relative_to(root).as_posix()} line {number}"
    try:
        entry = _entry(json.loads(line), path)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield Dropped(where, "unreadable", f"no line of a manifest ({str(error).splitlines()[0]})")
        return
    image, mask = _local(root, entry.image), _local(root, entry.mask) if entry.mask else None
    if image is None:
        yield Dropped(entry.image, "image missing", f"{where} names it")
        return
    name = image.relative_to(root).as_posix()
    if image in named:
        yield Dropped(name, "duplicate", f"{where} names it again")
        return
    named.add(image)
    if mask is not None:
        masks.add(mask)
    if entry.mask and mask is None:
        yield Dropped(name, "no annotation", f"its mask {entry.mask} is missing")
        return
    yield _found(root, image, mask, entry, options)


def _entry(line: Any, path: Path) -> Entry:
    types = {key: line.get(f"{key}-metadata", {}).get("type") for key in line if not key.endswith("-metadata")}
    classes = [_class(line, key) for key, kind in types.items() if kind == CLASSIFICATION]
    refs = [key for key, kind in types.items() if kind == SEGMENTATION]
    colours = _colours(line[f"{refs[0]}-metadata"]["internal-color-map"]) if refs else {}
    mask = str(line[refs[0]]) if refs else None
    return Entry(str(line[SOURCE]), classes[0] if classes else None, mask, colours, _split_word(path.stem))


def _class(line: Any, key: str) -> str:
    """Good or anomaly; the class name counts, or else the number, 0 for normal."""
    name = line[f"{key}-metadata"].get("class-name")
    if name is None:
        return ANOMALY if int(line[key]) else GOOD
    return WORDS.get(str(name).lower(), str(name))


def _colours(table: Any) -> dict[tuple[int, int, int], str]:
    return {_rgb(entry["hex-color"]): str(entry["class-name"]) for entry in table.values()}


def _rgb(text: str) -> tuple[int, int, int]:
    value = int(text.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def _local(root: Path, uri: str) -> Path | None:
    """The file below `root` that ends the longest part of the URI; None where there is none, or where it leads out."""
    parts = PurePosixPath(uri.replace("\\", "/").removeprefix("s3://")).parts
    if ".." in parts:
        return None
    parts = tuple(part for part in parts if part != "/")
    return next((path for k in range(len(parts)) if (path := root.joinpath(*parts[k:])).is_file()), None)


def _split_word(name: str) -> str | None:
    return next((split for split in ("train", "test") if name.lower().startswith(split)), None)


def _split(root: Path, image: Path) -> str | None:
    return next(filter(None, map(_split_word, image.relative_to(root).parts[:-1])), None)


def _found(root: Path, image: Path, mask: Path | None, entry: Entry, options: ImportOptions) -> Found | Dropped:
    name, split = image.relative_to(root).as_posix(), _split(root, image) or entry.split
    if mask is not None:
        return Found(image, name, _reader(mask, entry, options), split=split)
    if entry.defect is None:
        return Dropped(name, "no annotation", "its line has neither a class nor a mask")
    return _whole(image, name, entry.defect, split, options)


def _whole(image: Path, name: str, word: str, split: str | None, options: ImportOptions) -> Found:
    """A picture of which only the class is known."""
    defect = GOOD if word == GOOD else options.defect_of(word) or GOOD
    return Found(image, name, lambda hw: Labels(), defect, split=split)


def _by_name(root: Path, image: Path, options: ImportOptions) -> Found | Dropped:
    relative = image.relative_to(root)
    for part in (relative.parent.name, relative.stem):
        words = {WORDS[token] for token in re.split(r"[^a-z]+", part.lower()) if token in WORDS}
        if len(words) == 1:
            return _whole(image, relative.as_posix(), words.pop(), _split(root, image), options)
    detail = "no manifest names it, and neither its folder nor its name says normal or anomaly"
    return Dropped(relative.as_posix(), "no annotation", detail)


def _reader(mask: Path, entry: Entry, options: ImportOptions) -> Callable[[tuple[int, int]], Labels]:
    def read(hw: tuple[int, int]) -> Labels:
        labels = _labels(read_colours(mask, hw), entry.colours, options)
        if entry.defect == GOOD and labels.instances:
            raise DropError("annotation conflict", f"the manifest says normal, {mask.name} marks a defect")
        if entry.defect not in (GOOD, None) and not labels.instances and not _ignored(entry.colours, options):
            raise DropError("empty mask", f"{mask.name} has no pixel of {', '.join(entry.colours.values())}")
        return labels

    return read


def _ignored(colours: Colours, options: ImportOptions) -> bool:
    return any(name in options.ignore for name in colours.values())


def _labels(rgba: NDArray[np.uint8], colours: Colours, options: ImportOptions) -> Labels:
    """Instances of the nearest listed colours; a note where the edges' colours are of none."""
    palette = {(0, 0, 0): BACKGROUND, (255, 255, 255): BACKGROUND, **colours}
    opaque = rgba[..., 3] > OPAQUE
    seen = rgba[opaque][:, None, :3].astype(np.int16)
    apart = np.abs(seen - np.array(list(palette), np.int16)).max(axis=2)
    near = apart.min(axis=1) <= COLOUR_RANGE if seen.size else np.zeros(0, np.bool_)
    classes = np.zeros(rgba.shape[:2], np.uint8)
    classes[opaque] = np.where(near, apart.argmin(axis=1), 0) if seen.size else 0
    instances: list[Instance] = []
    for k, name in enumerate(palette.values()):
        defect = None if name.lower() == BACKGROUND else options.defect_of(name)
        if defect is not None and defect != GOOD:
            instances += components(defect, classes == k)
    stray = int(near.size - near.sum())
    if stray and not instances:
        raise DropError("unknown class", f"{stray} pixels are of no colour that the manifest lists")
    return Labels(instances, (f"{stray} px of unlisted colours taken as good",) if stray > STRAY_PX else ())
