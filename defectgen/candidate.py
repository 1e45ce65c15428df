"""Candidates: the same defect at the same place made several times, of which the best is kept.

Label truth comes first: a candidate that may not ship loses to one that may. Among equals the score decides,

    score = IoU(prescribed, delivered) x IoU(delivered, changed) x likeness

where likeness, in [0, 1], is the cosine of the features of the candidate's defect to those of the nearest real one
(1 where no real ones are given); the first of equally good ones is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from defectgen.engine.window import Window
from defectgen.image import Pixels
from defectgen.label_audit import Audited

__all__ = ["Choice", "Judge", "better", "chosen", "with_seeds"]

Mask = NDArray[np.bool_]


class Judge(Protocol):
    """Says how like real defects one looks."""

    def likeness(self, pixels: Pixels, mask: Mask) -> float:
        """[0, 1], of the defect under the mask (H, W) of a picture as stored."""


@dataclass(frozen=True)
class Choice:
    """One candidate's standing. number: from 0. ships: whether the label audit lets it. likeness: None unjudged."""

    number: int
    ships: bool
    truth: float
    likeness: float | None

    @property
    def score(self) -> float:
        return self.truth * (1.0 if self.likeness is None else self.likeness)

    @property
    def record(self) -> dict[str, Any]:
        likeness = None if self.likeness is None else round(self.likeness, 4)
        return {"candidate": self.number, "likeness": likeness}


def chosen(number: int, audited: Audited, judge: Judge | None) -> Choice:
    """The standing of a finished candidate; one that may not ship is not looked at further."""
    audit = audited.audit
    ships = audit.reason is None
    likeness = judge.likeness(audited.pixels, audited.delivered) if judge is not None and ships else None
    return Choice(number, ships, audit.prescribed_iou * audit.changed_iou, likeness)


def better(new: Choice | None, old: Choice | None) -> bool:
    """Whether a later candidate beats an earlier one."""
    assert new is not None and old is not None
    return (new.ships, new.score) > (old.ships, old.score)


def with_seeds(groups: Sequence[Sequence[Window]], rng: np.random.Generator) -> tuple[tuple[Window, ...], ...]:
    """The same windows with seeds of their own."""
    return tuple(
        tuple(replace(window, seed=seed + number) for number, window in enumerate(group))
        for group in groups
        for seed in (int(rng.integers(2**62)),)
    )
