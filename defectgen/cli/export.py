"""`defectgen export`: a defect set into the format of another tool."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from defectgen.dataset.exporter import ExportResult

__all__ = ["export"]

TARGETS = ("coco", "yolo-detect", "yolo-segment", "mvtec", "hf", "parquet", "webdataset", "cvat", "labelstudio")
IMAGES = ("copy", "link")


def export(
    source: Annotated[Path, typer.Argument(metavar="SET", help="The defect set.", show_default=False)],
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="Folder to write.", show_default=False)],
    to: Annotated[
        str,
        typer.Option(help=f"{', '.join(TARGETS)}.", autocompletion=lambda: list(TARGETS), show_default=False),
    ],
    splits: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Splits to export.", show_default="all")
    ] = None,
    images: Annotated[
        str, typer.Option(help="copy, or link (hard links).", autocompletion=lambda: list(IMAGES))
    ] = "copy",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
) -> None:
    """Write a defect set in the format of another tool: masks, boxes and classes as it reads them."""
    from rich.console import Console

    from defectgen.dataset.export.job import ExportOptions
    from defectgen.dataset.exporter import export_set
    from defectgen.errors import InputError

    if images not in IMAGES:
        raise InputError(f"--images {images!r} is unknown; expected {' or '.join(IMAGES)}")
    names = tuple(name.strip() for name in (splits or "").split(",") if name.strip())
    console = Console(highlight=False)
    with console.status("reading the set") as status:
        result = export_set(
            source, dest, to, ExportOptions(names, "link" if images == "link" else "copy"), overwrite,
            lambda done, total: status.update(f"{done}/{total} pictures"),
        )  # fmt: skip
    print_result(console, result)


def print_result(console: Console, result: ExportResult) -> None:
    """Pictures by split and class, what was left out, what polygons lost, and how to load it."""
    console.print(counts_table(result))
    for reason, n in result.left_out.items():
        say(console, "yellow", "left out", f"{n} picture{'s' if n > 1 else ''}: {reason}")
    if result.left_out:
        say(console, "yellow", "", f"they are listed in {result.folder / 'left_out.jsonl'}")
    for text, n in result.notes.items():
        say(console, "yellow", "note", f"{text}: {n}" if n else text)
    if result.loss is not None:
        loss = result.loss
        text = f"smallest {loss.smallest:.3f}, median {loss.median:.3f}, {loss.below} of {loss.pictures} below 0.9"
        say(console, "bold", "polygon IoU", text)
    say(console, "bold", "folder", str(result.folder))
    say(console, "bold", "load it", result.hint)


def say(console: Console, style: str, name: str, text: str) -> None:
    """A name and what it stands for, in lines of the screen's width; paths stay whole, so that they can be copied."""
    width = max(console.width - 12, 20)
    lines = wrap(text, width, break_long_words=False, break_on_hyphens=False)
    console.print(f"[{style}]{name:12}[/]", end="")
    console.print(f"\n{'':12}".join(lines), markup=False, soft_wrap=True)


def counts_table(result: ExportResult) -> Table:
    """One row a defect type, one column a split."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    splits = result.splits
    names = sorted({defect for _, defect in result.pictures}, key=lambda name: (name != "good", name))
    table = Table("pictures", *splits, "all", box=SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in names:
        row = [result.pictures[split, name] for split in splits]
        table.add_row(name, *map(str, row), str(sum(row)))
    totals = [sum(n for (split, _), n in result.pictures.items() if split == one) for one in splits]
    table.add_section()
    table.add_row("all", *map(str, totals), str(sum(totals)))
    return table
