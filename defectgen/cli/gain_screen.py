"""What `gain` shows: the plan and its forecast, a line of progress for each stage, a table of verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from defectgen.cli.live_bar import LiveBar
from defectgen.cli.screen import console, spoken
from defectgen.gain.effect import SAME_RATE
from defectgen.gain.forecast import Forecast
from defectgen.gain.plan import Plan
from defectgen.gain.result import GainResult
from defectgen.gain.row import ALL
from defectgen.gain.study import Progress as Step
from defectgen.gain.verdict import Verdict
from defectgen.report.gain_study import subjects_of
from defectgen.report.gain_view import TaskView, against, views_of

__all__ = ["Watching", "print_forecast", "print_plan", "print_result"]

WIDTH = 24
TITLES = {"timing": "timing a training", "sets": "making sets", "trainings": "training"}
COLOURS = {"helps": "green", "harms": "red", "no evidence": "dim"}


class Watching(LiveBar):
    """One bar a stage: what is done, what is left and for how long, what is running."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"), BarColumn(WIDTH), TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[left]}"), TextColumn("[dim]{task.fields[note]}[/]"),
        )  # fmt: skip
        super().__init__(Progress(*columns, console=Console(highlight=False), transient=True))
        self._task = self._bar.add_task("", total=None, count="", left="", note="")

    def say(self, words: str) -> None:
        self._bar.update(self._task, description=words)

    def update(self, step: Step) -> None:
        count = f"{int(step.done)}/{step.total}" if step.total > 1 else ""
        left = "" if step.left_s is None else f"{spoken(step.left_s)} left"
        self._bar.update(
            self._task, description=TITLES[step.stage], total=step.total if step.total > 1 else None,
            completed=step.done, count=count, left=left, note=step.note,
        )  # fmt: skip

    def forecast(self, forecast: Forecast) -> None:
        print_forecast(forecast, self._bar.console)


def print_plan(plan: Plan) -> None:
    """What is going to be trained, on what."""
    options, counts = plan.options, plan.split.counts()
    shots = "all shots" if options.shots is None else f"{options.shots} shot{'s' * (options.shots != 1)} of each defect"
    kinds = {side: ", ".join(f"{n} {kind}" for kind, n in of.items()) for side, of in counts.items()}
    tasks = ", ".join(f"{one.task} ({one.model}, {plan.steps(one.task)} steps)" for one in plan.tasks)
    rows = [
        ("real", str(plan.split.owner.path)),
        *((f"  {side}", f"{sum(counts[side].values())} pictures: {said}") for side, said in kinds.items()),
        ("training", f"{len(plan.split.good)} good pictures, {shots}, {options.draws} draws, {options.seeds} seeds"),
        ("tasks", f"{tasks}, at {options.side} px"),
        ("arms", ", ".join(arm.name for arm in plan.arms)),
        ("ratios", ", ".join(f"{ratio:g}" for ratio in sorted(options.ratios)) + " to 1"),
        ("trainings", f"{len(plan.spots)}, {options.jobs} at a time on {options.device}"),
        ("folder", str(options.out)),
    ]
    for name, value in rows:
        console().print(f"[bold]{name:12}[/]", end="")
        console().print(value, markup=False)
    for note in plan.notes:
        console().print("[yellow]note[/] ", end="")
        console().print(note, markup=False)


def print_forecast(forecast: Forecast, on: Console | None = None) -> None:
    """How long it will take."""
    on = on or console()
    done = forecast.trainings - forecast.left
    paces = ", ".join(f"{task} {spoken(seconds)}" for (task, _), seconds in forecast.paces.items())
    words = f"{forecast.left} trainings to do, {done} done already"
    if forecast.left:
        words = f"about {spoken(forecast.seconds)}: {words}; one takes: {paces}"
    on.print("[bold]forecast    [/]", end="")
    on.print(words, markup=False, soft_wrap=True)
    if forecast.sets:
        on.print("[bold]before that [/]", end="")
        on.print(f"{forecast.sets} synthetic sets are made, where they are not there yet", markup=False, soft_wrap=True)


def print_result(result: GainResult, written: Sequence[Path]) -> None:
    """One sentence a task, its verdicts, what is hardest to beat, and where everything lies."""
    for view in views_of(result):
        console().print(f"[bold]{view.task}[/] ", end="")
        console().print(view.said(str), markup=False)
        console().print(_table(view, view.verdicts))
        decided = [one for one in view.single if one.level != "no evidence"]
        if decided:
            console().print(_table(view, decided))
        for reason in dict.fromkeys(one.reason for one in view.verdicts if one.reason):
            console().print(reason, markup=False)
        for arm in subjects_of(result):
            if rivals := view.rivals(arm):
                console().print(f"{arm}: {against(rivals)}", markup=False)
        for advice in view.advice:
            console().print(f"{advice.arm}: {advice.words}", markup=False)
    if not result.complete:
        left = result.planned - len(result.cells)
        console().print(f"[yellow]{left} of {result.planned} trainings are left[/]: run the same command to go on")
    for path in written:
        console().print(str(path), markup=False)


def _table(view: TaskView, verdicts: Sequence[Verdict]) -> Table:
    """One row a verdict. The words are of a metric that counts defects, where the task has one."""
    parts = any(one.defect != ALL for one in verdicts)
    base = "" if view.base is None or parts else f", real only {view.base:.3f}"
    table = Table(
        title=f"{view.task} ({view.model}): {verdicts[0].metric}{base}", title_justify="left", title_style="bold",
        box=SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    table.add_column("arm")
    if parts:
        table.add_column("defect")
    table.add_column("change \\[95%]", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column(SAME_RATE.strip() if SAME_RATE in _words(view, verdicts[0]) else "in words", ratio=1)
    for one in verdicts:
        paired = one.paired
        ends = "" if paired.low is None or paired.high is None else f" \\[{paired.low:+.3f}, {paired.high:+.3f}]"
        defect = [one.defect] if parts else []
        verdict = f"[{COLOURS[one.level]}]{one.level}[/]"
        words = _words(view, one).removesuffix(SAME_RATE)
        table.add_row(one.arm, *defect, f"{paired.effect:+.3f}{ends}".replace("-0.000", " 0.000"), verdict, words)
    return table


def _words(view: TaskView, one: Verdict) -> str:
    return (view.plain(one.arm, one.defect) or one).words
