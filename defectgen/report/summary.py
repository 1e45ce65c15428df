"""The summary of an audit: what it found, one line a question, in the order in which it matters.

Levels say how much to trust the set for it: "good", "fair" (look at it), "bad" (mend it first), "none" (not known).
The bounds between them are conventions of this page; the numbers beside them are what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from defectgen.metric.result import AuditReport, ProbeResult
from defectgen.metric.verdict import Level
from defectgen.report.glossary import VIEWS, explain
from defectgen.report.number import counted, show_interval, show_number, show_share
from defectgen.report.scoreboard import Row, rows_of, views_of

__all__ = ["LEVELS", "PROBES", "QUESTIONS", "Finding", "findings", "probe_level"]

LEVELS: dict[Level, str] = {"good": "fine", "fair": "look", "bad": "problem", "none": "open"}
MANY_BLANKS, TRUE_IOU, FALSE_IOU = 0.05, 0.7, 0.5
SEEN_CHANGE = 1.0  # mean grey levels that a background may move before it counts as changed
MANY_COPIES = 0.1
TOLD_APART = 0.9
QUESTIONS = {
    "likeness": "Does it look like the real defects?",
    "variety": "Does it cover their variety?",
    "labels": "Do the masks say where the defects are?",
    "background": "Is the rest of the picture untouched?",
    "copies": "Are its defects copied?",
    "leaks": "Did training see test pictures?",
    "test": "Was it made of test pictures?",
    "realism": "Can a classifier tell it from real?",
    "traces": "Does the generator leave traces?",
}
PROBES = {"realism": "realism", "artefact": "traces"}


@dataclass(frozen=True)
class Finding:
    """topic: one word. answer: what was found."""

    level: Level
    topic: str
    answer: str

    @property
    def question(self) -> str:
        """What one wants to know."""
        return QUESTIONS[self.topic]


def findings(report: AuditReport) -> list[Finding]:
    """One line each, for whatever was measured."""
    found = [_likeness(report), _variety(report), _labels(report), _background(report), _copies(report)]
    found += [*_leaks(report), *_probes(report)]
    return [one for one in found if one is not None]


def _likeness(report: AuditReport) -> Finding:
    rows = [row for view in views_of(report) for row in rows_of(report.scores, view) if row.score.leading]
    if not rows:
        return Finding("none", "likeness", "no distance could be measured; the reasons are below")
    row = rows[0]
    assert row.score.value is not None
    measured = f"{row.score.metric} of {_where(row)} {show_number(row.score.value.value)}"
    said = {
        "good": "no farther off than two halves of the real ones are from each other",
        "none": "there is no floor to hold it against",
    }.get(row.verdict.level, f"{row.verdict.words} (what two halves of the real ones differ by)")
    return Finding(row.verdict.level, "likeness", f"{measured}: {said}")


def _variety(report: AuditReport) -> Finding | None:
    rows = [row for view in views_of(report) for row in rows_of(report.scores, view)]
    row = next((row for row in rows if row.score.metric.casefold().startswith("coverage")), None)
    if row is None:
        return None
    score = row.shown
    assert score.value is not None
    floor = "" if score.floor is None else f"; two halves of the real ones reach {show_number(score.floor.value)}"
    answer = f"{explain(score.metric).title.lower()} of {_where(row)} {show_interval(score.value)}{floor}"
    return Finding(row.verdict.level, "variety", answer)


def _where(row: Row) -> str:
    return VIEWS[row.score.view].title.lower() if row.score.view in VIEWS else row.score.view


def _labels(report: AuditReport) -> Finding | None:
    overall = next((one for one in report.label_truth if one.defect is None), None)
    if overall is None:
        return None
    blanks, iou = overall.blanks.value, overall.recovered_iou.value
    level: Level = "bad" if blanks > MANY_BLANKS or iou < FALSE_IOU else "fair" if blanks or iou < TRUE_IOU else "good"
    estimate = ", estimated by a segmenter" if overall.estimated else ""
    seen = f"nothing to see under {show_share(blanks)} of the masks" if blanks else "something to see under every mask"
    answer = f"overlap with what changed {show_number(iou)} (1 is exact), {seen}{estimate}"
    return Finding(level, "labels", answer)


def _background(report: AuditReport) -> Finding | None:
    drift = report.drift
    if drift is None:
        return None
    if drift.changed_share.value == 0:
        return Finding("good", "background", "no pixel changed outside the defects")
    level: Level = "fair" if drift.mean_change.value < SEEN_CHANGE else "bad"
    moved = f"{show_share(drift.changed_share.value)} of the background changed"
    answer = f"{moved}, {show_number(drift.mean_change.value)} grey levels on average"
    return Finding(level, "background", answer)


def _copies(report: AuditReport) -> Finding | None:
    if report.copies_against is None:
        return None
    names = {pair.name for pair in report.copies if pair.is_copy}
    share = len(names) / report.synth.defective
    level: Level = "good" if not names else "bad" if share >= MANY_COPIES else "fair"
    what = "one near-copy" if len(names) == 1 else f"{len(names):,} near-copies" if names else "no near-copy"
    answer = f"{what} of {'training' if report.train else 'real'} pictures"
    return Finding(level, "copies", answer)


def _leaks(report: AuditReport) -> Iterator[Finding]:
    topics = {"train": "leaks", "set": "test"}
    held = sum(report.real.left_out.values())
    for where, topic in topics.items():
        if (where == "train" and report.train is None) or report.copies_against is None or not held:
            continue
        found = sum(leak.where == where for leak in report.leaks)
        said = f"{counted(found, 'test picture')} found in it" if found else "no test picture was found in it"
        yield Finding("bad" if found else "good", topic, said)


def _probes(report: AuditReport) -> Iterator[Finding]:
    """Of each question the eye that tells more apart."""
    order: tuple[Level, ...] = ("bad", "fair", "good", "none")
    for kind, topic in PROBES.items():
        asked = [one for one in report.probes if one.defect is None and one.kind.partition("-")[0] == kind]
        if asked:
            worst = min(asked, key=lambda one: order.index(probe_level(one)))
            yield Finding(probe_level(worst), topic, _probe_answer(worst))


def probe_level(probe: ProbeResult) -> Level:
    """Within what halves of the real windows give, or chance: good; from TOLD_APART on: bad."""
    if probe.auroc is None:
        return "none"
    most = 0.5
    if probe.floor is not None:
        most = max(most, probe.floor.value if probe.floor.high is None else probe.floor.high)
    low = probe.auroc.value if probe.auroc.low is None else probe.auroc.low
    return "good" if low <= most else "bad" if probe.auroc.value >= TOLD_APART else "fair"


def _probe_answer(probe: ProbeResult) -> str:
    if probe.auroc is None:
        return probe.refused or "not measured"
    floor = "" if probe.floor is None else f"; between halves of the real ones {show_number(probe.floor.value)}"
    return f"AUROC {show_interval(probe.auroc)}, 0.5 is a coin{floor}"
