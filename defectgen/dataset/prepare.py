"""One found picture, read, checked and encoded, ready to be written into a set.

Boxes are drawn tight around their masks. A picture is copied byte for byte where that loses nothing and means the
same to every reader: PNG, TIFF or BMP of 8 or 16 bits without palette, colour key or EXIF rotation. All others are
decoded upright at their own bit depth and stored as PNG.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from defectgen.dataset.instance import Instance, box_of, instance_map, union
from defectgen.dataset.item import DropError, Dropped, Found, Labels
from defectgen.errors import InputError
from defectgen.image import FORMATS, Picture, encode_rows, read_picture
from defectgen.record import GOOD

__all__ = ["Prepared", "Stored", "prepare"]

COPIED = {"PNG": (".png",), "TIFF": (".tif", ".tiff"), "BMP": (".bmp",)}
COPIED_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "I;16B", "I;16L")
ORIENTATION = 274


@dataclass(frozen=True)
class Stored:
    """A picture as it goes into the set: a file to copy, or the bytes of a PNG. suffix: with its dot."""

    suffix: str
    source: Path | None
    data: bytes | None


@dataclass(frozen=True)
class Prepared:
    """A picture that can be written.

    instances: tight boxes, in the source's order. annotation: digest of all that is said about the picture.
    mask, instance_map: PNG bytes, where there are any.
    """

    found: Found
    sha256: str
    annotation: bytes
    defect: str
    instances: tuple[Instance, ...]
    image: Stored
    good: Stored | None
    mask: bytes | None
    instance_map: bytes | None
    notes: tuple[str, ...]


def prepare(found: Found, root: Path) -> Prepared | Dropped:
    """Read a picture and its annotation; `Dropped` with the reason where either cannot be used."""
    try:
        return _prepare(found, root)
    except DropError as error:
        return Dropped(found.name, error.reason, error.detail)


def _prepare(found: Found, root: Path) -> Prepared:
    picture = _read(found.image, root)
    labels = _labels(found, picture.hw)
    instances, notes = _checked(labels, picture.hw)
    defect = _defect(found, instances)
    good, good_notes = _good(found, root, picture.hw)
    masked = bool(instances) and all(one.mask is not None for one in instances)
    return Prepared(
        found,
        picture.sha256,
        _digest(defect, instances),
        defect,
        instances,
        _stored(picture),
        good,
        encode_rows(union(instances, picture.hw).astype(np.uint8) * np.uint8(255)) if masked else None,
        encode_rows(instance_map(instances, picture.hw)) if masked and len(instances) > 1 else None,
        (*labels.notes, *notes, *good_notes),
    )


def _read(path: Path, root: Path) -> Picture:
    if not path.resolve().is_relative_to(root):
        raise DropError("image missing", f"{path} lies outside {root}; only files of the folder are imported")
    if not path.is_file():
        raise DropError("image missing", f"{path} does not exist")
    try:
        return read_picture(path, min_side=1)
    except InputError as error:
        raise DropError("unreadable", str(error)) from None


def _labels(found: Found, hw: tuple[int, int]) -> Labels:
    try:
        return found.read(hw)
    except InputError as error:
        raise DropError("unreadable", f"annotation: {error}") from None
    except OSError as error:
        raise DropError("unreadable", f"annotation: {error.filename}: {error.strerror}") from None


def _checked(labels: Labels, hw: tuple[int, int]) -> tuple[tuple[Instance, ...], list[str]]:
    """The instances with tight boxes, and what was changed."""
    notes: list[str] = []
    instances: list[Instance] = []
    for one in labels.instances:
        _check_place(one, hw)
        if one.mask is None:
            instances.append(one)
        elif one.mask.any():
            instances.append(_tight(one))
        else:
            notes.append(f"{one.defect} with an empty mask at {list(one.box)} left out")
    if labels.instances and not instances:
        raise DropError("empty mask", f"no pixel of its {len(notes)} masks is marked")
    bare = sum(one.mask is None for one in instances)
    if 0 < bare < len(instances):
        notes.append(f"masks left out: {bare} of {len(instances)} instances have a box only")
        instances = [replace(one, mask=None) for one in instances]
    elif not bare and (shared := _shared_px(instances, hw)):
        notes.append(f"instances overlap on {shared} pixels, which go to the smaller one")
    return tuple(instances), notes


def _check_place(one: Instance, hw: tuple[int, int]) -> None:
    x0, y0, x1, y1 = one.box
    if one.defect == GOOD:
        raise DropError("unknown class", f"an instance is called {GOOD!r}; --ignore it, or rename it with --classes")
    if not (0 <= x0 < x1 <= hw[1] and 0 <= y0 < y1 <= hw[0]):
        raise DropError("outside image", f"{one.defect} at {list(one.box)}, the picture is {hw[1]}x{hw[0]} pixels")
    assert one.mask is None or one.mask.shape == (y1 - y0, x1 - x0), "a layout gives masks of their box's size"


def _tight(one: Instance) -> Instance:
    assert one.mask is not None
    a0, b0, a1, b1 = box_of(one.mask)
    box = (one.box[0] + a0, one.box[1] + b0, one.box[0] + a1, one.box[1] + b1)
    return Instance(one.defect, box, one.mask[b0:b1, a0:a1])


def _shared_px(instances: Sequence[Instance], hw: tuple[int, int]) -> int:
    return sum(one.area for one in instances) - int(union(instances, hw).sum()) if len(instances) > 1 else 0


def _defect(found: Found, instances: Sequence[Instance]) -> str:
    """The type of the picture: that of the largest area, else what the source says of the whole picture."""
    if found.defect == GOOD and instances:
        raise DropError("annotation conflict", f"listed as good, but {len(instances)} defects are marked")
    if not instances:
        return found.defect or GOOD
    areas: dict[str, int] = {}
    for one in instances:
        areas[one.defect] = areas.get(one.defect, 0) + one.area
    return max(areas, key=lambda name: areas[name])


def _good(found: Found, root: Path, hw: tuple[int, int]) -> tuple[Stored | None, list[str]]:
    if found.good is None:
        return None, []
    try:
        picture = _read(found.good, root)
    except DropError as error:
        return None, [f"good picture left out, {error}"]
    if picture.hw != hw:
        size = f"{picture.hw[1]}x{picture.hw[0]}"
        return None, [f"good picture left out, size mismatch: {size} pixels, the picture {hw[1]}x{hw[0]}"]
    return _stored(picture), []


def _stored(picture: Picture) -> Stored:
    suffix = _copied_suffix(picture.path)
    if suffix is not None:
        return Stored(suffix, picture.path, None)
    return Stored(".png", None, encode_rows(picture.pixels))


def _copied_suffix(path: Path) -> str | None:
    """The suffix under which a file may be copied as it is; None where it has to be decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=FORMATS) as image:
            if image.format not in COPIED or image.mode not in COPIED_MODES or "transparency" in image.info:
                return None
            if int(image.getexif().get(ORIENTATION, 1)) != 1 or (image.format == "PNG" and _png_depth(path) < 8):
                return None
            allowed = COPIED[image.format]
    return path.suffix.lower() if path.suffix.lower() in allowed else allowed[0]


def _png_depth(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(25)[24]


def _digest(defect: str, instances: Sequence[Instance]) -> bytes:
    """The same for the same annotation, in whatever order its instances come."""
    parts = sorted(
        f"{one.defect}\0{one.box}\0".encode() + (b"" if one.mask is None else np.packbits(one.mask).tobytes())
        for one in instances
    )
    digest = hashlib.sha256(defect.encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
