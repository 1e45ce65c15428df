"""What `gain` shows: the plan and its forecast, a line of progress for each stage, a table of verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from defectgen.cli.screen import console, spoken
from defectgen.gain.forecast import Forecast
from defectgen.gain.plan import Plan
from defectgen.gain.result import GainResult
from defectgen.gain.row import ALL
from defectgen.gain.study import Progress as Step
from defectgen.gain.verdict import Verdict

__all__ = ["Watching", "print_forecast", "print_plan", "print_result"]

WIDTH = 24
TITLES = {"timing": "timing a training", "sets": "making sets", "trainings": "training"}
COLOURS = {"helps": "green", "harms": "red", "no evidence": "dim"}


class Watching:
    """One bar a stage: what is done, what is left and for how long, what is running."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"), BarColumn(WIDTH), TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[left]}"), TextColumn("[dim]{task.fields[note]}[/]"),
        )  # fmt: skip
        self._bar = Progress(*columns, console=Console(highlight=False), transient=True)
        self._task = self._bar.add_task("", total=None, count="", left="", note="")

    def __enter__(self) -> Watching:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

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
    sides = "; ".join(f"{side} {sum(counts[side].values())} ({said})" for side, said in kinds.items())
    tasks = ", ".join(f"{one.task} ({one.model}, {plan.steps(one.task)} steps)" for one in plan.tasks)
    rows = [
        ("real", f"{plan.split.owner.path}: {sides}"),
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
    if forecast.sets:
        words += f"; before that {forecast.sets} synthetic sets are made"
    on.print("[bold]forecast    [/]", end="")
    on.print(words, markup=False)


def print_result(result: GainResult, written: Sequence[Path]) -> None:
    """Verdicts, and where everything lies."""
    for task in result.tasks:
        mine = [one for one in result.verdicts if (one.task, one.model) == (task.task, task.model)]
        whole = [one for one in mine if one.defect == ALL]
        if whole:
            console().print(_table(f"{task.task} ({task.model})", whole))
        decided = [one for one in mine if one.defect != ALL and one.level != "no evidence"]
        if decided:
            console().print(_table("by defect", decided))
    for advice in result.advice:
        console().print(f"{advice.task}, {advice.arm}: {advice.words}", markup=False)
    if not result.complete:
        left = result.planned - len(result.cells)
        console().print(f"[yellow]{left} of {result.planned} trainings are left[/]: run the same command to go on")
    for path in written:
        console().print(str(path), markup=False)


def _table(title: str, verdicts: Sequence[Verdict]) -> Table:
    """One row a verdict, the best effect first."""
    several = len({one.ratio for one in verdicts if one.ratio}) > 1
    parts = any(one.defect != ALL for one in verdicts)
    table = Table(title, box=SIMPLE_HEAD, pad_edge=False)
    for name, shown in (("defect", parts), ("ratio", several)):
        if shown:
            table.add_column(name)
    for name in (verdicts[0].metric, "real only", "change [95%]"):
        table.add_column(name.replace("[", r"\["), justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("in words")
    for one in sorted(verdicts, key=lambda one: -one.paired.effect):
        colour, paired = COLOURS[one.level], one.paired
        ends = "" if paired.low is None or paired.high is None else f" [{paired.low:+.3f}, {paired.high:+.3f}]"
        table.add_row(
            one.arm, *([one.defect] if parts else []), *([f"{one.ratio:g}" if one.ratio else "-"] if several else []),
            f"{paired.arm:.3f}", f"{paired.base:.3f}", f"{paired.effect:+.3f}{ends}".replace("[", r"\["),
            f"[{colour}]{one.level}[/]", one.reason or one.words,
        )  # fmt: skip
    return table
