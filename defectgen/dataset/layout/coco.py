"""COCO: a JSON index with "images", "annotations" and "categories" beside folders of pictures.

    annotations/instances_train2017.json, train2017/ or images/     COCO's own, CVAT's and datumaro's
    train/_annotations.coco.json beside the pictures                Roboflow's
    any.json beside pictures or images/                             what scripts write

The index is what counts: a picture that it lists without annotations is good, a picture that it does not list is
dropped. An index whose parts do not fit together (an unknown category, a missing picture entry, an id given twice) is
refused as a whole, since nobody can say which of its other lines are right. A segmentation is polygons, of several
parts, filled as pycocotools fills them, or RLE, compressed or not, which is exact; without one there is a box alone.
A crowd region (iscrowd) stays one instance: all of it is defective, only the single defects are not told apart.

Lin et al., "Microsoft COCO: Common Objects in Context", 2014. While it is read an index takes twice its size on the
disk and up to 1 KB an annotation; pictures are not held.
"""

from __future__ import annotations

import json
import mmap
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from defectgen.dataset.instance import Instance, Mask
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.polygon import box_inside, outline_points, polygon_mask
from defectgen.dataset.split_name import split_named
from defectgen.errors import InputError
from defectgen.image import SUFFIXES

__all__ = ["find", "recognise"]

ROBOFLOW = "_annotations.coco.json"
HAS_IMAGES = re.compile(rb'"images"\s*:\s*\[')
HAS_LABELS = re.compile(rb'"annotations"\s*:\s*\[')
HAS_CLASSES = re.compile(rb'"categories"\s*:\s*\[')
FAR = 1_000_000  # pixels: no picture is larger
FEW = 8  # a folder of more JSON files than this keeps one for each picture


class Region(NamedTuple):
    """One annotation. where: for messages. box: x, y, width, height, as found."""

    where: str
    defect: str | None
    box: Any
    segmentation: Any


class Entry(NamedTuple):
    """One picture of an index and what is annotated on it."""

    name: str
    hw: tuple[int, int]
    regions: list[Region]


def recognise(root: Path) -> str | None:
    files = _index_files(root)
    return f"{files[0].relative_to(root)} lists images and annotations" if files else None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    files = _index_files(root)
    if not files:
        raise InputError(f"{root} holds no COCO index; expected annotations/*.json with images and annotations")
    seen: dict[Path, str] = {}
    for file in files:
        folders, entries = _folders(root, file), _read_index(file, options)
        if any(type(region.segmentation) is list for entry in entries for region in entry.regions):
            _coder()
        for entry in entries:
            yield _picture(root, folders, file, entry, seen)
    yield from _unlisted(root, seen)


def _index_files(root: Path) -> list[Path]:
    """The files that list pictures with annotations; with COCO's own names only those of the instances."""
    places = (root / "annotations", root, *sorted(path for path in root.iterdir() if path.is_dir()))
    for group in (places[:1], places[1:2], places[2:]):
        files = [file for place in group for file in _json_files(place) if _is_index(file)]
        named = [file for file in files if file.stem.startswith("instances_")]
        if files:
            return named or files
    return []


def _json_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    if (folder / ROBOFLOW).is_file():
        return [folder / ROBOFLOW]
    files = sorted(path for path in folder.glob("*.json") if path.is_file())
    named = [file for file in files if file.stem.startswith("instances_")]
    return named or (files if len(files) <= FEW else [])


def _is_index(file: Path) -> bool:
    """Whether the file has the lists of a COCO index; it may be large, or cut short after them."""
    if file.stat().st_size == 0:
        return False
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if HAS_IMAGES.search(text) is None:
            return False
        sure = file.name == ROBOFLOW or file.stem.startswith("instances_")
        return sure or (HAS_LABELS.search(text) is not None and HAS_CLASSES.search(text) is not None)


def _folders(root: Path, file: Path) -> list[Path]:
    """Where the pictures of an index may lie, those of its own split first."""
    tag = file.parent.name if file.name == ROBOFLOW else file.stem.removeprefix("instances_")
    names = dict.fromkeys(name for name in (tag, split_named(tag)) if name)
    own = [base / name / sub for name in names for base in (root, root / "images") for sub in ("", "images")]
    places = (*own, file.parent, file.parent / "images", root / "images", root / "data", root)
    return [folder for folder in dict.fromkeys(places) if folder.is_dir()]


def _picture(root: Path, folders: list[Path], file: Path, entry: Entry, seen: dict[Path, str]) -> Found | Dropped:
    name = entry.name.replace("\\", "/")
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        return Dropped(name, "image missing", f"{file.name} names {name!r}, which leads out of the folder")
    path = next((folder / name for folder in folders if _is_file(folder / name)), None)
    if path is None:
        return Dropped(name, "image missing", f"{file.name} lists it, no such file is there")
    place = path.relative_to(root).as_posix()
    if path in seen:
        return Dropped(place, "duplicate", f"listed in {seen[path]} and in {file.name}")
    seen[path] = file.name
    split = split_named(file.parent.name if file.name == ROBOFLOW else file.stem)
    return Found(path, place, partial(_labels, entry, file.name), split=split)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name too long for the disk
        return False


