"""What a study of gain is asked for, checked once: which arms, tasks, draws, seeds and ratios, on what budget.

An *arm* is one way to train: real pictures alone (`none`), the same with strong augmentation (`classical`), or with one
synthetic set beside them, made by a generator from the draw's shots or given by the user. A *ratio* is the number of
synthetic pictures for each real shot. A *zero-shot* arm has no real defect in training.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from defectgen.errors import InputError
from defectgen.gain.row import REAL_ONLY

__all__ = ["AUGMENTED", "DEFAULT_ARMS", "GainOptions", "NamedSet", "TaskModel", "parse_sets", "parse_tasks"]

AUGMENTED = "classical"
DEFAULT_ARMS = (
    REAL_ONLY, AUGMENTED, "copy-paste", "seamless", "perlin", "pyimgano-alpha", "render", "compact",
)  # fmt: skip
MOST_SIDE = 1024
MIN_SIDE = 16
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class NamedSet:
    """A synthetic set that the user brings, and the name of its arm."""

    name: str
    path: Path


@dataclass(frozen=True)
class TaskModel:
    """A task and the preset of its model; "" is the task's default."""

    task: str
    model: str = ""


@dataclass(frozen=True)
class GainOptions:
    """One study.

    shots: real pictures of each defect, None for all there are. ratios: rising. zero_shot: also arms without any real
    defect. steps: optimiser steps of each training, None for the task's default; batch, None likewise. side: of the
    pictures in pixels. budget_s: seconds after which no training is started, None for no limit. defects: the types to
    study, all where empty. most_good: good training pictures that are used at most. folder `out`: results, and sets and
    trainings as well where no folder `cache` is given that studies share.
    """

    real: Path
    out: Path
    synth: tuple[NamedSet, ...] = ()
    arms: tuple[str, ...] = DEFAULT_ARMS
    tasks: tuple[TaskModel, ...] = (TaskModel("segment"),)
    shots: int | None = 10
    draws: int = 5
    seeds: int = 3
    ratios: tuple[float, ...] = (1.0,)
    zero_shot: bool = False
    steps: int | None = None
    batch: int | None = None
    side: int = 96
    jobs: int = 1
    budget_s: float | None = None
    device: str = "cpu"
    defects: tuple[str, ...] = ()
    most_good: int = 1000
    blocked: tuple[Path, ...] = ()
    command: str = ""
    cache: Path | None = None

    def __post_init__(self) -> None:
        _check_counts(self)
        _check_names(self)


def _check_counts(options: GainOptions) -> None:
    least = {"shots": 1, "draws": 1, "seeds": 1, "steps": 1, "batch": 2, "jobs": 1, "most_good": 1}
    for name, bound in least.items():
        value = getattr(options, name)
        if value is not None and value < bound:
            raise InputError(f"--{name.replace('most_', 'most-')} is {value}; expected {bound} or more")
    if not MIN_SIDE <= options.side <= MOST_SIDE:
        raise InputError(f"--size is {options.side}; expected {MIN_SIDE} to {MOST_SIDE} pixels")
    if options.budget_s is not None and options.budget_s <= 0:
        raise InputError(f"--budget is {options.budget_s / 60:g}; expected minutes above 0")
    if not options.ratios or min(options.ratios) <= 0 or max(options.ratios) > 100:
        said = ",".join(f"{ratio:g}" for ratio in options.ratios)
        raise InputError(f"--ratios {said!r}: expected synthetic pictures a real shot, such as 0.5,1,2,5")


def _check_names(options: GainOptions) -> None:
    if not options.tasks:
        raise InputError("--tasks is empty; expected such as segment,classify")
    for option, names in (
        ("--arms", options.arms), ("--synth", [one.name for one in options.synth]),
        ("--tasks", options.tasks), ("--ratios", options.ratios),
    ):  # fmt: skip
        twice = [name for k, name in enumerate(names) if name in names[:k]]
        if twice:
            raise InputError(f"{option} names {_shown(twice[0])} twice; name each once")
    if REAL_ONLY not in options.arms:
        raise InputError(f"--arms leaves out {REAL_ONLY!r}, real pictures alone, which all others are compared with")
    for one in options.synth:
        if one.name in options.arms:
            raise InputError(f"--synth {one.name}={one.path} has the name of another arm; use another name")
    if len(options.arms) + len(options.synth) < 2:
        raise InputError("only real pictures alone are to be trained; name more --arms, or a set with --synth")


def _shown(name: object) -> str:
    return name.task if isinstance(name, TaskModel) else str(name)


def parse_sets(texts: Sequence[str]) -> tuple[NamedSet, ...]:
    """SET or NAME=SET, each or several in one text with commas between; a set is named by its folder."""
    found = []
    for text in (part.strip() for whole in texts for part in whole.split(",")):
        name, sign, path = text.partition("=")
        if not text or (sign and not path):
            raise InputError(f"--synth {text!r}: expected a set's folder, or NAME=FOLDER")
        named = NamedSet(name, Path(path)) if sign else NamedSet(Path(text).resolve().name, Path(text))
        if not NAME.fullmatch(named.name):
            raise InputError(f"--synth: {named.name!r} is no name for an arm; use NAME=FOLDER with letters and digits")
        found.append(named)
    return tuple(found)


def parse_tasks(text: str) -> tuple[TaskModel, ...]:
    """TASK or TASK:MODEL, with commas between."""
    parts = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    return tuple(TaskModel(task, model) for task, _, model in parts)
