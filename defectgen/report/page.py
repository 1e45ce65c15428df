"""The audit's page: one HTML file that holds all it shows and asks nothing of a network or a script.

Its template and style sheet lie in templates/. Pictures are cut from the folders that the report names, as they are
when the page is made.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.atomic import write_atomic
from defectgen.metric.result import AuditReport, LabelTruth, Score
from defectgen.report.bars import chance_bar, floor_bar
from defectgen.report.gallery import Gallery
from defectgen.report.glossary import PROBE_TERMS, VIEWS, Term, explain
from defectgen.report.histogram import histogram
from defectgen.report.number import counted, show_bounds, show_interval, show_number, show_share, show_value
from defectgen.report.scoreboard import flags_of, rows_of, views_of
from defectgen.report.summary import LEVELS, findings, probe_level
from defectgen.report.template import TEMPLATES, environment

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_page", "write_page"]

PER_DEFECT = ("KID", "CMMD")


def write_page(report: AuditReport, path: Path) -> None:
    """Writes the page whole or not at all."""
    write_atomic(path, render_page(report).encode())


def render_page(report: AuditReport) -> str:
    """The page of a report as HTML."""
    return _environment().get_template("audit.html.j2").render(
        report=report, gallery=Gallery(report), findings=findings(report), levels=LEVELS,
        views=[(VIEWS.get(view, Term(view, "")), rows_of(report.scores, view)) for view in views_of(report)],
        refused=_refused(report), common=_common(report), per_defect=_per_defect(report),
        truths=[*report.label_truth], style=(TEMPLATES / "audit.css").read_text("utf-8"),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    tools: dict[str, Any] = {
        "number": show_number, "interval": show_interval, "bounds": show_bounds, "share": show_share,
        "counted": counted, "value": show_value, "probe_level": probe_level,
    }  # fmt: skip
    functions = dict(
        floor_bar=floor_bar, chance_bar=chance_bar, histogram=histogram, probe_terms=PROBE_TERMS, explain=explain,
        flags_of=flags_of,
    )  # fmt: skip
    return environment(tools, functions)


def _refused(report: AuditReport) -> list[tuple[str, list[Score]]]:
    """What could not be measured, by reason."""
    found: dict[str, list[Score]] = {}
    for score in report.scores:
        if score.refused is not None:
            found.setdefault(score.refused, []).append(score)
    return list(found.items())


def _common(report: AuditReport) -> list[str]:
    """The defect types that both sides have."""
    return sorted(set(report.synth.defects) & set(report.real.defects))


def _per_defect(report: AuditReport) -> list[dict[str, Any]]:
    """One entry a defect type that has scores of its own: counts, and the rows of the view that is read first."""
    found = []
    for defect in dict.fromkeys(one.defect for one in report.scores if one.defect is not None):
        view = next(
            view for view in views_of(report) if any(s.view == view and s.defect == defect for s in report.scores)
        )
        rows = [row for row in rows_of(report.scores, view, defect) if row.score.metric.startswith(PER_DEFECT)]
        truth: LabelTruth | None = next((one for one in report.label_truth if one.defect == defect), None)
        found.append({
            "defect": defect, "n_set": report.synth.defects.get(defect, 0), "view": VIEWS.get(view, Term(view, "")),
            "n_real": report.real.defects.get(defect, 0), "rows": rows, "truth": truth,
        })  # fmt: skip
    return found