def _unlisted(root: Path, seen: Mapping[Path, str]) -> Iterator[Dropped]:
    """Pictures that lie beside listed ones and that no index lists."""
    for folder in sorted({path.parent for path in seen}):
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES and path not in seen and path.is_file():
                yield Dropped(path.relative_to(root).as_posix(), "no annotation", "no index lists it")


def _read_index(file: Path, options: ImportOptions) -> list[Entry]:
    """The pictures of an index with their regions; InputError where its parts do not fit together."""
    document = _document(file)
    categories = _categories(file, document, options)
    entries = _entries(file, document)
    ids: set[Any] = set()
    for k, one in enumerate(_items(file, document, "annotations")):
        where = f"annotations[{k}]"
        if "id" in one:
            _fresh(file, f"{where}.id", _key(file, where, one, "id"), ids)
        image, category = _key(file, where, one, "image_id"), _key(file, where, one, "category_id")
        if image not in entries:
            raise InputError(f"{file}: {where}.image_id is {image!r}, which is the id of none of its images; mend it")
        if category not in categories:
            known = ", ".join(map(str, list(categories)[:10]))
            raise InputError(f"{file}: {where}.category_id is {category!r}; expected one of its categories, {known}")
        region = Region(where, categories[category], one.get("bbox"), one.get("segmentation"))
        entries[image].regions.append(region)
    return list(entries.values())


def _document(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8-sig"), object_hook=_compact)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise InputError(f"{file} is no whole JSON ({error.msg}, {place}); is it cut short? Export it again") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is no JSON ({str(error).splitlines()[0]}); export it again") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    if not isinstance(document, dict):
        raise InputError(f"{file} holds a {type(document).__name__}; expected images, annotations and categories")
    return document


def _compact(item: dict[str, Any]) -> dict[str, Any]:
    """The numbers of polygons and runs at 8 bytes each; what is no number stays, to be refused with its picture."""
    with suppress(TypeError, OverflowError):
        if isinstance(parts := item.get("segmentation"), list):
            item["segmentation"] = [array("d", part) if isinstance(part, list) else part for part in parts]
        elif isinstance(runs := item.get("counts"), list):
            item["counts"] = array("q", runs)
    return item


