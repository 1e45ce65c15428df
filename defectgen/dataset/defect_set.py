"""Reading a defect set: the manifest, the records, and what the pictures of a record hold.

Any number of pictures at constant memory: records come one at a time, in the file's order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from defectgen.dataset.instance import Instance, Mask, components, instances_from_map
from defectgen.errors import InputError
from defectgen.image import Picture, read_picture
from defectgen.record import FORMAT, MANIFEST, METADATA, Record
from defectgen.sample import Sample

__all__ = ["DefectSet", "is_defect_set", "parse_record"]


def is_defect_set(folder: Path) -> bool:
    """Whether the folder holds a set's manifest and table."""
    return (folder / METADATA).is_file() and _manifest_of(folder) is not None


def parse_record(line: str) -> Record:
    """The record of one line: a `Sample` where it was generated. ValidationError or ValueError for anything else."""
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("expected a mapping")
    return (Sample if "engine" in fields else Record).model_validate_json(line)


class DefectSet:
    """A set on the disk, read only. InputError where the folder is none or a file of it cannot be used."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder} is not a folder; expected a defect set")
        manifest = _manifest_of(folder)
        if manifest is None or not (folder / METADATA).is_file():
            raise InputError(f"{folder} is no defect set ({MANIFEST}, {METADATA}); make one with defectgen import")
        self.path = folder
        self.manifest: dict[str, Any] = manifest

    def __len__(self) -> int:
        with (self.path / METADATA).open("rb") as file:
            return sum(1 for line in file if line.strip())

    def records(self) -> Iterator[Record]:
        """Every record, checked against the schema."""
        path = self.path / METADATA
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        yield parse_record(line)
                    except (ValidationError, ValueError) as error:
                        raise InputError(f"{path}: line {number} is no record: {_reason(error)}") from None

    def image(self, record: Record) -> Picture:
        return read_picture(self.file(record.file_name), min_side=1)

    def good(self, record: Record) -> Picture | None:
        """The same view without the defect, where the set has it."""
        return None if record.good_file_name is None else read_picture(self.file(record.good_file_name), min_side=1)

    def mask(self, record: Record) -> Mask | None:
        """(H, W) bool, True on defects; None where the record has no mask."""
        if record.mask_file_name is None:
            return None
        return np.asarray(read_picture(self.file(record.mask_file_name), min_side=1).pixels[..., 0] > 0)

    def instances(self, record: Record) -> list[Instance]:
        """One instance a box, with its pixels where the record has a mask."""
        if record.instances_file_name is not None:
            index = read_picture(self.file(record.instances_file_name), min_side=1).pixels[..., 0]
            return instances_from_map(index, record.box_labels, record.boxes)
        mask = self.mask(record)
        if mask is None:
            return [Instance(*pair) for pair in zip(record.box_labels, record.boxes, strict=True)]
        return share_out(mask, record)

    def file(self, name: str) -> Path:
        """A file of the set; a name that leads out of the folder is refused."""
        path = self.path / name
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise InputError(f"{self.path / METADATA}: {name!r} lies outside the set; names are relative to its folder")
        return path


def share_out(mask: Mask, record: Record) -> list[Instance]:
    """Gives each pixel of the mask to one box: each connected piece to the smallest box that holds the most of it."""
    owned = [np.zeros((y1 - y0, x1 - x0), np.bool_) for x0, y0, x1, y1 in record.boxes]
    for piece in components(record.defect, mask):
        best = max(range(len(owned)), key=lambda k: _claim(record.boxes[k], piece), default=None)
        if best is None or _claim(record.boxes[best], piece)[0] == 0:
            continue
        x0, y0, x1, y1 = record.boxes[best]
        px0, py0, px1, py1 = piece.box
        a0, b0, a1, b1 = max(x0, px0), max(y0, py0), min(x1, px1), min(y1, py1)
        assert piece.mask is not None
        owned[best][b0 - y0 : b1 - y0, a0 - x0 : a1 - x0] |= piece.mask[b0 - py0 : b1 - py0, a0 - px0 : a1 - px0]
    return [Instance(*one) for one in zip(record.box_labels, record.boxes, owned, strict=True)]


def _claim(box: tuple[int, int, int, int], piece: Instance) -> tuple[int, int]:
    """Pixels of the piece inside the box, then how small the box is."""
    x0, y0, x1, y1 = box
    px0, py0, _, _ = piece.box
    assert piece.mask is not None
    inside = piece.mask[max(y0 - py0, 0) : max(y1 - py0, 0), max(x0 - px0, 0) : max(x1 - px0, 0)]
    return int(inside.sum()), -(x1 - x0) * (y1 - y0)


def _manifest_of(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("format") == FORMAT else None


def _reason(error: ValidationError | ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    return str(error).splitlines()[0]
