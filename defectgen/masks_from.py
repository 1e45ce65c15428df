"""--masks-from: the mask bank of a defect set, for the defect that a prompt asks for.

Where some pieces of the set are of the prompt's type, only those are taken; else all are. Test pictures of a known
split are never read, nor what a split keeps from training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.training import training_records
from defectgen.errors import InputError
from defectgen.image import to_rgb8
from defectgen.mask.bank import MaskBank, Piece, long_side
from defectgen.mask.foreground import part_foreground
from defectgen.mask.frame import frame_sides
from defectgen.mask.user_mask import main_axis
from defectgen.phrase import phrase_key
from defectgen.recipe import Defect
from defectgen.record import Record

__all__ = ["Bank", "read_bank"]

Mask = NDArray[np.bool_]
JOINED_PX = 3
LEAST_AREA = 4


@dataclass(frozen=True)
class Bank:
    """A mask bank and where it came from. sha256: of all its masks. of_type: whether only the asked type is in it."""

    masks: MaskBank
    sha256: str
    of_type: bool
    pictures: int


def read_bank(folder: Path, defect: Defect, manifests: Sequence[Path] = ()) -> Bank:
    """The bank for one defect type; InputError where the set has no training picture with a mask."""
    owner = DefectSet(folder)
    records = [r for r in training_records(owner, manifests, unsplit=True) if r.annotation == "mask"]
    if not records:
        raise InputError(f"{folder} has no training picture with a mask to take shapes from; give another set")
    known = {phrase_key(name) for name in (defect.name, *defect.synonyms)}
    fitting = [r for r in records if any(phrase_key(label) in known for label in (r.defect, *r.box_labels))]
    found = [_pieces(owner, r, known if fitting else None) for r in fitting or records]
    pieces = tuple(piece for part in found for piece in part)
    if not pieces:
        raise InputError(f"{folder}: no mask has {LEAST_AREA} pixels or more; check it with defectgen sets check")
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(np.packbits(piece.mask).tobytes())
        digest.update(repr((piece.mask.shape, piece.length, piece.where, piece.sides)).encode())
    bank = MaskBank(pieces, tuple(len(part) for part in found if part))
    return Bank(bank, digest.hexdigest(), bool(fitting), len(found))


def _pieces(owner: DefectSet, record: Record, known: set[str] | None) -> list[Piece]:
    """The pieces of one picture's masks; what lies a few pixels apart is one piece."""
    picture = owner.image(record)
    whole = np.zeros(picture.hw, np.bool_)
    for instance in owner.instances(record):
        if instance.mask is not None and (known is None or phrase_key(instance.defect) in known):
            whole[instance.window] |= instance.mask
    part = part_foreground(to_rgb8(picture.pixels)) | whole
    x0, y0, width, height = cv2.boundingRect(part.astype(np.uint8))
    kernel = np.ones((2 * JOINED_PX + 1,) * 2, np.uint8)
    count, labels = cv2.connectedComponents(cv2.dilate(whole.astype(np.uint8), kernel), connectivity=8)
    found = []
    for k in range(1, count):
        body = whole & (labels == k)
        if body.sum() >= LEAST_AREA:
            ys, xs = np.nonzero(body)
            mask = np.ascontiguousarray(body[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1])
            where = (float(xs.mean() - x0) / width, float(ys.mean() - y0) / height)
            size, axis = long_side(mask) / min(width, height), main_axis(mask)
            found.append(Piece(mask, size, axis, where, record.group, frame_sides(body)))
    return found
