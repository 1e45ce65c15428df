"""A row: one number of one training, the unit that the verdicts are made of.

A *draw* is one random choice of the few real shots; a *seed* is one training run on it. Rows of two arms with the same
draw and seed are a pair: they saw the same shots, the same good pictures and the same test pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["ALL", "REAL_ONLY", "ZERO_SHOT", "Cells", "Row", "cells_of"]

ALL = "all"
REAL_ONLY = "none"
ZERO_SHOT = "zero-shot "
"""What the names of arms begin with that see no real defect in training."""
Cells = Mapping[tuple[int, int], float]
"""A metric's values by (draw, seed)."""


@dataclass(frozen=True)
class Row:
    """ratio: synthetic pictures for each real shot, 0 where the arm has none. defect: a class, or "all" over them."""

    task: str
    arm: str
    ratio: float
    defect: str
    metric: str
    draw: int
    seed: int
    value: float
    model: str = ""


def cells_of(rows: Iterable[Row]) -> dict[tuple[int, int], float]:
    """Rows that differ in draw and seed alone, by these."""
    return {(row.draw, row.seed): row.value for row in rows}
