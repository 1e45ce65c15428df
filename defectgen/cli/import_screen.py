"""What `import` shows: the layout it recognised, one line of progress during, a table after."""

from __future__ import annotations

from types import TracebackType

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from defectgen.dataset.importer import DROPPED, NOTES, ImportResult
from defectgen.dataset.layouts import NamedLayout
from defectgen.record import GOOD

__all__ = ["ImportProgress", "print_chosen", "print_result"]

EVERY = 8


def console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def print_chosen(layout: NamedLayout) -> None:
    """Which layout was recognised, and why."""
    if layout.why is not None:
        console().print(f"layout {layout.name}: {layout.why}", markup=False)


class ImportProgress:
    """The kept and dropped so far, on stderr; how many there will be is not known before the end."""

    def __init__(self) -> None:
        screen = Console(highlight=False, stderr=True)
        # Where nobody watches, a stopped bar would leave an empty line before the one that says what is wrong.
        self._shown = screen.is_interactive
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.fields[kept]} kept[/], {task.fields[dropped]} dropped"),
            TimeElapsedColumn(),
            console=screen,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, kept=0, dropped=0)

    def __enter__(self) -> ImportProgress:
        if self._shown:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._bar.stop()

    def update(self, kept: int, dropped: int) -> None:
        if (kept + dropped) % EVERY == 0:
            self._bar.update(self._task, kept=kept, dropped=dropped)


def print_result(result: ImportResult) -> None:
    """Counts before, kept and dropped, the types, and where everything lies."""
    counts = result.counts
    table = Table("", "pictures", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[1].justify = "right"
    table.add_row("before", str(counts.before))
    table.add_row("[bold]kept[/]", f"[bold]{counts.kept}[/]", end_section=not counts.dropped)
    for number, (reason, count) in enumerate(counts.dropped.items(), 1):
        table.add_row(f"dropped: {reason}", str(count), end_section=number == len(counts.dropped))
    for defect, count in sorted(counts.defects.items(), key=lambda pair: (pair[0] != GOOD, -pair[1])):
        table.add_row(defect, str(count), style="green" if defect == GOOD else "")
    console().print(table)
    print_path(str(result.folder))
    if counts.dropped:
        print_path(str(result.folder / DROPPED))
    if counts.notes:
        print_path(f"{result.folder / NOTES} ({counts.notes} notes)")


def print_path(path: str) -> None:
    console().print(path, markup=False)