def _items(file: Path, document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = document.get(name)
    if not isinstance(items, list):
        raise InputError(f"{file} has no list {name!r}; expected images, annotations and categories")
    for k, item in enumerate(items):
        if not isinstance(item, dict):
            raise InputError(f"{file}: {name}[{k}] is a {type(item).__name__}; expected a mapping")
    return items


def _categories(file: Path, document: dict[str, Any], options: ImportOptions) -> dict[Any, str | None]:
    """Category id -> defect type, None where it is to be ignored."""
    found: dict[Any, str | None] = {}
    ids: set[Any] = set()
    for k, one in enumerate(_items(file, document, "categories")):
        where = f"categories[{k}]"
        number = _key(file, where, one, "id")
        _fresh(file, f"{where}.id", number, ids)
        name = one.get("name")
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{file}: {where}.name is {name!r}; expected the defect's name")
        found[number] = options.defect_of(name.strip(), number)
    return found


def _entries(file: Path, document: dict[str, Any]) -> dict[Any, Entry]:
    """Image id -> entry, in the file's order."""
    entries: dict[Any, Entry] = {}
    names: set[Any] = set()
    ids: set[Any] = set()
    for k, one in enumerate(_items(file, document, "images")):
        where = f"images[{k}]"
        number = _key(file, where, one, "id")
        _fresh(file, f"{where}.id", number, ids)
        name = one.get("file_name")
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{file}: {where}.file_name is {name!r}; expected the picture's file name")
        _fresh(file, f"{where}.file_name", name, names)
        entries[number] = Entry(name, (_side(file, where, one, "height"), _side(file, where, one, "width")), [])
    return entries


def _side(file: Path, where: str, item: Mapping[str, Any], name: str) -> int:
    value = item.get(name)
    if not _is_number(value) or not 1 <= value < FAR or value != int(value):
        raise InputError(f"{file}: {where}.{name} is {value!r}; expected the picture's {name} in pixels")
    return int(value)


def _key(file: Path, where: str, item: Mapping[str, Any], name: str) -> int | str:
    value = item.get(name)
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise InputError(f"{file}: {where}.{name} is {value!r}; expected a whole number")
    return value


def _fresh(file: Path, where: str, value: Any, known: set[Any]) -> None:
    if value in known:
        raise InputError(f"{file}: {where} is {value!r} a second time; expected each only once")
    known.add(value)


def _labels(entry: Entry, index: str, hw: tuple[int, int]) -> Labels:
    if entry.hw != hw:
        raise DropError(
            "size mismatch", f"{index} says {entry.hw[1]}x{entry.hw[0]} pixels, the picture has {hw[1]}x{hw[0]}"
        )
    notes: list[str] = []
    instances = []
    for region in entry.regions:
        if region.defect is None:
            continue
        try:
            instances.append(_instance(region, region.defect, hw, notes))
        except DropError as error:
            raise DropError(error.reason, f"{index} {region.where}: {error.detail}") from None
    return Labels(instances, notes)


def _instance(region: Region, defect: str, hw: tuple[int, int], notes: list[str]) -> Instance:
    if not region.segmentation:
        return Instance(defect, *_box(region, hw, notes))
    if isinstance(region.segmentation, dict):
        mask = _rle_mask(region.segmentation, hw)
    elif isinstance(region.segmentation, list):
        mask = _polygons_mask(region.segmentation, hw, region.where, notes)
    else:
        raise DropError("unreadable", "segmentation is neither polygons nor RLE")
    if not mask.any():
        raise DropError("empty mask", "its segmentation has no pixel")
    return Instance.of_mask(defect, mask)


def _box(region: Region, hw: tuple[int, int], notes: list[str]) -> tuple[tuple[int, int, int, int]]:
    values = region.box
    if not isinstance(values, list) or len(values) != 4 or not all(_is_number(value) for value in values):
        raise DropError("unreadable", f"bbox is {values!r}; expected x, y, width, height")
    x, y, width, height = map(float, values)
    box, clipped = box_inside((x, y, x + width, y + height), hw)
    if clipped:
        notes.append(f"{region.where}: box cut off at the picture's edge")
    return (box,)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rle_mask(rle: Mapping[str, Any], hw: tuple[int, int]) -> Mask:
    """Run lengths down the columns, zeros first: a list of numbers, or COCO's compressed string."""
    size, counts = rle.get("size"), rle.get("counts")
    if not isinstance(size, list) or len(size) != 2:
        raise DropError("unreadable", f"RLE of size {size!r}; expected height, width")
    if tuple(size) != hw:
        raise DropError("size mismatch", f"RLE is {size[1]}x{size[0]}, the picture {hw[1]}x{hw[0]} pixels")
    if not isinstance(counts, str | array):
        raise DropError("unreadable", "RLE whose counts are neither a string nor whole numbers")
    return _decode(_runs(counts) if isinstance(counts, str) else counts, hw)


def _runs(text: str) -> list[int]:
    """Run lengths of COCO's string: five bits of value and one of "more" a character, low bits first, each run after
    the third as the change against the one two before it.
    """
    runs: list[int] = []
    value, shift = 0, 0
    for code in text.encode("ascii", "replace"):
        bits = code - 48
        if not 0 <= bits < 64 or shift > 60:
            raise DropError("unreadable", "RLE with characters that are none of its own")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, shift = 0, 0
    if shift:
        raise DropError("unreadable", "RLE cut short")
    return runs


def _decode(runs: Sequence[int], hw: tuple[int, int]) -> Mask:
    """Done here since pycocotools leaves pixels unset, at random values, where the runs are too short."""
    if min(runs, default=0) < 0 or sum(runs) != hw[0] * hw[1]:
        raise DropError("unreadable", f"RLE whose runs do not add up to {hw[1]}x{hw[0]} pixels")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(hw[::-1]).T


def _polygons_mask(parts: list[Any], hw: tuple[int, int], where: str, notes: list[str]) -> Mask:
    outlines = []
    for part in parts:
        if not isinstance(part, array) or len(part) < 6 or len(part) % 2:
            raise DropError("unreadable", "polygon that is no list of three or more x, y pairs of numbers")
        outline, clipped = outline_points(np.reshape(part, (-1, 2)), hw)
        if clipped:
            notes.append(f"{where}: polygon cut off at the picture's edge")
        outlines.append(outline)
    coder = _coder()
    packed = coder.frPyObjects([outline.ravel().tolist() for outline in outlines], *hw)
    mask = _decode(_runs(coder.merge(packed)["counts"].decode()), hw)
    if mask.any():
        return mask
    drawn = [polygon_mask(outline, hw)[0] for outline in outlines]
    notes.append(f"{where}: polygon holds no pixel's centre, its outline was drawn")
    return np.asarray(np.logical_or.reduce(drawn), np.bool_)


def _coder() -> Any:
    try:
        from pycocotools import mask
    except ImportError:
        raise InputError("COCO polygons need pycocotools; pip install 'defectgen[formats]'") from None
    return mask
