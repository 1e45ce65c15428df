"""The ratio advisor: how many synthetic pictures for each real shot are worth having, and when it cannot say.

It names the smallest ratio that helps and that no higher one is shown to beat. Gain *stops* there if it is ruled out,
by 95% intervals, that a higher ratio adds as much as WORTHWHILE of what is gained there; otherwise it *may go on*. All
differences are paired and corrected by Holm's procedure, those against real only and those between ratios each within
their arm. Where no ratio helps there is nothing to advise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from defectgen.gain.effect import measure_of
from defectgen.gain.paired import Paired, compare
from defectgen.gain.row import ALL, REAL_ONLY, ZERO_SHOT, Row, cells_of
from defectgen.gain.verdict import ALPHA, FEWEST_DRAWS, Verdict, compare_arms, decide, holm

__all__ = ["WORTHWHILE", "Advice", "State", "advise"]

State = Literal["stops", "may go on", "highest", "no gain", "cannot say"]
WORTHWHILE = 0.5


@dataclass(frozen=True)
class Advice:
    """What the ratios of one arm say. points: the verdict at each ratio, rising, against real only.

    state: "stops": nothing worthwhile is gained past `ratio`. "may go on": it helps, and whether more helps more is not
    known. "highest": the highest ratio that was tried is the best, so more may help. "no gain": none helps. "cannot
    say": too few draws, or one ratio alone.
    """

    task: str
    model: str
    arm: str
    metric: str
    points: tuple[Verdict, ...]
    state: State
    ratio: float | None
    words: str


def advise(rows: Sequence[Row], lead: str, base: str = REAL_ONLY) -> list[Advice]:
    """Advice on each arm of one task and model that was run at two ratios or more, by the leading metric.

    Arms that see no real defect get none: real only is no measure for them.
    """
    held = [row for row in rows if row.defect == ALL and row.metric == lead]
    ratios: dict[str, set[float]] = {}
    for row in held:
        ratios.setdefault(row.arm, set()).add(row.ratio)
    arms = [arm for arm, found in ratios.items() if len(found) > 1 and arm != base and not arm.startswith(ZERO_SHOT)]
    return [_advice([row for row in held if row.arm in (arm, base)], arm, base) for arm in arms]


def _advice(rows: Sequence[Row], arm: str, base: str) -> Advice:
    points = sorted(decide(compare_arms(rows, base)), key=lambda one: one.ratio)
    first = points[0] if points else None
    named = (rows[0].task, rows[0].model, arm, rows[0].metric, tuple(points))
    if first is None or any(one.paired.draws < FEWEST_DRAWS for one in points):
        fewest = min((one.paired.draws for one in points), default=0)
        words = f"{fewest} draws are too few to advise on ratios; {FEWEST_DRAWS} are needed"
        return Advice(*named, "cannot say", None, words)
    helping = [one.ratio for one in points if one.level == "helps"]
    if not helping:
        return Advice(*named, "no gain", None, "no ratio shows a gain")
    steps = _Steps(rows, arm, [one.ratio for one in points])
    ratio = next((one for one in helping if not steps.beaten(one)), helping[-1])
    state, words = steps.beyond(ratio, next(one for one in points if one.ratio == ratio).paired)
    if state == "highest" and len(helping) == 1:
        words = f"helps at {ratio:g} to 1 alone, the highest that was tried"
    return Advice(*named, state, ratio, words)


class _Steps:
    """The paired differences between the ratios of one arm, in the direction that is better."""

    def __init__(self, rows: Sequence[Row], arm: str, ratios: list[float]) -> None:
        cells = {ratio: cells_of(row for row in rows if row.arm == arm and row.ratio == ratio) for ratio in ratios}
        better = measure_of(rows[0].metric).better
        signed = {ratio: {key: better * value for key, value in held.items()} for ratio, held in cells.items()}
        between = {
            (low, high): compare(signed[low], signed[high], resamples=0)
            for i, low in enumerate(ratios)
            for high in ratios[i + 1 :]
        }
        self._steps: dict[tuple[float, float], Paired] = {key: one for key, one in between.items() if one is not None}
        self._p = dict(zip(self._steps, holm([one.p for one in self._steps.values()]), strict=True))

    def beaten(self, ratio: float) -> bool:
        """Whether a higher one is shown to be better."""
        steps = ((key, step) for key, step in self._steps.items() if key[0] == ratio)
        return any(step.effect > 0 and self._p[key] <= ALPHA for key, step in steps)

    def beyond(self, ratio: float, gain: Paired) -> tuple[State, str]:
        """What the ratios above it add to the gain there."""
        higher = {high: step for (low, high), step in self._steps.items() if low == ratio}
        if not higher:
            return "highest", f"gain grows up to {ratio:g} to 1, the highest that was tried; more may help"
        worth = WORTHWHILE * abs(gain.effect)
        unsure = [high for high, step in higher.items() if step.high is None or step.high >= worth]
        harm = [high for high, step in higher.items() if step.effect < 0 and self._p[ratio, high] <= ALPHA]
        if unsure:
            return "may go on", f"{ratio:g} to 1 helps; whether {_list(unsure)} adds much to it cannot be said"
        less = f"; {_list(harm)} takes some of it away" if harm else ""
        return "stops", f"gain stops at {ratio:g} to 1{less}"


def _list(ratios: Sequence[float]) -> str:
    return " or ".join(f"{ratio:g}" for ratio in ratios) + " to 1"
