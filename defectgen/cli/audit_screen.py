"""What `audit` shows: one line of progress, then what was found, the numbers, and where the rest lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from defectgen.cli.live_bar import LiveBar
from defectgen.cli.sets import make_console, say
from defectgen.metric.result import AuditReport, Score
from defectgen.metric.verdict import Level
from defectgen.report.glossary import VIEWS
from defectgen.report.number import show_interval, show_number
from defectgen.report.scoreboard import Row, flags_of, rows_of, views_of
from defectgen.report.summary import LEVELS, findings

__all__ = ["Watching", "print_report"]

STYLES: dict[Level, str] = {"good": "green", "fair": "yellow", "bad": "red", "none": "dim"}
LISTED = 5


class Watching(LiveBar):
    """The stage that runs, on stderr, where somebody watches."""

    def __init__(self) -> None:
        screen = Console(highlight=False, stderr=True)
        super().__init__(Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=screen,
            transient=True, disable=not screen.is_interactive,
        ))  # fmt: skip
        self._task = self._bar.add_task("")

    def update(self, stage: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=stage, completed=done, total=total if total > 1 else None)


def print_report(report: AuditReport, files: list[Path]) -> None:
    """What was found first, the numbers that lead next, then whatever a reader must know."""
    console = make_console()
    title = f"{report.synth.defective:,} pictures against {report.real.defective:,} real ones of {report.real.path}"
    console.print(Text(report.synth.path, "bold").append(f"   {title}", "not bold"), soft_wrap=True)
    console.print(found_table(report))
    for view in views_of(report):
        rows = rows_of(report.scores, view)
        if rows:
            console.print(scores_table(VIEWS[view].title if view in VIEWS else view, rows))
    for table in defect_tables(report):
        console.print(table)
    for name, style, text in remarks(report):
        say(console, f"{name:9} ", style, text)
    for path in files:
        console.print(str(path), markup=False, soft_wrap=True)


def found_table(report: AuditReport) -> Table:
    """One line a question."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for one in findings(report):
        level = Text(LEVELS[one.level], f"bold {STYLES[one.level]}")
        table.add_row(level, Text(one.topic, "bold"), Text(one.answer))
    return table


def scores_table(title: str, rows: list[Row], names: list[str] | None = None) -> Table:
    """The metrics of one view, by `names` where these are given; leading ones are bold."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(title.lower(), overflow="fold")
    for name in ("set [95%]", "floor", "n"):
        table.add_column(name, justify="right", no_wrap=name != "n")
    table.add_column("verdict", no_wrap=True)
    for number, row in enumerate(rows):
        shown = row.shown
        assert shown.value is not None
        floor = "-" if shown.floor is None else show_number(shown.floor.value)
        verdict = Text(row.verdict.words, STYLES[row.verdict.level])
        called = row.score.metric if names is None else f"{names[number]}, {row.score.metric}"
        metric = Text(called, "bold" if row.score.leading else "")
        table.add_row(metric, show_interval(shown.value), floor, f"{shown.n_set}/{shown.n_real}", verdict)
    return table


def defect_tables(report: AuditReport) -> Iterator[Table]:
    """The metric that leads, defect by defect, in the view that is read first."""
    defects = dict.fromkeys(one.defect for one in report.scores if one.defect is not None)
    for view in views_of(report)[:1]:
        found = {
            defect: [row for row in rows_of(report.scores, view, defect) if row.score.leading] for defect in defects
        }
        first = {defect: rows[0] for defect, rows in found.items() if rows}
        if first:
            yield scores_table("defect", list(first.values()), list(first))


def remarks(report: AuditReport) -> Iterator[tuple[str, str, str]]:
    """Name, style and text of each thing to know: flags once each, refusals by reason, files, notes."""
    # Those of the other views say the same of other n; the page has them all
    for metrics, flag in flags_of([row for view in views_of(report)[:1] for row in rows_of(report.scores, view)]):
        yield "flag", "bold yellow", f"{metrics}: {flag}"
    for reason, metrics in by_text((one.refused, one) for one in report.scores if one.refused):
        yield "refused", "bold red", f"{metrics}: {reason}"
    if report.protocol is not None:
        yield from protocol_lines(report)
    for name, side in (("set", report.synth), ("real", report.real), ("train", report.train)):
        if side is not None:
            for problem in side.problems[:LISTED]:
                yield "file", "bold red", f"{name}: {problem}"
            # Types of one side alone stand in the notes
            for reason, count in side.left_out.items():
                if not reason.endswith("other side"):
                    yield "left out", "bold", f"{name}: {count:,} ({reason})"
    for note in report.notes:
        yield "note", "bold yellow", note
    for one in report.fingerprints:
        made = f"{one.extractor}, {one.input_px} px {one.resize}, {one.dtype}, weights {one.weights_sha256[:12]}"
        yield "features", "bold", f"{made}, seed {report.seed}"


def by_text(pairs: Iterator[tuple[str, Score]]) -> Iterator[tuple[str, str]]:
    """Each text once, with the metrics that it stands at."""
    found: dict[str, dict[str, None]] = {}
    for text, score in pairs:
        name = score.metric if score.defect is None else f"{score.metric} of {score.defect}"
        found.setdefault(text, {})[name] = None
    for text, names in found.items():
        listed = list(names)
        more = f" and {len(listed) - LISTED} more" if len(listed) > LISTED else ""
        yield text, f"{', '.join(listed[:LISTED])}{more}"


def protocol_lines(report: AuditReport) -> Iterator[tuple[str, str, str]]:
    """The numbers of a published protocol, and what is wrong with it."""
    assert report.protocol is not None
    for score in report.protocol.scores:
        if score.defect is None:
            value = score.refused if score.value is None else show_interval(score.value)
            yield report.protocol.name, "bold", f"{score.metric} {value}, n {score.n_set}/{score.n_real}"
    for flaw in report.protocol.flaws:
        yield "flaw", "bold yellow", flaw
