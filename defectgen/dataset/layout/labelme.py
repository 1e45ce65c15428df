"""labelme: one JSON file of drawn shapes a picture, beside the picture or in a parallel folder.

    a.jpg a.json                beside: what labelme writes. A picture without a JSON is not annotated yet, and dropped,
                                unless its folder is named good, normal or ok.
    data/a.jpg label/a.json     parallel (also images or img; labels, json, ann, annotation, annotations): the second
                                folder holds the defective pictures' files, so a picture without one is good.

A JSON without shapes is a good picture. It belongs to the picture of its own stem, or else to the one that its
imagePath names. The defect is the label in lower case; the labels good, _background_ and __ignore__ are no defect.

    polygon, rectangle, circle, mask    filled as labelme itself does, the outline included
    line, linestrip                     drawn 3 px wide
    point                               passed over with a note; a picture with points alone is dropped

Shapes of one label and one group_id are one instance. What leaves the picture is clipped with a note; a shape wholly
outside drops the picture, as does a broken file.

bsdata's pictures show the same places of ball screws as they wear: see `ball_screw` for their groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, Field, ValidationError

from defectgen.dataset.instance import Instance, Mask
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.ball_screw import places
from defectgen.dataset.layout.labelme_shape import Shape, fill
from defectgen.dataset.layout.parallel import FolderPair, files_by_stem, folder_pairs, picture_folders, split_of
from defectgen.errors import InputError
from defectgen.record import GOOD

__all__ = ["find", "recognise"]

JSON = (".json",)
LABEL_FOLDERS = ("label", "labels", "json", "jsons", "ann", "annotation", "annotations")
GOOD_FOLDERS = frozenset({GOOD, "normal", "ok"})
NO_DEFECT = frozenset({GOOD, "_background_", "__ignore__"})
FOLDERS_PROBED, PROBED = 20, 3
HEAD_BYTES, KEYS = 1 << 16, (b'"shapes"', b'"imageData"', b'"imagePath"')


class Drawing(BaseModel):
    """One JSON file of labelme; what it says besides is passed over."""

    shapes: list[Shape]
    image_path: str | None = Field(None, alias="imagePath")
    height: int | None = Field(None, alias="imageHeight")
    width: int | None = Field(None, alias="imageWidth")


def recognise(root: Path) -> str | None:
    """Whether it holds labelme's JSON files; says what a picture without one is taken for."""
    for pair in _pairs(root):
        folders = f"{_below(pair.pictures, root)} holds pictures and {_below(pair.annotations, root)} labelme's JSON"
        alone = len(files_by_stem(pair.pictures).keys() - files_by_stem(pair.annotations, JSON).keys())
        return folders + (f"; the {alone} pictures without one count as good" if alone else "")
    for folder, _ in zip(picture_folders(root), range(FOLDERS_PROBED), strict=False):
        if _holds_drawings(folder):
            return f"{_below(folder, root)} holds pictures with labelme's JSON beside them"
    return None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    """Every picture, and every JSON without one."""
    pairs = _pairs(root) or list(folder_pairs(root, LABEL_FOLDERS, JSON))
    folders = pairs or [FolderPair(folder, folder) for folder in picture_folders(root)]
    if not any(files_by_stem(pair.annotations, JSON) for pair in folders):
        raise InputError(f"{root} holds no JSON beside pictures or in a folder such as label; expected labelme's files")
    for pair in folders:
        yield from _find_pair(root, pair, options)


def _pairs(root: Path) -> list[FolderPair]:
    return [pair for pair in folder_pairs(root, LABEL_FOLDERS, JSON) if _holds_drawings(pair.annotations)]


