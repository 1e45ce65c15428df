"""Whether one record tells the truth about its files: sizes, mask, boxes, instances, and how a sample was made.

    missing      a file that the record names is not there
    unreadable   it is there, and is no picture that can be decoded
    record       a field that breaks the schema, or says nothing
    size         picture, mask, good picture and instance map are not of one size
    mask         other values than 0 and 255, or no pixel marked, or a mask on a good picture
    box          leaves the picture, or is not the extent of its pixels
    label        the box labels do not fit the boxes or the record's defect
    instances    the map does not agree with the mask or the boxes
    band         a generated picture differs from its good picture beyond the blend band
    measure      a number recorded of a sample is not what its files give
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import ndimage

from defectgen.band import grow
from defectgen.dataset.instance import Box, Mask, box_of
from defectgen.errors import InputError
from defectgen.image import Picture, Pixels, grey_levels, read_picture, to_rgb
from defectgen.label_audit import iou, visible_level
from defectgen.noise import noise_sigma
from defectgen.record import GOOD, UNSPLIT, UNUSED, Record
from defectgen.sample import Sample

__all__ = ["SPLITS", "Examined", "Kind", "Problem", "examine", "file_names"]

Kind = Literal[
    "record", "missing", "unreadable", "size", "mask", "box", "label", "instances", "band", "measure", "split",
    "duplicate", "stray", "hash",
]  # fmt: skip
SPLITS = ("train", "val", "test", UNSPLIT, UNUSED)
SHA256 = re.compile(r"[0-9a-f]{64}")
DELTA_SLACK, IOU_SLACK = 0.01, 0.001  # rounding, and another machine's last bits


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. where: a file of the set, or a line of its table."""

    where: str
    kind: Kind
    detail: str


@dataclass
class Examined:
    """What was found of one record. hashes: sha256 of each file that could be read, by name."""

    problems: list[Problem] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)


def file_names(record: Record) -> list[str]:
    """The files that a record names."""
    names = (record.file_name, record.mask_file_name, record.good_file_name, record.instances_file_name)
    return [name for name in names if name is not None]


def examine(folder: Path, record: Record) -> Examined:
    """Compares a record with its files; reads each of them once."""
    found = Examined()
    found.problems += _fields(record)
    image, mask, good, index = (
        _read(folder, name, found)
        for name in (record.file_name, record.mask_file_name, record.good_file_name, record.instances_file_name)
    )
    if image is None:
        return found
    others = [(name, other) for name, other in _named(record, mask, good, index) if other is not None]
    odd = [Problem(name, "size", f"{_size(it)}, not {_size(image)}") for name, it in others if it.hw != image.hw]
    outside = list(_boxes_outside(record, image.hw))
    found.problems += odd + outside
    if not odd:
        found.problems += _truth(record, image.pixels, mask, good, index, bool(outside))
    return found


def _named(record: Record, *pictures: Picture | None) -> Iterator[tuple[str, Picture | None]]:
    names = (record.mask_file_name, record.good_file_name, record.instances_file_name)
    yield from ((str(name), picture) for name, picture in zip(names, pictures, strict=True))


def _size(picture: Picture) -> str:
    return f"{picture.hw[1]}x{picture.hw[0]} pixels"


def _read(folder: Path, name: str | None, found: Examined) -> Picture | None:
    if name is None:
        return None
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        found.problems.append(Problem(name, "record", "lies outside the set; names are relative to its folder"))
    elif not path.is_file():
        found.problems.append(Problem(name, "missing", "metadata.jsonl names it, the folder does not hold it"))
    else:
        try:
            picture = read_picture(path, min_side=1)
        except InputError as error:
            found.problems.append(Problem(name, "unreadable", str(error).removeprefix(f"{path} ")))
            return None
        found.hashes[name] = picture.sha256
        return picture
    return None


def _fields(record: Record) -> Iterator[Problem]:
    """What can be said without a look at the files."""
    name = record.file_name
    if not SHA256.fullmatch(record.source_sha256):
        yield Problem(name, "record", f"source_sha256 {record.source_sha256!r}; expected 64 hexadecimal digits")
    if record.split not in SPLITS:
        yield Problem(name, "split", f"{record.split!r}; expected {', '.join(SPLITS)}")
    for field_name in ("group", "source", "licence", "defect"):
        if not getattr(record, field_name).strip():
            yield Problem(name, "record", f"{field_name} is empty")
    if record.labels and len(record.labels) != len(record.boxes):
        yield Problem(name, "label", f"{len(record.labels)} labels for {len(record.boxes)} boxes")
    elif record.defect == GOOD and (record.boxes or record.mask_file_name):
        yield Problem(name, "label", "called good, with boxes or a mask")
    elif GOOD in record.labels:
        yield Problem(name, "label", "a box is called good")
    elif record.labels and record.defect not in record.labels:
        yield Problem(name, "label", f"the picture is called {record.defect}, none of its boxes is")


def _boxes_outside(record: Record, hw: tuple[int, int]) -> Iterator[Problem]:
    for box in record.boxes:
        x0, y0, x1, y1 = box
        if not (0 <= x0 < x1 <= hw[1] and 0 <= y0 < y1 <= hw[0]):
            yield Problem(record.file_name, "box", f"{list(box)} is empty or leaves the picture ({hw[1]}x{hw[0]})")


