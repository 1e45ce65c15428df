"""Pascal VOC: an XML file for each picture, with an object for each defect.

    JPEGImages/ + Annotations/*.xml + ImageSets/Main/{train,val,test}.txt      VOC's own, also below VOCdevkit/VOC2012
    images/ + annotations/*.xml, also in train/ and validation/                NEU-DET and its kind
    *.xml beside the pictures, also in train/, valid/ and test/                labelImg's, Roboflow's

A box is counted from 1 and holds its last pixel: xmin..xmax is x0 = xmin - 1, x1 = xmax. Difficult and truncated
objects are boxes like all others. Masks come from an object's <polygon>, counted from 1 too, or from the palette
picture SegmentationObject/<stem>.png: k on the pixels of the k-th object, 255 on borders, which belong to none. A
picture whose XML has no object is good; one without XML is dropped, since nobody may have looked at it.

Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", 2010.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from defectgen.dataset.instance import Instance
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.polygon import box_inside, polygon_mask
from defectgen.dataset.split_name import split_named
from defectgen.dataset.tree import folders_in, pictures_in, pictures_under
from defectgen.errors import InputError
from defectgen.image import MAX_PIXELS

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

__all__ = ["find", "recognise"]

IMAGE_FOLDERS = ("jpegimages", "images")
LABEL_FOLDERS = ("annotations", "xmls")
SETS = ("train", "val", "test")
BORDER = 255
HEAD = re.compile(rb"<annotation[\s>]")


class Place(NamedTuple):
    """A folder with pictures, and the one with their XML files; both may be the same."""

    base: Path
    images: Path
    labels: Path


def recognise(root: Path) -> str | None:
    for place in _places(root):
        file = next(iter(_xml_files(place.labels)), None)
        if file is not None and _is_annotation(file):
            return f"{file.relative_to(root)} annotates a picture"
    return None


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    places = _places(root)
    if not places:
        raise InputError(f"{root} holds no VOC data; expected JPEGImages/ and Annotations/*.xml")
    _parser()
    for place in places:
        yield from _find_in(root, place, options)


def _places(root: Path) -> list[Place]:
    """Where pictures and XML files lie: VOC's own tree, that of each split, or side by side."""
    inner = [folder for one in folders_in(root) for folder in (one, *_years(one))]
    places = [place for base in (root, *inner) if (place := _place(base)) is not None]
    # A folder of pictures beside their XML may be the images/ of a place that was found already.
    used = {place.labels for place in places}
    return places or [Place(base, base, base) for base in (root, *folders_in(root)) if base not in used and _xml(base)]


def _years(folder: Path) -> list[Path]:
    return folders_in(folder) if folder.name.lower() == "vocdevkit" else []


def _place(base: Path) -> Place | None:
    named = {folder.name.lower(): folder for folder in folders_in(base)}
    images = next((named[name] for name in IMAGE_FOLDERS if name in named), None)
    labels = next((named[name] for name in LABEL_FOLDERS if name in named and _xml(named[name])), None)
    return None if images is None or labels is None else Place(base, images, labels)


def _xml(folder: Path) -> bool:
    return next(iter(folder.glob("*.xml")), None) is not None


def _xml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.xml") if path.is_file())


def _is_annotation(file: Path) -> bool:
    with file.open("rb") as text:
        return HEAD.search(text.read(4096)) is not None


def _find_in(root: Path, place: Place, options: ImportOptions) -> Iterator[Found | Dropped]:
    splits = _splits(place.base)
    split = split_named(place.base.name) if place.base != root else None
    count = Counter(image.stem for image in _pictures(place))
    for image in _pictures(place):
        name, file = image.relative_to(root).as_posix(), place.labels / f"{image.stem}.xml"
        if not file.is_file():
            yield Dropped(name, "no annotation", f"no {file.relative_to(root)}; a good picture has one without objects")
        elif count[image.stem] > 1:
            yield Dropped(name, "annotation conflict", f"{file.name} may belong to {count[image.stem]} pictures")
        else:
            read = partial(_labels, root, place, file, options)
            yield Found(image, name, read, split=splits.get(image.stem, split))
    labels = {file.stem: file for file in _xml_files(place.labels)}
    for stem, file in labels.items():
        if stem not in count:
            yield Dropped(file.relative_to(root).as_posix(), "image missing", f"no picture {stem} for it")
    for stem in splits:
        if stem not in count and stem not in labels:
            yield Dropped(stem, "image missing", "ImageSets/Main lists it, no such picture is there")


def _pictures(place: Place) -> Iterator[Path]:
    yield from pictures_in(place.images) if place.images == place.labels else pictures_under(place.images)


def _splits(base: Path) -> dict[str, str]:
    """Stem -> split, of ImageSets/Main."""
    found: dict[str, str] = {}
    for split in SETS:
        file = base / "ImageSets" / "Main" / f"{split}.txt"
        if not file.is_file():
            continue
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file} cannot be read ({error}); expected one picture's name a line") from None
        for stem in filter(None, map(str.strip, lines)):
            if found.setdefault(stem, split) != split:
                raise InputError(f"{file} lists {stem!r}, which {found[stem]}.txt lists too; a picture has one split")
    return found


