"""The forecast: how long the trainings that are left will take, measured on this machine before they begin.

A task's pace is the median time of its finished cells; where there is none, a short training is run and thrown away,
after one on a few pictures that only loads and warms up what is needed. Its time is scaled: the steps by what a step
took, the rest as it was, with the further looks at validation.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from defectgen.downstream.pool import Pool
from defectgen.downstream.task import TrainOptions, Trial, make_task
from defectgen.downstream.val_sample import MOST
from defectgen.gain.cell import Cell, Spot
from defectgen.gain.cell_cache import CellCache
from defectgen.gain.options import TaskModel
from defectgen.gain.plan import Plan

__all__ = ["Forecast", "Paces", "measure_paces", "pace_key", "train_options"]

PROBE_STEPS, FEW = 6, 4
Paces = Mapping[tuple[str, str], float]
"""Seconds of one training, by task and model."""


@dataclass(frozen=True)
class Forecast:
    """trainings: all of the study; left: still to do. seconds: for these, on as many workers as were asked for.

    paces: seconds a training by task and model. sets: synthetic sets that must be there first; making them is not in
    `seconds`.
    """

    trainings: int
    left: int
    seconds: float
    paces: dict[tuple[str, str], float]
    sets: int

    @staticmethod
    def of(spots: Sequence[Spot | Cell], total: int, paces: Paces, jobs: int, sets: int) -> Forecast:
        """spots: the trainings that are left."""
        each = [paces[pace_key(one)] for one in spots]
        together = max(sum(each) / jobs, max(each, default=0.0))
        return Forecast(total, len(each), together, dict(paces), sets)


def pace_key(one: Spot | Cell) -> tuple[str, str]:
    spot = one.spot if isinstance(one, Cell) else one
    return spot.task, spot.model


def train_options(plan: Plan, task: TaskModel, seed: int) -> TrainOptions:
    """How a cell of this task is trained."""
    given = {} if plan.options.batch is None else {"batch": plan.options.batch}
    steps = plan.steps(task.task)
    return TrainOptions(model=task.model, steps=steps, seed=seed, device=plan.options.device, **given)


def measure_paces(plan: Plan, cache: CellCache) -> dict[tuple[str, str], float]:
    """Seconds of one training, by task and model."""
    done = cache.spots()
    return {(one.task, one.model): _known(plan, one, done) or _probed(plan, one) for one in plan.tasks}


def _known(plan: Plan, task: TaskModel, done: Sequence[dict[str, object]]) -> float | None:
    options = train_options(plan, task, 0)
    same = [
        float(str(one["seconds"]))
        for one in done
        if isinstance(spot := one["spot"], dict) and isinstance(had := one["options"], dict)
        and (spot["task"], one["test"]) == (task.task, plan.test.sha256)
        and all(had[name] == getattr(options, name) for name in ("model", "steps", "batch", "device"))
    ]  # fmt: skip
    return statistics.median(same) if same else None


def _probed(plan: Plan, task: TaskModel) -> float:
    options = train_options(plan, task, 0)
    short = replace(options, steps=min(options.steps, PROBE_STEPS), evaluations=1)
    ticks: list[float] = []
    trial = Trial(plan.real(0), None, plan.val, plan.test, augment=False, extra_share=0.0)
    few = replace(trial, val=_few(plan.val), test=_few(plan.test))
    make_task(task.task).run(few, replace(short, steps=min(short.steps, 1)), lambda step, loss: None)
    began = time.monotonic()
    make_task(task.task).run(trial, short, lambda step, loss: ticks.append(time.monotonic()))
    whole = time.monotonic() - began
    a_step = statistics.median(b - a for a, b in pairwise(ticks)) if len(ticks) > 1 else 0.0
    rest = max(whole - len(ticks) * a_step, 0.0)
    looked = min(MOST, len(plan.val))
    look = rest * looked / (looked + len(plan.val) + len(plan.test))
    return rest + (options.evaluations - 1) * look * (options.steps > 0) + options.steps * a_step


def _few(pool: Pool) -> Pool:
    """Some good pictures, and some of each class."""
    return pool.take(np.concatenate([np.flatnonzero(pool.labels == k)[:FEW] for k in range(len(pool.classes) + 1)]))