def _truth(
    record: Record, image: Pixels, mask: Picture | None, good: Picture | None, index: Picture | None, boxes_bad: bool
) -> Iterator[Problem]:
    if mask is not None:
        shape = list(_mask_problems(str(record.mask_file_name), mask.pixels))
        yield from shape
        if shape:
            return
        marked = np.asarray(mask.pixels[..., 0] > 0)
        if not boxes_bad:
            yield from _extents(record, marked, None if index is None else index.pixels)
        if good is not None and isinstance(record, Sample):
            yield from _made(record, image, good.pixels, marked)


def _mask_problems(name: str, pixels: Pixels) -> Iterator[Problem]:
    if pixels.dtype != np.uint8 or pixels.shape[2] != 1:
        yield Problem(name, "mask", f"{pixels.shape[2]} channels of {pixels.dtype}; expected one of uint8")
        return
    other = int(np.count_nonzero((pixels != 0) & (pixels != 255)))
    if other:
        yield Problem(name, "mask", f"{other} pixels are neither 0 nor 255")
    elif not pixels.any():
        yield Problem(name, "mask", "empty: no pixel is marked")


def _extents(record: Record, mask: Mask, index: Pixels | None) -> Iterator[Problem]:
    name = record.file_name
    if not record.boxes:
        yield Problem(name, "box", "a mask without a box")
    elif index is None:
        yield from (Problem(name, "box", detail) for detail in _loose(mask, record.boxes))
    else:
        yield from (Problem(str(record.instances_file_name), "instances", s) for s in _map_problems(mask, index))
        yield from (Problem(name, "box", detail) for detail in _untrue(index[..., 0], record.boxes))


def _loose(mask: Mask, boxes: tuple[Box, ...]) -> Iterator[str]:
    """Without a map: each box is tight around the mask in it, and no marked pixel lies in none."""
    left = mask.copy()
    for box in boxes:
        x0, y0, x1, y1 = box
        yield from _not_tight(box, mask[y0:y1, x0:x1])
        left[y0:y1, x0:x1] = False
    if left.any():
        yield f"{int(left.sum())} pixels of the mask lie in no box"


def _not_tight(box: Box, inside: Mask) -> Iterator[str]:
    x0, y0 = box[:2]
    if not inside.any():
        yield f"{list(box)} holds no pixel of the mask"
        return
    a0, b0, a1, b1 = box_of(inside)
    tight = (x0 + a0, y0 + b0, x0 + a1, y0 + b1)
    if tight != box:
        yield f"{list(box)}, its pixels reach over {list(tight)}"


def _map_problems(mask: Mask, index: Pixels) -> Iterator[str]:
    if index.shape[2] != 1:
        yield f"{index.shape[2]} channels; expected one"
    odd = int(np.count_nonzero((index[..., 0] > 0) != mask))
    if odd:
        yield f"differs from the mask on {odd} pixels"


def _untrue(index: Pixels, boxes: tuple[Box, ...]) -> Iterator[str]:
    """With a map: each box is the extent of its pixels, where no smaller instance covers some of them."""
    extents = ndimage.find_objects(index.astype(np.int32))
    if len(extents) > len(boxes):
        yield f"the instance map counts to {len(extents)}, there are {len(boxes)} boxes"
    for box, extent in zip(boxes, [*extents, *[None] * len(boxes)], strict=False):
        x0, y0, x1, y1 = box
        if extent is not None:
            rows, columns = extent
            own = (columns.start, rows.start, columns.stop, rows.stop)
            if own == box:
                continue
            if own[0] < x0 or own[1] < y0 or own[2] > x1 or own[3] > y1:
                yield f"{list(box)}, its pixels reach over {list(own)}"
                continue
        yield from _not_tight(box, index[y0:y1, x0:x1] > 0)


def _made(record: Sample, image: Pixels, good: Pixels, mask: Mask) -> Iterator[Problem]:
    """A generated sample against its good picture: contract 1, and the numbers that were recorded."""
    name = record.file_name
    if image.shape != good.shape or image.dtype != good.dtype:
        yield Problem(name, "band", f"{_kind(image)}, its good picture {_kind(good)}; expected the same")
        return
    outside = int(np.count_nonzero((image != good).any(axis=2) & ~grow(mask, record.band_px)))
    if outside:
        yield Problem(name, "band", f"{outside} pixels beyond {record.band_px} px around the mask differ from the good")
    if outside != record.outside_changed_px:
        yield Problem(name, "measure", f"outside_changed_px {record.outside_changed_px}, its files give {outside}")
    change = grey_levels(good, image)
    delta = float(change[mask].mean())
    if abs(delta - record.in_mask_delta) > DELTA_SLACK:
        yield Problem(name, "measure", f"in_mask_delta {record.in_mask_delta:g}, its files give {delta:.3f}")
    changed = iou(mask, change > visible_level(noise_sigma(to_rgb(good))))
    if abs(changed - record.changed_iou) > IOU_SLACK:
        yield Problem(name, "measure", f"changed_iou {record.changed_iou:g}, its files give {changed:.4f}")


def _kind(pixels: Pixels) -> str:
    return f"{pixels.shape[2]} channels of {pixels.dtype}"