def _labels(root: Path, place: Place, file: Path, options: ImportOptions, hw: tuple[int, int]) -> Labels:
    where = file.relative_to(root).as_posix()
    try:
        document = _document(file)
        _check_size(document, hw)
        objects = document.findall("object")
        index = _object_map(place.base, file.stem, hw) if objects else None
    except DropError as error:
        raise DropError(error.reason, f"{where}: {error.detail}") from None
    instances, notes = [], []
    for number, item in enumerate(objects, 1):
        try:
            instance, clipped = _instance(item, number, index, options, hw)
        except DropError as error:
            raise DropError(error.reason, f"{where} object {number}: {error.detail}") from None
        if clipped:
            notes.append(f"{where} object {number}: cut off at the picture's edge")
        if instance is not None:
            instances.append(instance)
    return Labels(instances, notes)


def _document(file: Path) -> Element:
    from xml.etree.ElementTree import ParseError

    try:
        root: Element = _parser().parse(file).getroot()
    except ParseError as error:
        raise DropError("unreadable", f"no whole XML ({error})") from None
    except (ValueError, LookupError) as error:  # entities that defusedxml refuses, an unknown encoding
        raise DropError("unreadable", f"XML that is refused ({type(error).__name__})") from None
    if root.tag != "annotation":
        raise DropError("unreadable", f"XML of <{root.tag}>; expected <annotation>")
    return root


def _parser() -> Any:
    try:
        from defusedxml import ElementTree
    except ImportError:
        raise InputError("VOC needs defusedxml; pip install 'defectgen[formats]'") from None
    return ElementTree


def _check_size(document: Element, hw: tuple[int, int]) -> None:
    """Some tools write 0 for a size that they do not know."""
    given = tuple(_number(document, f"size/{side}", 0.0) for side in ("height", "width"))
    if all(given) and given != hw:
        raise DropError("size mismatch", f"size {given[1]:g}x{given[0]:g}, the picture has {hw[1]}x{hw[0]} pixels")


def _number(item: Element, path: str, default: float | None = None) -> float:
    text = item.findtext(path)
    if text is None or not text.strip():
        if default is None:
            raise DropError("unreadable", f"no <{path}>")
        return default
    try:
        return float(text)
    except ValueError:
        raise DropError("unreadable", f"<{path}> is {text.strip()!r}; expected a number") from None


def _instance(
    item: Element, number: int, index: NDArray[np.uint8] | None, options: ImportOptions, hw: tuple[int, int]
) -> tuple[Instance | None, bool]:
    """The defect of one object, None where its class is ignored; and whether some of it was cut off."""
    name = (item.findtext("name") or "").strip()
    if not name:
        raise DropError("unknown class", "no <name>")
    defect = options.defect_of(name)
    if defect is None:
        return None, False
    polygon = item.find("polygon")
    if polygon is not None and len(polygon):
        mask, clipped = polygon_mask(_points(polygon), hw)
        return Instance.of_mask(defect, mask), clipped
    if index is not None and (index == number).any():
        return Instance.of_mask(defect, index == number), False
    x0, y0, x1, y1 = (_number(item, f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax"))
    # Files counted from 0 are not rare: their first pixel would lie at -1.
    box, clipped = box_inside((max(x0 - 1, min(x0, 0)), max(y0 - 1, min(y0, 0)), x1, y1), hw)
    return Instance(defect, box), clipped


def _points(polygon: Element) -> list[tuple[float, float]]:
    """x1, y1, x2, y2, ... counted from 1."""
    count = sum(child.tag.startswith("x") for child in polygon)
    return [(_number(polygon, f"x{k}") - 1, _number(polygon, f"y{k}") - 1) for k in range(1, count + 1)]


def _object_map(base: Path, stem: str, hw: tuple[int, int]) -> NDArray[np.uint8] | None:
    """(H, W) uint8: k on the k-th object; None where the set has no such picture."""
    file = base / "SegmentationObject" / f"{stem}.png"
    if not file.is_file():
        return None
    try:
        with warnings.catch_warnings(), Image.open(file, formats=("PNG",)) as image:
            warnings.simplefilter("ignore")
            mode, size = image.mode, (image.height, image.width)
            index = np.asarray(image) if mode in ("P", "L") and size[0] * size[1] <= MAX_PIXELS else None
    except (OSError, SyntaxError, ValueError) as error:
        raise DropError("unreadable", f"{file.name} is no whole picture ({error})") from None
    if index is None:
        raise DropError("unreadable", f"{file.name} has colour mode {mode}; expected a palette, k on the k-th object")
    if size != hw:
        raise DropError("size mismatch", f"{file.name} is {size[1]}x{size[0]}, the picture {hw[1]}x{hw[0]} pixels")
    return np.where(index == BORDER, 0, index).astype(np.uint8)
