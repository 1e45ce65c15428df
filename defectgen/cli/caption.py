"""`defectgen caption`: describes the pictures of a set in words, as questions and answers, or as boxes to find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["caption"]

FORMATS = ("text", "vqa", "grounding")


def caption(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="A defect set.", show_default=False)],
    form: Annotated[
        str,
        typer.Option("--format", help="text, vqa or grounding.", autocompletion=lambda: list(FORMATS)),
    ] = "text",
    out: Annotated[
        Path | None,
        typer.Option(help="File for vqa and grounding.", show_default="SET/vqa.jsonl, SET/grounding.jsonl"),
    ] = None,
    mm_per_px: Annotated[
        float | None, typer.Option(help="Side of a pixel in mm; sizes are then also given in mm.", show_default=False)
    ] = None,
    product: Annotated[
        str | None, typer.Option(help='What is inspected, such as "solar cell".', show_default="the set's material")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same words.")] = 0,
) -> None:
    """Describe a set from its masks: captions in place, or chat lines with questions or boxes."""
    from defectgen.book import load_book
    from defectgen.dataset.caption_set import Captioner, check_scale, write_captions, write_chat
    from defectgen.dataset.defect_set import DefectSet
    from defectgen.dataset.describe import Describer
    from defectgen.errors import InputError

    if form not in FORMATS:
        raise InputError(f"--format is {form!r}; use {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if form == "text" and out is not None:
        raise InputError("--out is for vqa and grounding; captions are written into the set itself")
    if seed < 0:
        raise InputError(f"--seed is {seed}; expected 0 or more")
    if product is not None and not product.strip():
        raise InputError("--product is empty; expected what is inspected, such as solar cell")
    check_scale(mm_per_px)
    captioner = Captioner(DefectSet(folder), Describer(load_book(), product, mm_per_px), seed)
    with progress(len(captioner.data)) as tick:
        path = out or folder / f"{form}.jsonl"
        if form == "text":
            write_captions(captioner, tick)
        else:
            counts = write_chat(captioner, "vqa" if form == "vqa" else "grounding", path, tick)
    if form == "text":
        show_captions(folder)
    else:
        typer.echo(f"{sum(counts.values())} lines in {path}")
        typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))


@contextmanager
def progress(n: int) -> Iterator[Callable[[], None]]:
    """A bar on the terminal that goes when the work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("describing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=n)
        yield lambda: bar.update(task, advance=1)


def show_captions(folder: Path) -> None:
    """How many captions there are now, and the first two."""
    from itertools import islice

    from defectgen.dataset.defect_set import DefectSet

    data = DefectSet(folder)
    typer.echo(f"{len(data)} captions in {folder / 'metadata.jsonl'}, descriptions in {folder / 'descriptions.jsonl'}")
    for record in islice(data.records(), 2):
        typer.echo(f"{record.file_name}: {record.text}")
