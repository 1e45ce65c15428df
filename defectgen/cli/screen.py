"""What `synth` shows: the plan before, one line of progress during, a table after."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from defectgen.cli.explain import spec_rows
from defectgen.cli.live_bar import LiveBar
from defectgen.generate import Event
from defectgen.mask.bank_statistics import BankRow
from defectgen.run import Plan, RunResult

if TYPE_CHECKING:
    from defectgen.sd.plan_outlook import Outlook

__all__ = ["LiveProgress", "print_masks", "print_notices", "print_outlook", "print_plan", "print_result", "spoken"]

REMEDIES = {
    "invisible": "raise --severity",
    "mask mismatch": "try other words or another --seed",
    "off the part": "give a --roi",
    "no room on the part": "lower --size, or name fewer defects",
}


def console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def print_notices(plan: Plan) -> None:
    """What the user should know before the run starts."""
    for notice in plan.notices:
        console().print("[yellow]note[/] ", end="")
        console().print(notice, markup=False)


def print_outlook(outlook: Outlook) -> None:
    """Memory, time and disk of a run of engine sd, in a line."""
    console().print("[bold]forecast    [/]", end="")
    console().print(outlook.line, markup=False)


def print_plan(plan: Plan, outlook: Outlook | None) -> None:
    """The resolved configuration and the forecast, name by name. outlook: of engine sd."""
    job, options = plan.job, plan.options
    sizes = sorted({f"{one.hw[1]}x{one.hw[0]}" for one in job.sources})
    rows = [
        *spec_rows(job.spec.model_copy(update={"material": job.material and job.material.name}), plan.book),
        ("good parts", f"{len(job.sources)} of {', '.join(sizes[:4])}{', ...' if len(sizes) > 4 else ''} pixels"),
        ("engine", ", ".join([options.engine, *(f"{k} {v}" for k, v in job.settings.items())])),
        ("samples", f"{job.n}, seed {job.seed}"),
        ("folder", f"{job.out}"),
    ]
    if outlook is None:
        rows.append(("forecast", f"{pace(plan)}, at most {plan.forecast_mb:.0f} MB"))
    for name, value in rows:
        console().print(f"[bold]{name:12}[/]", end="")
        console().print(value, markup=False)
    if outlook is not None:
        print_outlook(outlook)


def pace(plan: Plan) -> str:
    """How long it takes."""
    if plan.options.engine == "sd":
        return "memory and time of a FLUX model are not known"
    return f"about {spoken(plan.forecast_s)}"


class LiveProgress(LiveBar):
    """A bar with the kept, the rate, the time left and the rejected attempts."""

    def __init__(self, n: int) -> None:
        super().__init__(Progress(
            TextColumn("[bold]{task.fields[kept]} kept[/]"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rejected]} rejected"),
            console=Console(highlight=False),
        ))
        self._task = self._bar.add_task("", total=n, kept=0, rejected=0, rate="")
        self._count = {"kept": 0, "resumed": 0, "rejected": 0, "failed": 0}
        self._start: float | None = None

    def update(self, event: Event) -> None:
        """Takes one event of the run; the rate counts from the first, so that loading is left out."""
        self._start = self._start or time.perf_counter()
        self._count[event.kind] += 1
        made, elapsed = self._count["kept"] - 1, time.perf_counter() - self._start
        rate = f"{elapsed / made:.2f} s a sample" if made > 0 and elapsed > 0 else ""
        kept = self._count["kept"] + self._count["resumed"]
        self._bar.update(
            self._task, completed=kept + self._count["failed"], kept=kept, rejected=self._count["rejected"], rate=rate
        )


def print_result(result: RunResult) -> None:
    """Kept and rejected with their reasons, and where everything lies."""
    table = Table("", "count", "what helps" if result.rejected else "", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[1].justify = "right"
    table.add_row("kept", str(result.kept), "")
    for reason, count in result.rejected.items():
        table.add_row(f"rejected: {reason}", str(count), f"[dim]{REMEDIES.get(reason, '')}[/]")
    if result.failed:
        table.add_row("[red]given up[/]", str(len(result.failed)), "")
    console().print(table)
    made = result.kept - result.resumed
    pace = f", {result.seconds / made:.2f} s a sample" if made > 0 else ""
    again = f" ({result.resumed} from an earlier run)" if result.resumed else ""
    console().print(f"{result.kept} samples{again} in {spoken(result.seconds)}{pace}")
    for path in (result.folder, result.folder / "contact_sheet.png"):
        if path.exists():
            console().print(str(path), markup=False)


def print_masks(rows: Sequence[BankRow]) -> None:
    """Real masks and those made like them: the middle, and what a tenth lies below and above."""
    table = Table("masks", "real", "made", box=SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        parts = (f"{middle:.2f} ({low:.2f} to {high:.2f})" for low, middle, high in (row.real, row.made))
        table.add_row(row.name, *parts)
    console().print(table)


def spoken(seconds: float) -> str:
    """A duration as one says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
