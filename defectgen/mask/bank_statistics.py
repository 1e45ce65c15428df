"""What the masks of two banks are like, side by side: do the new ones vary as the real ones do?

    length       longest extent over the part's shorter side
    fill         share of the length's square that is covered
    elongation   extent along the main axis over that across it
    solidity     share of the convex hull that is covered
    count        to a picture
    off centre   distance of the place from the part's middle, 0 there and 1 at the middle of a border
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.mask.bank import MaskBank, Piece

__all__ = ["BankRow", "bank_rows"]

QUANTILES = (0.1, 0.5, 0.9)
Spread = tuple[float, float, float]


@dataclass(frozen=True)
class BankRow:
    """One statistic of real and new masks, each at the quantiles 0.1, 0.5 and 0.9."""

    name: str
    real: Spread
    made: Spread


def bank_rows(real: MaskBank, made: MaskBank) -> list[BankRow]:
    """Every statistic of both."""
    columns = [_columns(bank) for bank in (real, made)]
    return [BankRow(name, _spread(columns[0][name]), _spread(columns[1][name])) for name in columns[0]]


def _columns(bank: MaskBank) -> dict[str, NDArray[np.float64]]:
    rows = [_row(piece) for piece in bank.pieces]
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {**table, "count": np.array(bank.counts, np.float64)}


def _row(piece: Piece) -> dict[str, float]:
    mask = piece.mask
    points = cv2.findNonZero(mask.astype(np.uint8))
    hull = cv2.convexHull(points)
    covered = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(covered, hull, 1)
    x, y = piece.where
    longest = max(mask.shape)
    return {
        "length": piece.length,
        "fill": float(mask.sum()) / longest**2,
        "elongation": piece.elongation,
        "solidity": float(mask.sum()) / max(int(covered.sum()), 1),
        "off centre": 2 * max(abs(x - 0.5), abs(y - 0.5)),
    }


def _spread(values: NDArray[np.float64]) -> Spread:
    low, middle, high = (float(v) for v in np.quantile(values, QUANTILES))
    return low, middle, high
