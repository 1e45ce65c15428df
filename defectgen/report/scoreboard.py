"""The scoreboard: the scores of a report in the order in which they are read, each with its verdict.

Defect windows come before whole pictures, these before defects alone; leading scores before the others. A metric that
depends on n is judged by its twin "NAME@n", taken at the same n as the floor, and shown in one row with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from defectgen.metric.battery import MATCHED
from defectgen.metric.result import AuditReport, Score
from defectgen.metric.verdict import Verdict, verdict_of

__all__ = ["VIEW_ORDER", "Row", "flags_of", "rows_of", "views_of"]

QUANTILE = re.compile(r"-q\d\d")
VIEW_ORDER = ("window", "image", "mask")


@dataclass(frozen=True)
class Row:
    """score: as measured on everything. matched: the same at the floor's n, where the metric depends on n.

    parts: its quantiles, for a metric that has them.
    """

    score: Score
    matched: Score | None
    verdict: Verdict
    parts: tuple[Score, ...] = ()

    @property
    def shown(self) -> Score:
        """The one to hold against the floor."""
        return self.matched or self.score


def rows_of(scores: Sequence[Score], view: str, defect: str | None = None) -> list[Row]:
    """The measured scores of one view; over all defects by default."""
    here = [one for one in scores if one.view == view and one.defect == defect and one.value is not None]
    twins = {one.metric.partition(MATCHED)[0]: one for one in here if MATCHED in one.metric}
    whole = [one for one in here if MATCHED not in one.metric and not QUANTILE.search(one.metric)]
    whole.sort(key=lambda one: not one.leading)
    return [Row(one, twins.get(one.metric), _judged(one, twins), _quantiles(one, here)) for one in whole]


def _judged(score: Score, twins: Mapping[str, Score]) -> Verdict:
    """By its twin, where it has one; none where there are too few groups for an interval, however wide the floor is."""
    verdict = verdict_of(twins.get(score.metric, score))
    assert score.value is not None
    return Verdict("too few to say", "none") if score.value.low is None and verdict.level != "none" else verdict


def _quantiles(score: Score, here: Sequence[Score]) -> tuple[Score, ...]:
    """Of "nearest-mean-Lite0": "nearest-q05-Lite0" and so on."""
    stem, mean, label = score.metric.partition("-mean")
    names = re.compile(f"{re.escape(stem)}{QUANTILE.pattern}{re.escape(label)}")
    return tuple(one for one in here if names.fullmatch(one.metric)) if mean else ()


def flags_of(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """What a reader must know beside the numbers: each text once, with the metrics that it stands at."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for flag in row.score.flags:
            # The floor's n has a column of its own
            if not flag.startswith("floor at n"):
                found.setdefault(flag, []).append(row.score.metric)
    return [(", ".join(metrics), flag) for flag, metrics in found.items()]


def views_of(report: AuditReport) -> list[str]:
    """The views that have scores, in reading order; unknown ones last."""
    there = dict.fromkeys(one.view for one in report.scores)
    return [view for view in VIEW_ORDER if view in there] + [view for view in there if view not in VIEW_ORDER]
