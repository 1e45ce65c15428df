"""The scoreboard: the scores of a report in the order in which they are read, each with its verdict.

Defect windows come before whole pictures, these before defects alone; leading scores before the others. A metric that
depends on n is judged by its twin "NAME@n", taken at the same n as the floor, and shown in one row with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from defectgen.metric.battery import MATCHED
from defectgen.metric.result import AuditReport, Score
from defectgen.metric.verdict import Verdict, verdict_of

__all__ = ["VIEW_ORDER", "Row", "rows_of", "views_of"]

VIEW_ORDER = ("window", "image", "mask")


@dataclass(frozen=True)
class Row:
    """score: as measured on everything. matched: the same at the floor's n, where the metric depends on n."""

    score: Score
    matched: Score | None
    verdict: Verdict


def rows_of(scores: Sequence[Score], view: str, defect: str | None = None) -> list[Row]:
    """The measured scores of one view; over all defects by default."""
    here = [one for one in scores if one.view == view and one.defect == defect and one.value is not None]
    twins = {one.metric.partition(MATCHED)[0]: one for one in here if MATCHED in one.metric}
    plain = [one for one in here if MATCHED not in one.metric]
    plain.sort(key=lambda one: not one.leading)
    return [Row(one, twins.get(one.metric), verdict_of(twins.get(one.metric, one))) for one in plain]


def views_of(report: AuditReport) -> list[str]:
    """The views that have scores, in reading order; unknown ones last."""
    there = dict.fromkeys(one.view for one in report.scores)
    return [view for view in VIEW_ORDER if view in there] + [view for view in there if view not in VIEW_ORDER]
