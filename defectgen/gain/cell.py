"""A cell: one training of a study. Its key covers all that decides its outcome, and nothing else.

    key = sha256 of PROTOCOL, task, model, training options, and the content of the pools it trains and is judged on

So a changed set trains again just what depends on it, two arms with the same pictures are trained once, and a cell of
one study serves another. The arm's name and the draw are not part of it: within a draw all arms share their seeds
(common random numbers), so that arms which see the same get the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property

from defectgen.downstream.task import TrainOptions

__all__ = ["PROTOCOL", "Cell", "Spot"]

PROTOCOL = 1
"""Raised whenever a task, a metric or the way pools are made changes what a cell gives."""
SEEDS_APART = 1000


@dataclass(frozen=True)
class Spot:
    """A place in the grid of a study. ratio: 0 for arms without a synthetic set."""

    task: str
    model: str
    arm: str
    ratio: float
    draw: int
    seed: int

    @property
    def training_seed(self) -> int:
        """Of draw and seed together: a network's start that all draws had in common would move an arm in all of them,
        which the interval over draws takes for an effect."""
        return self.seed + SEEDS_APART * self.draw


@dataclass(frozen=True)
class Cell:
    """What is trained at a spot. side: of the pictures, in px. real, extra, val, test: content sums of pools, or ""."""

    spot: Spot
    options: TrainOptions
    augment: bool
    extra_share: float
    side: int
    real: str
    extra: str
    val: str
    test: str

    @cached_property
    def key(self) -> str:
        """64 hexadecimal digits."""
        content = {"protocol": PROTOCOL, "task": self.spot.task, **asdict(self)}
        del content["spot"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
