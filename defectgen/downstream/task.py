"""A task: what an inspection stack is trained for, and the one shape that every training and its result has.

A *trial* is what one training sees; its *outcome* is what the test pictures say of the step that was best on val.
The four tasks share one rule: half of each batch is good, half defective; every arm takes the same number of optimiser
steps over the same schedule; model and thresholds are chosen on val; test is looked at once.

Fractions are in 0 to 1. Scores and maps are the chance of a defect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.pool import Pool
from defectgen.errors import InputError

__all__ = ["LEADS", "STEPS", "TASKS", "Outcome", "Task", "TrainOptions", "Trial", "Watch", "make_task"]

Watch = Callable[[int, float], None]
"""Called after each optimiser step with its number, from 1, and its loss."""

STEPS = {"classify": 200, "detect": 300, "segment": 300, "anomaly": 0, "supervised-anomaly": 300}
"""Optimiser steps of a task when none are given; 0: nothing is trained by steps (good-only detection)."""

LEADS = {
    "classify": "balanced_accuracy", "detect": "map50", "segment": "pixel_ap", "anomaly": "balanced_accuracy",
    "supervised-anomaly": "pixel_ap",
}  # fmt: skip
"""The metric that leads the verdict and chooses the step on val (of pixels: as a mean over types); higher is better."""


@dataclass(frozen=True, eq=False)
class Trial:
    """real: good training pictures and the real shots (none of them where nothing real is known).

    extra: synthetic defective pictures, or None. augment: strong classical augmentation on top of the flips and shifts
    that every arm has. extra_share: of the defective half of a batch, the share drawn from extra, 0 to 1.
    """

    real: Pool
    extra: Pool | None
    val: Pool
    test: Pool
    augment: bool = False
    extra_share: float = 0.5


@dataclass(frozen=True)
class TrainOptions:
    """model: a preset of the task, "" for its first. lr: peak learning rate, None for the task's own.

    evaluations: how often, evenly spaced, val is looked at. All randomness of a training comes from seed.
    """

    model: str = ""
    steps: int = 200
    batch: int = 16
    lr: float | None = None
    seed: int = 0
    device: str = "cpu"
    evaluations: int = 5

    def __post_init__(self) -> None:
        for name, least in (("steps", 0), ("batch", 2), ("evaluations", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; expected {least} or more")


@dataclass(frozen=True, eq=False)
class Outcome:
    """metrics and per_class: on test, of the step that was best on val. curve: one row a look: step, loss, val.

    scores: (N,) float32 of the test pictures. maps: (N, S, S) uint8, chance x 255, or None where a task has none.
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
    """What the study knows of a task."""

    @property
    def name(self) -> str: ...

    @property
    def lead(self) -> str:
        """Name of the metric that leads the verdict."""
        ...

    @property
    def presets(self) -> tuple[str, ...]:
        """Models to choose from; the first is the default."""
        ...

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        """InputError, before anything is trained, for pictures that this task cannot use."""
        ...

    def run(self, trial: Trial, options: TrainOptions, watch: Watch) -> Outcome:
        """Train and test. The same trial and options give the same outcome on one machine."""
        ...


def _segment() -> Task:
    from defectgen.downstream.segment import Segment

    return Segment()


def _classify() -> Task:
    from defectgen.downstream.classify import Classify

    return Classify()


def _detect() -> Task:
    from defectgen.downstream.detect import Detect

    return Detect()


def _anomaly() -> Task:
    from defectgen.downstream.anomaly import Anomaly

    return Anomaly()


def _supervised_anomaly() -> Task:
    from defectgen.downstream.supervised_anomaly import SupervisedAnomaly

    return SupervisedAnomaly()


TASKS: dict[str, Callable[[], Task]] = {
    "classify": _classify, "detect": _detect, "segment": _segment, "anomaly": _anomaly,
    "supervised-anomaly": _supervised_anomaly,
}  # fmt: skip


def make_task(name: str) -> Task:
    """The task of this name; InputError for another."""
    if name not in TASKS:
        raise InputError(f"unknown task {name!r}; expected one of {', '.join(TASKS)}")
    return TASKS[name]()
