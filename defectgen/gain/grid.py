"""The grid of a study: arms by tasks, ratios, draws and seeds, in the order in which they are trained.

The first seed of all draws comes before the second of any, so that a study that is stopped early has seen all draws.
Arms without a synthetic set have ratio 0 and are trained once, whatever the ratios are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from defectgen.arm.options import ARMS, SANITY, WORDS
from defectgen.errors import InputError
from defectgen.gain.calibration import calibrates
from defectgen.gain.cell import Spot
from defectgen.gain.options import AUGMENTED, GainOptions, TaskModel
from defectgen.gain.row import REAL_ONLY, ZERO_SHOT

__all__ = ["Arm", "Kind", "arms_of", "spots_of"]

Kind = Literal["real", "augmented", "made", "set"]
UNTAUGHT = {"render": "render-words", "compact": "compact-words", **{name: name for name in WORDS}}
"""Made arms with a zero-shot twin, and its maker, which knows the types' names alone; others learn from the shots."""


@dataclass(frozen=True)
class Arm:
    """maker: the name that `make_arm` knows, or of the user's set; "" without a set. zero_shot: no real defects."""

    name: str
    kind: Kind
    maker: str = ""
    zero_shot: bool = False

    @property
    def has_set(self) -> bool:
        return self.kind in ("made", "set")


def arms_of(options: GainOptions) -> tuple[Arm, ...]:
    """The arms of a study, real only first. InputError for an unknown one."""
    known = (REAL_ONLY, AUGMENTED, *ARMS, *SANITY)
    unknown = next((name for name in options.arms if name not in known), None)
    if unknown is not None:
        raise InputError(f"--arms: {unknown!r} is unknown; use some of {', '.join(known)}, or bring a set with --synth")
    plain = {REAL_ONLY: Arm(REAL_ONLY, "real"), AUGMENTED: Arm(AUGMENTED, "augmented")}
    arms = [plain.get(name) or Arm(name, "made", name) for name in options.arms]
    arms.sort(key=lambda arm: arm.kind != "real")
    arms += [Arm(one.name, "set", one.name) for one in options.synth]
    if options.zero_shot:
        arms += _twins(options, arms)
    return tuple(arms)


def _twins(options: GainOptions, arms: Sequence[Arm]) -> list[Arm]:
    twins = [
        Arm(f"{ZERO_SHOT}{arm.name}", arm.kind, UNTAUGHT.get(arm.name, arm.maker), True)
        for arm in arms
        if arm.kind == "set" or arm.name in UNTAUGHT
    ]
    if not twins:
        names = " or ".join(UNTAUGHT)
        raise InputError(f"--zero-shot: no arm can do without real defects; add {names}, or a --synth set")
    return twins


def spots_of(options: GainOptions, arms: Sequence[Arm], tasks: Sequence[TaskModel]) -> list[Spot]:
    """All trainings of the study, in order; an arm that cannot change a task is not run there. tasks: with their models
    resolved."""
    return [
        Spot(one.task, one.model, arm.name, ratio, draw, seed)
        for seed in range(options.seeds)
        for draw in range(options.draws)
        for one in tasks
        for arm in arms
        if arm.kind != "augmented" or not calibrates(one.task)
        for ratio in (sorted(options.ratios) if arm.has_set else (0.0,))
    ]