def _below(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder != root else "it"


def _holds_drawings(folder: Path) -> bool:
    """Whether one of its first JSON files is labelme's."""
    for paths in list(files_by_stem(folder, JSON).values())[:PROBED]:
        with paths[0].open("rb") as file:
            head = file.read(HEAD_BYTES)
        # Other JSON may be gigabytes long.
        if any(key in head for key in KEYS):
            try:
                _load(paths[0])
            except DropError:
                continue
            return True
    return False


def _load(path: Path) -> Drawing:
    try:
        return Drawing.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DropError("unreadable", f"{path.name}: {where + ': ' if where else ''}{first['msg']}") from error
    except OSError as error:
        raise DropError("unreadable", f"{path.name}: {error.strerror}") from error


def _find_pair(root: Path, pair: FolderPair, options: ImportOptions) -> Iterator[Found | Dropped]:
    pictures, drawings = files_by_stem(pair.pictures), files_by_stem(pair.annotations, JSON)
    named = {path.name for paths in pictures.values() for path in paths}
    astray = {stem: _picture_named(paths[0]) for stem, paths in drawings.items() if stem not in pictures}
    by_name = {name: drawings[stem][0] for stem, name in astray.items() if name in named}
    lost = [stem for stem, name in astray.items() if name not in named]
    lost_lower = {stem.lower() for stem in lost}
    groups = places(pictures)
    for stem, paths in pictures.items():
        for image in paths:
            name, drawing = image.relative_to(root).as_posix(), by_name.get(image.name)
            if stem in drawings and len(paths) > 1 and _picture_named(drawings[stem][0]) != image.name:
                yield Dropped(name, "annotation conflict", f"{stem}.json may be of another picture of this stem")
            elif stem not in drawings and drawing is None and stem.lower() in lost_lower:
                yield Dropped(name, "annotation conflict", "a JSON's name differs from it in upper and lower case only")
            else:
                one = _found(root, pair, image, drawings[stem][0] if stem in drawings else drawing, options)
                yield replace(one, group=groups.get(stem)) if isinstance(one, Found) else one
    for stem in lost:
        path = drawings[stem][0].relative_to(root).as_posix()
        yield Dropped(path, "image missing", f"no picture is named {stem} or {astray[stem]}")


def _picture_named(path: Path) -> str | None:
    """The last part of the imagePath, which labelme writes with the slashes of the annotator's system."""
    try:
        image = _load(path).image_path
    except DropError:
        return None
    return PurePosixPath(image.replace("\\", "/")).name if image else None


def _found(root: Path, pair: FolderPair, image: Path, drawing: Path | None, options: ImportOptions) -> Found | Dropped:
    name = image.relative_to(root).as_posix()
    split = split_of(pair.pictures, root)
    if drawing is not None:
        return Found(image, name, _reader(drawing, options), split=split)
    parallel = pair.pictures != pair.annotations
    if parallel or pair.pictures.name.lower() in GOOD_FOLDERS:
        return Found(image, name, lambda hw: Labels(), GOOD, split=split)
    return Dropped(name, "no annotation", "no JSON beside it; save one, or put good pictures into a folder named good")


def _reader(path: Path, options: ImportOptions) -> Callable[[tuple[int, int]], Labels]:
    def read(hw: tuple[int, int]) -> Labels:
        drawing = _load(path)
        if (drawing.height or hw[0], drawing.width or hw[1]) != hw:
            detail = f"{path.name} is of {drawing.width}x{drawing.height} pixels, the picture {hw[1]}x{hw[0]}"
            raise DropError("size mismatch", detail)
        return _labels(drawing, hw, options)

    return read


def _labels(drawing: Drawing, hw: tuple[int, int], options: ImportOptions) -> Labels:
    notes: list[str] = []
    merged: dict[tuple[str, int], Mask] = {}
    for k, shape in enumerate(drawing.shapes):
        defect = _defect(shape.label, options)
        if defect is None:
            continue
        if shape.shape_type == "point":
            notes.append(f"a point {shape.label!r} passed over")
            continue
        mask = fill(shape, hw, notes)
        # Negative keys for shapes of their own: a group_id counts from 0.
        key = defect, shape.group_id if shape.group_id is not None and shape.group_id >= 0 else -1 - k
        merged[key] = merged[key] | mask if key in merged else mask
    if notes and not merged:
        raise DropError("no annotation", "points alone, which have no extent")
    return Labels([Instance.of_mask(defect, mask) for (defect, _), mask in merged.items()], notes)


def _defect(label: str, options: ImportOptions) -> str | None:
    defect = options.defect_of(label.strip().lower(), label)
    return None if defect in NO_DEFECT else defect
