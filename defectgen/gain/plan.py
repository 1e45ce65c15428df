"""The plan of a study: everything that is checked and read before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from defectgen.arm.shots_set import shots_set
from defectgen.dataset.defect_set import DefectSet
from defectgen.downstream.pool import Pool, read_pool
from defectgen.downstream.task import STEPS, make_task
from defectgen.errors import InputError
from defectgen.gain.calibration import calibrates
from defectgen.gain.cell import Spot
from defectgen.gain.draw import RealSplit, read_split
from defectgen.gain.grid import Arm, arms_of, spots_of
from defectgen.gain.options import GainOptions, TaskModel
from defectgen.gain.pool_store import PoolStore
from defectgen.gain.user_set import UserSet, read_user_set, wanted
from defectgen.gain.wording import check_wording
from defectgen.record import Record

__all__ = ["Plan", "make_plan"]

SHARED = ("cells", "pools", "arms")


@dataclass(frozen=True, eq=False)
class Plan:
    """What is going to be trained, on what.

    tasks: with their models named. leads: each task's leading metric. train: all training pictures that a draw may
    take, the good ones first. sets: the user's, by name. wanted: synthetic pictures of each class at the largest ratio.
    """

    options: GainOptions
    split: RealSplit
    arms: tuple[Arm, ...]
    tasks: tuple[TaskModel, ...]
    leads: dict[str, str]
    train: Pool
    val: Pool
    test: Pool
    sets: dict[str, UserSet]
    wanted: dict[str, int]
    notes: tuple[str, ...]

    @property
    def spots(self) -> list[Spot]:
        return spots_of(self.options, self.arms, self.tasks)

    def steps(self, task: str) -> int:
        """Optimiser steps of a training."""
        return STEPS[task] if self.options.steps is None or not STEPS[task] else self.options.steps

    def shots(self, draw: int) -> tuple[Record, ...]:
        return self.split.shots(self.options.shots, draw)

    def real(self, draw: int, zero_shot: bool = False) -> Pool:
        """The real pictures that a training of this draw sees: all good ones, then the shots."""
        good = list(range(len(self.split.good)))
        if zero_shot:
            return self.train.take(good)
        chosen = {record.file_name for record in self.shots(draw)}
        shots = [len(good) + i for i, record in enumerate(self.split.train) if record.file_name in chosen]
        return self.train.take(good + shots)

    def folder(self, name: str) -> Path:
        """A folder of the study; or of the cache that studies may share, where names are hashes."""
        shared = self.options.cache if name in SHARED else None
        return (shared or self.options.out) / name

    @property
    def pools(self) -> PoolStore:
        return PoolStore(self.folder("pools"))

    def shots_set(self, draw: int) -> DefectSet:
        """The set of links that the makers of this draw may look at."""
        return shots_set(self.split.owner, [*self.split.good, *self.shots(draw)], self.folder("shots") / f"draw-{draw}")


def make_plan(options: GainOptions) -> Plan:
    """Check and read everything. InputError for what cannot be studied, before anything is trained."""
    arms = arms_of(options)
    _check_tools(arms)
    made = [make_task(one.task) for one in options.tasks]
    tasks = tuple(_resolved(one, task.presets) for one, task in zip(options.tasks, made, strict=True))
    notes = [*_calibration_notes(arms, tasks), *_zero_shot_notes(arms)]
    split = read_split(options.real, options.defects, options.most_good)
    check_wording(arms, split)
    notes = [*_left_out(split), *split.check_shots(options.shots, options.draws), *notes]
    sets = {one.name: read_user_set(one, split, options) for one in options.synth}
    notes += [note for one in sets.values() for note in one.notes]
    train, val, test = (
        read_pool(split.owner, records, split.classes, options.side)
        for records in ((*split.good, *split.train), split.val, split.test)
    )
    plan = Plan(
        options, split, arms, tasks, {task.name: task.lead for task in made}, train, val, test, sets,
        wanted(split, options), tuple(notes),
    )  # fmt: skip
    for task in made:
        task.check(plan.real(0), val, test)
    return plan


def _check_tools(arms: Sequence[Arm]) -> None:
    """InputError where the package of an arm is missing, before hours are spent on the others."""
    if any(arm.maker == "pyimgano-alpha" for arm in arms) and find_spec("pyimgano") is None:
        raise InputError(
            "the arm pyimgano-alpha needs pyimgano, which is not here; run pip install --no-deps pyimgano defusedxml, "
            "or name --arms without it"
        )


def _resolved(one: TaskModel, presets: Sequence[str]) -> TaskModel:
    """With the default model named, so that asking for it by name is the same cell."""
    if one.model and one.model.partition("=")[0] not in presets:
        raise InputError(f"--tasks {one.task}:{one.model}: unknown model; use one of {', '.join(presets)}")
    return TaskModel(one.task, one.model or presets[0])


def _left_out(split: RealSplit) -> list[str]:
    if not split.left_out:
        return []
    return ["left out by --defects: " + ", ".join(f"{n} pictures of {name}" for name, n in split.left_out.items())]


def _calibration_notes(arms: Sequence[Arm], tasks: Sequence[TaskModel]) -> list[str]:
    """What arms mean where they set a threshold alone. InputError where none of them does."""
    named = [one.task for one in tasks if calibrates(one.task)]
    if not named:
        return []
    if not any(arm.has_set for arm in arms):
        raise InputError(
            f"--tasks {named[0]}: arms change the alarm threshold alone there, and augmented shots do not; name --arms "
            "with pictures of their own, a --synth set, or other --tasks"
        )
    gone = "".join(f"; {arm.name} cannot change it and is left out" for arm in arms if arm.kind == "augmented")
    return [
        f"{named[0]}: the detector knows good pictures alone, and an arm sets its alarm threshold, nothing else; "
        f"AUROC, AP and marked areas are the same for all arms and not compared{gone}"
    ]


def _zero_shot_notes(arms: Sequence[Arm]) -> list[str]:
    if not any(arm.zero_shot for arm in arms):
        return []
    return [
        "zero-shot arms train on good and synthetic pictures alone; real only without a real defect cannot be trained, "
        "so they are held against real only with its shots"
    ]
