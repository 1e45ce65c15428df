"""A task: one kind of detector, trained on a trial and judged on test pictures that nothing was chosen on.

Everything of a training's randomness comes from `TrainOptions.seed`: the same trial and options give the same outcome
on one machine. Half of each batch is good, half defective, where there are both. Steps, schedule, good pictures and
the number of looks at the validation pictures are the same in all arms; the step that was best on validation is kept.
Metrics are fractions, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.pool import Pool

__all__ = ["Outcome", "Task", "TrainOptions", "Trial"]


@dataclass(frozen=True, eq=False)
class Trial:
    """What one training sees.

    real: the good training pictures and the real shots, no shots in a zero-shot arm. extra: synthetic defective
    pictures. augment: strong classical augmentation; flips and shifts are for every arm. extra_share: of the defective
    half of a batch, the share drawn from `extra`, 0 to 1.
    """

    real: Pool
    extra: Pool | None
    val: Pool
    test: Pool
    augment: bool
    extra_share: float


@dataclass(frozen=True)
class TrainOptions:
    """model: a preset of the task, "" for its default. lr: None for the preset's. evaluations: looks at validation."""

    model: str
    steps: int
    batch: int
    lr: float | None
    seed: int
    device: str
    evaluations: int = 5


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one training gave.

    metrics: over all classes, on test, of the step that was best on validation; per_class: by class name. curve: of
    each look "step", "loss" and "val". scores: (N_test,) float32, how sure the picture is defective. maps: (N_test, S,
    S) uint8, 255 times the probability of a defect, or None where the task gives no map. seconds: of the whole.
    """

    metrics: dict[str, float]
    per_class: dict[str, dict[str, float]]
    curve: tuple[dict[str, float], ...]
    best_step: int
    val: float
    seconds: float
    scores: NDArray[np.float32]
    maps: NDArray[np.uint8] | None


class Task(Protocol):
    """lead: the metric that verdicts lead with, higher is better. presets: models, the default first."""

    name: str
    lead: str
    presets: tuple[str, ...]

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        """InputError for what this task cannot use: no masks, a class missing from a split, one class, too few."""

    def run(self, trial: Trial, options: TrainOptions, watch: Callable[[int, float], None]) -> Outcome:
        """One training and its judgement. watch: step and loss."""
