"""Donors: real defects of a few shots, cut out with their own mask and some of their surround, and how they may lie.

A donor keeps its size; it is mirrored and turned by quarters alone, so that no pixel of it is interpolated, and only so
that its surface runs as the part's does where both have a grain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.instance import union
from defectgen.errors import InputError
from defectgen.image import to_rgb8
from defectgen.mask.bank import MaskBank, Piece, long_side
from defectgen.mask.foreground import part_foreground
from defectgen.mask.grain import grain_direction
from defectgen.mask.user_mask import main_axis
from defectgen.record import GOOD, Record

__all__ = ["EDGE_PX", "Donor", "Donors", "bodies", "cut_donor", "grain_of", "pose", "read_donors"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

EDGE_PX = 8
"""Of real surround that a donor brings along: a Poisson solver's padding and three pixels more."""
JOINED_PX = 3
LEAST_AREA = 4
LEAST_SHARE = 0.1
"""Of the largest defect of a picture; what is smaller is a fragment of it and no defect of its own."""
SURE_GRAIN = 0.25
LIKE_RAD = 0.3


@dataclass(frozen=True)
class Donor:
    """One real defect.

    patch: (h, w, 3) uint8, mask: (h, w) bool, both with up to EDGE_PX of surround. touches: which borders of its
    picture the mask reaches, left, top, right, bottom. where: its middle, as fractions of the picture, x and y. axis,
    grain: radians counter-clockwise of its main axis and of its surface; grain is None where that has none. on_part:
    share of the mask on the part. share: of its picture that it covers. piece: as a mask bank knows it.
    """

    patch: U8
    mask: Mask
    touches: tuple[bool, bool, bool, bool]
    where: tuple[float, float]
    axis: float
    grain: float | None
    on_part: float
    share: float
    piece: Piece


@dataclass(frozen=True)
class Donors:
    """All donors of one type. bank: says how many a picture has, and whether all run one way."""

    every: tuple[Donor, ...]
    bank: MaskBank

    def draw(self, rng: np.random.Generator) -> Donor:
        """Any of them, each group of pictures of one thing as likely as another."""
        groups = sorted({one.piece.group for one in self.every})
        name = groups[int(rng.integers(len(groups)))]
        own = [one for one in self.every if one.piece.group == name]
        return own[int(rng.integers(len(own)))]


def bodies(mask: Mask, joined_px: int = JOINED_PX) -> list[Mask]:
    """The defects of (H, W): pieces that come closer than twice `joined_px` are one."""
    kernel = np.ones((2 * joined_px + 1,) * 2, np.uint8)
    count, labels = cv2.connectedComponents(cv2.dilate(mask.astype(np.uint8), kernel), connectivity=8)
    return [mask & (labels == k) for k in range(1, count)]


def cut_donor(picture: U8, mask: Mask) -> tuple[U8, Mask]:
    """The defect of a picture (H, W, 3) with EDGE_PX of its surround."""
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    view = (slice(max(0, y - EDGE_PX), y + h + EDGE_PX), slice(max(0, x - EDGE_PX), x + w + EDGE_PX))
    return picture[view], mask[view]


def read_donors(owner: DefectSet, records: Sequence[Record], defect: str) -> Donors:
    """The donors of one type in these records; InputError where none of them has a mask of it."""
    found = [_donors_of(owner, one, defect) for one in records if one.defect != GOOD and one.mask_file_name]
    every = tuple(donor for part in found for donor in part)
    if not every:
        raise InputError(f"{owner.path}: no shot of {defect!r} has a mask; pasting needs real defects with masks")
    bank = MaskBank(tuple(donor.piece for donor in every), tuple(len(part) for part in found if part))
    return Donors(every, bank)


def _donors_of(owner: DefectSet, record: Record, defect: str) -> list[Donor]:
    rgb = to_rgb8(owner.image(record).pixels)
    mask = union([one for one in owner.instances(record) if one.defect == defect], (rgb.shape[0], rgb.shape[1]))
    if not mask.any():
        return []
    part = part_foreground(rgb)
    grain, found = grain_of(rgb), bodies(mask)
    least = max(LEAST_AREA, LEAST_SHARE * max(int(body.sum()) for body in found))
    return [_donor(rgb, body, part, grain, record.group) for body in found if body.sum() >= least]


def _donor(rgb: U8, body: Mask, part: Mask, grain: float | None, group: str) -> Donor:
    height, width = body.shape
    ys, xs = np.nonzero(body)
    where = (float(xs.mean()) / width, float(ys.mean()) / height)
    touches = bool(body[:, 0].any()), bool(body[0].any()), bool(body[:, -1].any()), bool(body[-1].any())
    patch, mask = cut_donor(rgb, body)
    piece = Piece(mask, long_side(mask) / min(body.shape), main_axis(mask), where, group)
    return Donor(patch, mask, touches, where, piece.angle, grain, float(part[body].mean()), float(body.mean()), piece)


def grain_of(rgb: U8) -> float | None:
    """The direction in which a whole surface (H, W, 3) runs, radians counter-clockwise; None where it has none."""
    angle, sure = grain_direction(rgb.mean(2), (0, 0, rgb.shape[1], rgb.shape[0]))
    return angle if sure >= SURE_GRAIN else None


def pose(donor: Donor, grain: float | None, aligned: bool, rng: np.random.Generator) -> Donor:
    """The donor turned by quarters and mirrored at random, as far as the grain lets it.

    grain: of the surface that it goes on. aligned: its kind all run one way, so that it must, too.
    """
    every = [(turns, flip) for turns in range(4) for flip in (False, True)]
    choices = [one for one in every if _fits(donor, *one, grain, aligned)]
    turns, flip = choices[int(rng.integers(len(choices)))] if choices else (0, False)
    for _ in range(turns):
        donor = _quarter(donor)
    return _mirrored(donor) if flip else donor


def _fits(donor: Donor, turns: int, flip: bool, grain: float | None, aligned: bool) -> bool:
    def turned(angle: float) -> float:
        angle = angle + turns * np.pi / 2
        return -angle if flip else angle

    surface = donor.grain is None or grain is None or _apart(turned(donor.grain), grain) <= LIKE_RAD
    own = not aligned or donor.piece.elongation <= 2 or _apart(turned(donor.axis), donor.axis) <= LIKE_RAD
    return surface and own


def _apart(a: float, b: float) -> float:
    """Angle between two lines, radians, up to a quarter turn."""
    apart = abs(a - b) % np.pi
    return float(min(apart, np.pi - apart))


def _quarter(donor: Donor) -> Donor:
    """Turned by 90 degrees counter-clockwise."""
    left, top, right, bottom = donor.touches
    x, y = donor.where
    return replace(
        donor, patch=np.rot90(donor.patch), mask=np.rot90(donor.mask), touches=(top, right, bottom, left),
        where=(y, 1 - x), axis=donor.axis + np.pi / 2,
    )  # fmt: skip


def _mirrored(donor: Donor) -> Donor:
    """Left and right exchanged."""
    left, top, right, bottom = donor.touches
    return replace(
        donor, patch=donor.patch[:, ::-1], mask=donor.mask[:, ::-1], touches=(right, top, left, bottom),
        where=(1 - donor.where[0], donor.where[1]), axis=-donor.axis,
    )  # fmt: skip
