"""A mask bank: real masks cut to pieces, from which new ones are drawn that vary as widely and no more.

A new mask is a real piece, turned within the grain's freedom, scaled, stretched and bent; or one with another piece
grafted on, or with an end cut off; or a generated shape of the same morphology at a real piece's size. How many there
are to a picture, how large they are and where on the part they lie is drawn from what was seen. A dozen masks alone are
too few for a detector to learn from; shapes of the same kind beside them widen them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.mask.draw import draw_shape
from defectgen.mask.frame import NOWHERE, Sides
from defectgen.mask.shape import Shape
from defectgen.mask.user_mask import main_axis, shape_of_mask
from defectgen.recipe import Morphology

__all__ = ["MaskBank", "Piece", "Wanted", "long_side"]

Mask = NDArray[np.bool_]
GENERATED, GRAFTED, CUT = 0.35, 0.15, 0.1
SIZE_SPREAD, STRETCH_SPREAD, TURN_SPREAD, PLACE_SPREAD = 0.12, 0.1, 0.12, 0.06
BEND, BEND_WAVE = 0.03, 0.18
ALIGNED = 0.7
"""Mean resultant length of the doubled angles from which pieces count as all running one way."""
LEAST_PX = 3
LEAST_KEPT = 0.5


@dataclass(frozen=True)
class Piece:
    """One real defect. mask: (h, w) bool, cut to its box. length: longest extent over the part's shorter side.

    angle: radians counter-clockwise of its main axis. where: its middle, as fractions of the part's box, x and y.
    group: pieces of one group are photographs of one thing, and count as one when a piece is drawn. sides: of its
    picture that cut it off.
    """

    mask: Mask
    length: float
    angle: float
    where: tuple[float, float]
    group: str
    sides: Sides = NOWHERE

    @property
    def elongation(self) -> float:
        """Extent along the main axis over that across it."""
        return spread(self.mask, self.angle) / max(spread(self.mask, self.angle + np.pi / 2), 1.0)


@dataclass(frozen=True)
class Wanted:
    """What the next defect should be. length: over the part's shorter side. angle: None where any will do.

    where: fractions of the part's box.
    """

    piece: Piece
    length: float
    angle: float | None
    where: tuple[float, float]

    @property
    def sides(self) -> Sides:
        """The sides of the picture that are to cut it off."""
        return self.piece.sides


def spread(mask: Mask, angle: float) -> float:
    """Extent in pixels of a mask along a direction."""
    ys, xs = np.nonzero(mask)
    along = xs * np.cos(angle) - ys * np.sin(angle)
    return float(np.ptp(along)) + 1.0


def long_side(mask: Mask) -> float:
    """Longest extent in pixels: along the main axis, or across it where that is longer."""
    angle = main_axis(mask)
    return max(spread(mask, angle), spread(mask, angle + np.pi / 2))


@dataclass(frozen=True)
class MaskBank:
    """Pieces, and how many there were on each picture. Raises InputError where it is empty."""

    pieces: tuple[Piece, ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.pieces or not self.counts:
            raise InputError("the mask bank is empty; expected at least one mask")

    @cached_property
    def _groups(self) -> tuple[tuple[Piece, ...], ...]:
        names = sorted({piece.group for piece in self.pieces})
        return tuple(tuple(piece for piece in self.pieces if piece.group == name) for name in names)

    @cached_property
    def aligned(self) -> bool:
        """Whether the elongated pieces all run one way, so that new ones must, too."""
        angles = [2 * piece.angle for piece in self.pieces if piece.elongation > 2]
        return len(angles) >= 3 and float(np.abs(np.exp(1j * np.array(angles)).mean())) >= ALIGNED

    def count(self, rng: np.random.Generator) -> int:
        """How many defects a picture gets."""
        return int(self.counts[int(rng.integers(len(self.counts)))])

    def pick(self, rng: np.random.Generator) -> Wanted:
        """The next defect's size, direction and place, near those of a real one."""
        group = self._groups[int(rng.integers(len(self._groups)))]
        piece = group[int(rng.integers(len(group)))]
        length = piece.length * float(np.exp(rng.normal(0, SIZE_SPREAD)))
        # What the frame cut off lies as it lay, or the frame would cut across it.
        kept = self.aligned or any(piece.sides)
        angle = piece.angle + float(rng.normal(0, TURN_SPREAD)) if kept else None
        x, y = (float(np.clip(v + rng.normal(0, PLACE_SPREAD), 0, 1)) for v in piece.where)
        return Wanted(piece, min(length, 1.5), angle, (x, y))

    def draw(
        self, picked: Wanted, morphology: Morphology, length_px: float, angle: float, rng: np.random.Generator
    ) -> Shape:
        """A shape of this length in pixels, its main axis at `angle`."""
        die = float(rng.random())
        if die < GENERATED:
            return draw_shape(morphology, length_px, angle, rng)
        mask = vary(picked.piece, length_px, angle, rng)
        if die < GENERATED + GRAFTED:
            mask = self._graft(mask, length_px / picked.length, length_px, rng)
        elif die < GENERATED + GRAFTED + CUT:
            mask = cut_end(mask, angle, rng)
        return shape_of_mask(mask)

    def _graft(self, mask: Mask, side_px: float, length_px: float, rng: np.random.Generator) -> Mask:
        """Another piece on some place of this one: at its own size, cut down where it would outgrow this one."""
        other = self.pieces[int(rng.integers(len(self.pieces)))]
        size = min(max(LEAST_PX, side_px * other.length), length_px * float(rng.uniform(0.35, 0.75)))
        twig = vary(other, size, float(rng.uniform(-np.pi, np.pi)), rng)
        ys, xs = np.nonzero(mask)
        k = int(rng.integers(len(xs)))
        pad = max(twig.shape)
        wide = np.pad(mask, pad)
        y, x = int(ys[k]) + pad - twig.shape[0] // 2, int(xs[k]) + pad - twig.shape[1] // 2
        wide[y : y + twig.shape[0], x : x + twig.shape[1]] |= twig
        return trimmed(wide)


