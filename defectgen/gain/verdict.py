"""A verdict: whether an arm helps, harms, or gives no evidence of either, for one task and all defects or one.

It rests on the task's leading metric alone, named before anything was trained; other metrics are shown beside it and
decide nothing. An arm *helps* where its paired difference to real only is above 0 with p at most 5%, *harms* where it
is below, and otherwise there is *no evidence*. Of fewer than FEWEST_DRAWS draws nothing is said: so few tell shots that
happened to suit an arm from an arm that helps only by luck.

Many arms are many chances to be lucky, so p is corrected by Holm's procedure (Holm 1979): the k-th smallest of m is
multiplied by m - k + 1. One family is all arms of one task and model, over all defects; its arms by single defects are
another, and so are its arms that see no real defect. Within each family no more than 5 of 100 studies of useless arms
give any verdict. Intervals are plain 95% ones, each for itself: one may leave out 0 while the corrected verdict is *no
evidence*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from defectgen.gain.effect import effect_in_words, measure_of, range_in_words
from defectgen.gain.paired import RESAMPLES, Paired, compare
from defectgen.gain.row import ALL, REAL_ONLY, ZERO_SHOT, Row, cells_of

__all__ = [
    "ALPHA", "FEWEST_DRAWS", "Level", "Verdict", "at_ratio", "compare_arms", "decide", "defect_lead",
    "holm", "judge", "main_ratio",
]  # fmt: skip

Level = Literal["helps", "no evidence", "harms"]
ALPHA = 0.05
FEWEST_DRAWS = 5
DEFECT_LEADS = ("caught", "recall", "found", "pixel_ap", "map50")
"""What leads for single defects, where the task's leading metric knows none: the first that is there."""


@dataclass(frozen=True)
class Verdict:
    """One arm against another for one task, model, defect and metric.

    p_holm: p corrected for the `family` comparisons that were judged together. reason: why no verdict could be given,
    "" where one could. leading: False for metrics that are shown and not judged.
    """

    task: str
    model: str
    arm: str
    ratio: float
    defect: str
    metric: str
    base: str
    paired: Paired
    level: Level = "no evidence"
    p_holm: float = 1.0
    family: int = 1
    leading: bool = True
    reason: str = ""

    @property
    def zero_shot(self) -> bool:
        """Whether the arm saw no real defect in training."""
        return self.arm.startswith(ZERO_SHOT)

    @property
    def words(self) -> str:
        """The effect as one would say it: "finds 14 more of 100 cracks"."""
        return effect_in_words(self.metric, self.paired.effect, self.defect, self.task)

    @property
    def range_words(self) -> str:
        """Its interval: "6 to 22 more"; the reason where there is none."""
        if self.paired.low is None or self.paired.high is None:
            return self.reason
        return range_in_words(self.metric, self.paired.low, self.paired.high)


def holm(values: Sequence[float]) -> list[float]:
    """Corrected p of each of m p-values, in their order, in [0, 1] (Holm 1979)."""
    order = np.argsort(values, kind="stable")
    scaled = np.asarray(values, np.float64)[order] * np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in corrected]


def judge(
    rows: Sequence[Row], leads: Mapping[str, str], base: str = REAL_ONLY, ratio: float | None = None
) -> tuple[Verdict, ...]:
    """Verdicts on every arm of every task and model, first over all defects, then by defect.

    leads: the leading metric of each task. ratio: the one to judge arms at; by default `main_ratio`.
    """
    at = main_ratio(rows) if ratio is None else ratio
    found: list[Verdict] = []
    for task, model in dict.fromkeys((row.task, row.model) for row in rows if row.task in leads):
        here = at_ratio([row for row in rows if (row.task, row.model) == (task, model)], at)
        single = defect_lead(here, leads[task])
        whole = [row for row in here if row.defect == ALL and row.metric == leads[task]]
        parts = [row for row in here if row.defect != ALL and row.metric == single]
        for zero_shot in (False, True):
            for family in (compare_arms(whole, base, RESAMPLES), compare_arms(parts, base, RESAMPLES)):
                found += decide([one for one in family if one.zero_shot == zero_shot])
    return tuple(found)


def compare_arms(rows: Iterable[Row], base: str = REAL_ONLY, resamples: int = 0) -> list[Verdict]:
    """Every arm against the base, in every task, model, defect and metric of the rows; nothing decided yet."""
    cells: dict[tuple[str, str, str, str], dict[tuple[str, float], list[Row]]] = {}
    for row in rows:
        arms = cells.setdefault((row.task, row.model, row.defect, row.metric), {})
        arms.setdefault((row.arm, row.ratio), []).append(row)
    found = []
    for (task, model, defect, metric), arms in cells.items():
        ground = cells_of(row for (arm, _), held in arms.items() if arm == base for row in held)
        for (arm, ratio), held in arms.items():
            paired = None if arm == base else compare(ground, cells_of(held), resamples=resamples)
            if paired is not None:
                found.append(Verdict(task, model, arm, ratio, defect, metric, base, paired, leading=False))
    return found


def decide(family: Sequence[Verdict]) -> list[Verdict]:
    """The comparisons of one family as verdicts."""
    corrected = holm([one.paired.p for one in family])
    return [_decided(one, p, len(family)) for one, p in zip(family, corrected, strict=True)]


def _decided(one: Verdict, p: float, family: int) -> Verdict:
    level: Level = "no evidence"
    reason = _reason(one.paired)
    if not reason and p <= ALPHA:
        level = "helps" if one.paired.effect * measure_of(one.metric).better > 0 else "harms"
    return replace(one, level=level, p_holm=p, family=family, leading=True, reason=reason)


def _reason(paired: Paired) -> str:
    if paired.draws < FEWEST_DRAWS:
        return f"{paired.draws} draw{'s' * (paired.draws != 1)}; a verdict needs {FEWEST_DRAWS}"
    return "every draw gave the same difference, so its spread is not known" if paired.low is None else ""


def defect_lead(rows: Iterable[Row], lead: str) -> str:
    """The metric that verdicts on single defects rest on."""
    there = {row.metric for row in rows if row.defect != ALL}
    return next((metric for metric in (lead, *DEFECT_LEADS) if metric in there), lead)


def main_ratio(rows: Iterable[Row]) -> float:
    """The ratio that arms are judged at: 1 where it was run, else the smallest."""
    ratios = {row.ratio for row in rows if row.ratio > 0}
    return 1.0 if 1.0 in ratios or not ratios else min(ratios)


def at_ratio(rows: Sequence[Row], ratio: float) -> list[Row]:
    """The rows at the ratio, and all of the arms that were run at one alone."""
    ratios: dict[str, set[float]] = {}
    for row in rows:
        ratios.setdefault(row.arm, set()).add(row.ratio)
    return [row for row in rows if row.ratio == ratio or len(ratios[row.arm]) == 1]
