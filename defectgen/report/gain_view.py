"""What a reader sees of a trial: its rows arranged by task, arm and defect, with verdicts, figures and sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from defectgen.dataset.noun import joined
from defectgen.gain.advisor import Advice, advise
from defectgen.gain.calibration import GOOD_ONLY, calibrates, may_differ
from defectgen.gain.effect import Measure, measure_of
from defectgen.gain.power import noticeable_by
from defectgen.gain.result import CellLine, GainResult
from defectgen.gain.row import ALL, REAL_ONLY, ZERO_SHOT, Row
from defectgen.gain.verdict import Level, Verdict, at_ratio, compare_arms, decide, judge, main_ratio
from defectgen.report.gain_plots import Band, Span, curves, span_of
from defectgen.report.gain_terms import arm_term, task_term
from defectgen.report.glossary import Term

__all__ = ["LEVEL_CLASS", "PLAIN", "Run", "TaskView", "against", "task_views", "views_of"]

LEVEL_CLASS: dict[Level, str] = {"helps": "good", "no evidence": "none", "harms": "bad"}
DECIDED: tuple[Level, ...] = ("helps", "harms")
PLAIN = ("caught", "found", "recall")
"""Metrics that count defects: the first that was measured says an effect in plain words."""


@dataclass(frozen=True)
class Run:
    """The learning curve of one training: (step, value on val)."""

    task: str
    model: str
    arm: str
    ratio: float
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class TaskView:
    """One task and model. verdicts: over all defects, best effect first; single: by defect."""

    task: str
    model: str
    lead: str
    ratio: float
    rows: tuple[Row, ...]
    runs: tuple[Run, ...]
    verdicts: tuple[Verdict, ...]
    single: tuple[Verdict, ...]

    @property
    def key(self) -> str:
        """For links on the page."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.task} {self.model}".lower()).strip("-")

    @property
    def term(self) -> Term:
        return task_term(self.task)

    @property
    def title(self) -> str:
        return f"{self.term.title} ({self.task}{f', {self.model}' if self.model else ''})"

    @property
    def measure(self) -> Measure:
        return measure_of(self.lead, self.task)

    @property
    def single_measure(self) -> Measure:
        """Of the metric that leads for single defects."""
        return measure_of(self.single[0].metric if self.single else self.lead, self.task)

    @property
    def base(self) -> float | None:
        """Real only's mean of the leading metric."""
        values = [row.value for row in self._whole if row.arm == REAL_ONLY and row.metric == self.lead]
        return sum(values) / len(values) if values else None

    @property
    def noticeable(self) -> float | None:
        """The effect that four of five such trials would notice."""
        return noticeable_by([one for one in self.verdicts if not one.zero_shot])

    @cached_property
    def _whole(self) -> list[Row]:
        return [row for row in at_ratio(self.rows, self.ratio) if row.defect == ALL]

    @cached_property
    def evidence(self) -> dict[str, dict[str, Verdict]]:
        """By metric, then arm: all metrics that arms can change, of all defects together, the leading one first."""
        found: dict[str, dict[str, Verdict]] = {self.lead: {}}
        for one in compare_arms([row for row in self._whole if may_differ(self.task, row.metric)]):
            found.setdefault(one.metric, {})[one.arm] = one
        return {metric: arms for metric, arms in found.items() if arms}

    @property
    def calibrated(self) -> bool:
        """Whether arms set an alarm threshold and change nothing else."""
        return calibrates(self.task)

    @cached_property
    def unchanged(self) -> dict[str, float]:
        """Metrics of all defects that no arm can change, as means over the trainings of real only."""
        values: dict[str, list[float]] = {}
        for row in self._whole:
            if row.arm == REAL_ONLY and not may_differ(self.task, row.metric) and not row.metric.endswith(GOOD_ONLY):
                values.setdefault(row.metric, []).append(row.value)
        return {metric: sum(held) / len(held) for metric, held in values.items()}

    def plain(self, arm: str, defect: str = ALL) -> Verdict | None:
        """The arm's effect in counted defects; None where no metric counts any, or only with more or fewer alarms."""
        if self.calibrated:
            return None
        if defect == ALL:
            return next((self.evidence[name][arm] for name in PLAIN if arm in self.evidence.get(name, {})), None)
        return next((self._counted[name, arm, defect] for name in PLAIN if (name, arm, defect) in self._counted), None)

    @cached_property
    def _counted(self) -> dict[tuple[str, str, str], Verdict]:
        rows = [row for row in at_ratio(self.rows, self.ratio) if row.defect != ALL and row.metric in PLAIN]
        return {(one.metric, one.arm, one.defect): one for one in compare_arms(rows)}

    @property
    def defects(self) -> list[str]:
        return sorted({one.defect for one in self.single})

    def of_defect(self, arm: str, defect: str) -> Verdict | None:
        return next((one for one in self.single if (one.arm, one.defect) == (arm, defect)), None)

    def base_of(self, defect: str) -> float:
        """What real only reaches on one type of defect."""
        return next(one.paired.base for one in self.single if one.defect == defect)

    @cached_property
    def advice(self) -> list[Advice]:
        return advise(self.rows, self.lead)

    @property
    def ratio_span(self) -> Span:
        """One axis for the figures of all advice."""
        return span_of([point.paired for one in self.advice for point in one.points])

    def rivals(self, arm: str) -> list[Verdict]:
        """The arm against every other one that adds something; the hardest to beat first."""
        here = [row for row in self._whole if row.metric == self.lead and not row.arm.startswith(ZERO_SHOT)]
        others = [one for one in dict.fromkeys(row.arm for row in here) if one not in (arm, REAL_ONLY)]
        pairs = [compare_arms([row for row in here if row.arm in (arm, other)], other) for other in others]
        return sorted(decide([one for pair in pairs for one in pair]), key=lambda one: one.paired.effect)

    @cached_property
    def figures(self) -> list[tuple[Term, Markup]]:
        """Learning curves of each arm over those of real only; none where nothing is learned by steps."""
        if self.calibrated:
            return []
        held: dict[str, list[tuple[tuple[float, float], ...]]] = {}
        for run in self.runs:
            if run.ratio in (0, self.ratio) and run.curve:
                held.setdefault(run.arm, []).append(run.curve)
        bands = {arm: Band.of(found) for arm, found in held.items()}
        base = bands.pop(REAL_ONLY, Band((), (), ()))
        top = max([band.top for band in (base, *bands.values())]) or 1.0
        ordered = [one.arm for one in self.verdicts if one.arm in bands]
        return [(arm_term(arm), curves(bands[arm], base, top, f"{arm}: {self.lead} on val by step")) for arm in ordered]

    @property
    def answer(self) -> str:
        """One sentence on all arms, by their titles."""
        return self.said(lambda arm: arm_term(arm).title)

    def said(self, name: Callable[[str], str]) -> str:
        """One sentence on all arms but those without real defects."""
        taught = [one for one in self.verdicts if not one.zero_shot]
        named = {level: [name(one.arm) for one in taught if one.level == level] for level in LEVEL_CLASS}
        said = [f"{joined(named[level])} {_agreed(level, len(named[level]))}" for level in DECIDED if named[level]]
        if taught and all(one.reason for one in taught):
            return f"No verdict: {taught[0].reason}."
        if not said:
            return "No evidence that any of them helps or harms."
        unsure = named["no evidence"]
        return f"{'; '.join(said)}.{f' No evidence on {joined(unsure)}.' if unsure else ''}"