def vary(piece: Piece, length_px: float, angle: float, rng: np.random.Generator) -> Mask:
    """The piece mirrored or not, turned, scaled, stretched across, and bent a little; cut to its box."""
    flip = bool(rng.integers(2))
    own = -piece.angle if flip else piece.angle
    mask = piece.mask[::-1] if flip else piece.mask
    # Half a turn keeps the main axis.
    turn = angle - own + (np.pi if rng.integers(2) else 0.0)
    scale = max(length_px, LEAST_PX) / long_side(piece.mask)
    stretch = float(np.exp(rng.normal(0, STRETCH_SPREAD)))
    side = int(np.ceil(1.3 * scale * float(np.hypot(*mask.shape)))) + 8
    grid = (np.indices((side, side))[::-1].astype(np.float32) - (side - 1) / 2).reshape(2, side, side)
    bent = grid + _bend(side, length_px, rng)
    x, y = bent[0], bent[1]
    along = x * np.cos(angle) - y * np.sin(angle)
    across = (x * np.sin(angle) + y * np.cos(angle)) / stretch
    x, y = along * np.cos(angle) + across * np.sin(angle), -along * np.sin(angle) + across * np.cos(angle)
    back_x = (x * np.cos(turn) - y * np.sin(turn)) / scale + (mask.shape[1] - 1) / 2
    back_y = (x * np.sin(turn) + y * np.cos(turn)) / scale + (mask.shape[0] - 1) / 2
    soft = cv2.remap(
        np.pad(mask, 1).astype(np.float32), (back_x + 1).astype(np.float32), (back_y + 1).astype(np.float32),
        cv2.INTER_LINEAR,
    )  # fmt: skip
    found = _thresholded(np.asarray(soft, np.float32), float(mask.sum()) * scale**2 * stretch)
    return trimmed(found) if found.any() else _dot()


def _thresholded(soft: NDArray[np.float32], area: float) -> Mask:
    """The level that keeps thin lines whole: a lower one where half a pixel loses most of them."""
    found = soft >= 0.5
    if found.sum() < LEAST_KEPT * area:
        found = soft >= 0.2
    return np.asarray(found)


def _bend(side: int, length_px: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(2, side, side) smooth displacements, pixels (Simard et al. 2003, elastic distortions)."""
    wave = max(2.0, BEND_WAVE * length_px)
    cells = max(3, int(np.ceil(side / wave)))
    coarse = rng.normal(0, BEND * length_px, (2, cells, cells)).astype(np.float32)
    return np.stack([cv2.resize(c, (side, side), interpolation=cv2.INTER_CUBIC) for c in coarse])


def cut_end(mask: Mask, angle: float, rng: np.random.Generator) -> Mask:
    """The mask without one end, up to 40% of its extent along `angle`."""
    rows, columns = np.indices(mask.shape)
    along = columns * np.cos(angle) - rows * np.sin(angle)
    inside = along[mask]
    end = float(np.quantile(inside, rng.uniform(0.6, 0.95)))
    kept = mask & ((along <= end) if rng.integers(2) else (-along <= -float(inside.min() + inside.max() - end)))
    return trimmed(kept) if kept.any() else mask


def trimmed(mask: Mask) -> Mask:
    """The mask cut to its box, with two pixels around it."""
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return np.pad(mask[y : y + h, x : x + w], 2)


def _dot() -> Mask:
    return np.pad(np.ones((LEAST_PX, LEAST_PX), np.bool_), 2)

