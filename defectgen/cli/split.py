"""`defectgen split`: train, val and test by whole groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from defectgen.dataset.split import SplitResult

__all__ = ["split"]

LARGEST = 5
GROUPS, SIDES, SHOTS = "What belongs together", "What goes where", "Few shots"


def split(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="Folder of a defect set.", show_default=False)],
    ratios: Annotated[
        str, typer.Option(help="Train, val and test.", metavar="T,V,T", rich_help_panel=SIDES)
    ] = "0.7,0.15,0.15",
    seed: Annotated[int, typer.Option(help="Same seed, same split.", rich_help_panel=SIDES)] = 0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the source's own split; refuse it where it tears groups.",
                           rich_help_panel=SIDES)
    ] = False,
    drop_straddling: Annotated[
        bool, typer.Option("--drop-straddling", help="With --keep: leave such training pictures unused instead.",
                           rich_help_panel=SIDES)
    ] = False,
    by: Annotated[
        str, typer.Option(help="groups: names and pictures; source: names alone.", rich_help_panel=GROUPS)
    ] = "groups",
    group_by: Annotated[
        str | None, typer.Option(metavar="REGEX", help="What names the group in a source's file name.",
                                 rich_help_panel=GROUPS)
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Correlation of own detail that makes twins.", show_default="0.7",
                                   rich_help_panel=GROUPS)
    ] = None,
    shots: Annotated[
        int | None, typer.Option(help="Training pictures of each defect.", show_default="all", rich_help_panel=SHOTS)
    ] = None,
    draw: Annotated[
        int, typer.Option(help="Which of them; val and test stay the same.", rich_help_panel=SHOTS)
    ] = 0,
) -> None:  # fmt: skip
    """Split a set by groups, so that no piece is on both sides, and block its test pictures from training."""
    from defectgen.cli.sets import make_console
    from defectgen.dataset.defect_set import DefectSet
    from defectgen.dataset.near_duplicate import OWN
    from defectgen.dataset.split import SplitOptions, split_set

    options = SplitOptions(
        parse_ratios(ratios), by, group_by, OWN if threshold is None else threshold, shots, draw, seed, keep,
        drop_straddling,
    )  # fmt: skip
    owner = DefectSet(folder)
    with reading(len(owner)) as watch:
        result = split_set(owner, options, watch)
    print_split(make_console(), result, searched=by == "groups")


def parse_ratios(text: str) -> tuple[float, float, float]:
    from defectgen.errors import InputError

    try:
        train, val, test = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--ratios {text!r} are not three numbers; expected such as 0.7,0.15,0.15") from None
    return train, val, test


@contextmanager
def reading(n: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while the pictures are read, where somebody watches."""
    from rich.console import Console
    from rich.progress import Progress

    screen = Console(highlight=False, stderr=True)
    if not screen.is_interactive:
        yield lambda done: None
        return
    with Progress(console=screen, transient=True) as bar:
        task = bar.add_task("reading pictures", total=n)
        yield lambda done: bar.update(task, completed=done)


def print_split(console: Console, result: SplitResult, searched: bool) -> None:
    """The table, the groups, and where the manifest is."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    names = [name for name in ("train", "val", "test", "unused") if any(name in row for row in result.counts.values())]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("pictures (groups)", overflow="fold", min_width=8)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for defect, row in result.counts.items():
        table.add_row(defect, *(cell(row.get(name)) for name in names))
    console.print(table)
    grouped = sum(size for size in result.sizes.values() if size > 1)
    found = f"; {result.ties:,} ties seen" if searched else ""
    say(console, "groups", f"{len(result.sizes):,}; {grouped:,} of {result.pictures:,} pictures are not alone{found}")
    if result.torn:
        say(console, "torn", f"{result.torn:,} groups lay in two of the source's splits; see unused")
    for number, (name, size) in enumerate(list(result.sizes.items())[:LARGEST]):
        if size > 1:
            say(console, "" if number else "largest", f"{size:5,}  {name}")
    missing = [defect for defect, row in result.counts.items() if "test" not in row or "train" not in row]
    if missing:
        say(console, "note", f"{', '.join(missing)}: too few groups for a training and a test side")
    say(console, "manifest", str(result.path))


def cell(count: tuple[int, int] | None) -> str:
    return "-" if count is None else f"{count[0]:,} ({count[1]:,})"


def say(console: Console, name: str, text: str) -> None:
    console.print(f"[bold]{name:10}[/]", end="")
    console.print(text, markup=False, soft_wrap=True)