def views_of(result: GainResult) -> list[TaskView]:
    """A view of each task and model of a result."""
    runs = [Run(one.task, one.model, one.arm, one.ratio, _curve(one)) for one in result.cells]
    return task_views(result.rows, runs, result.leads)


def _curve(cell: CellLine) -> tuple[tuple[float, float], ...]:
    points = ((point.get("step"), point.get("val")) for point in cell.numbers.curve)
    return tuple((step, value) for step, value in points if step is not None and value is not None)


def task_views(rows: Sequence[Row], runs: Sequence[Run], leads: Mapping[str, str]) -> list[TaskView]:
    """A view of each task and model, in the order of the rows."""
    ratio = main_ratio(rows)
    found = judge(rows, leads, ratio=ratio)
    views = []
    for key in dict.fromkeys((one.task, one.model) for one in found):
        mine = [one for one in found if (one.task, one.model) == key]
        mine.sort(key=lambda one: (one.zero_shot, -one.paired.effect * measure_of(one.metric).better))
        views.append(TaskView(
            *key, leads[key[0]], ratio, tuple(row for row in rows if (row.task, row.model) == key),
            tuple(run for run in runs if (run.task, run.model) == key),
            tuple(one for one in mine if one.defect == ALL), tuple(one for one in mine if one.defect != ALL),
        ))  # fmt: skip
    return views


def against(rivals: Sequence[Verdict]) -> str:
    """ "better than copy-paste and perlin; no evidence against render"."""
    words = {"helps": "better than", "harms": "worse than", "no evidence": "no evidence against"}
    named = {level: [one.base for one in rivals if one.level == level] for level in words}
    return "; ".join(f"{words[level]} {joined(names)}" for level, names in named.items() if names)


def _agreed(level: Level, count: int) -> str:
    return level if count == 1 else level.removesuffix("s")
