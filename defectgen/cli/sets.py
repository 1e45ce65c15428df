"""`defectgen sets`: what a set holds, whether it is whole and true, and several sets as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from rich.console import Console
    from rich.table import Table

    from defectgen.dataset.defect_set import DefectSet
    from defectgen.dataset.merge import Merged
    from defectgen.dataset.summary import Summary

__all__ = ["sets_app"]

sets_app = typer.Typer(name="sets", help="Show, check and merge defect sets.", no_args_is_help=True)

SHEET = "overview.png"
LEAST_WIDTH = 80
Set = Annotated[Path, typer.Argument(metavar="SET", help="Folder of a defect set.", show_default=False)]


@sets_app.command("show")
def show(
    folder: Set,
    sheet: Annotated[
        Path | None, typer.Option(help="Where the contact sheet goes.", show_default="overview.png in the set")
    ] = None,
    no_sheet: Annotated[bool, typer.Option("--no-sheet", help="Count only; draw no contact sheet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Count a set by defect, split, size, licence and group, and draw its contact sheet."""
    from defectgen.dataset.defect_set import DefectSet
    from defectgen.dataset.summary import summarise
    from defectgen.errors import InputError

    if sheet is not None and no_sheet:
        raise InputError(f"--sheet {sheet} and --no-sheet contradict each other; give one of them")
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise InputError(f"--sheet {sheet} does not end in .png; the sheet is a PNG file")
    owner = DefectSet(folder)
    summary = summarise(owner)
    sheets = [] if no_sheet else draw_sheets(owner, summary, sheet or folder / SHEET)
    if as_json:
        import json

        print(json.dumps({**summary.json(), "sheets": [str(path) for path in sheets]}, indent=2, ensure_ascii=False))
        return
    print_summary(summary)
    for path in sheets:
        typer.echo(path)


def draw_sheets(owner: DefectSet, summary: Summary, path: Path) -> list[Path]:
    """Writes overview.png, overview-2.png, ..."""
    from defectgen.dataset.overview import draw_overview
    from defectgen.errors import OutputError
    from defectgen.image import write_picture

    if not path.parent.is_dir():
        raise OutputError(f"{path.parent} is not a folder; choose another place with --sheet")
    written = []
    for number, pixels in enumerate(draw_overview(owner, summary), 1):
        written.append(path if number == 1 else path.with_stem(f"{path.stem}-{number}"))
        write_picture(written[-1], pixels)
    return written


def make_console() -> Console:
    """As wide as the screen, and wide enough for the tables where there is none."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=max(LEAST_WIDTH, console.width))


def print_summary(summary: Summary) -> None:
    """Four small tables that fit 80 columns, what holds for the whole set, and what binds its use."""
    from rich.text import Text

    console = make_console()
    title = f"{summary.pictures:,} pictures, {summary.kind}"
    console.print(Text(str(summary.folder), "bold").append(f"   {title}", "not bold"), soft_wrap=True)
    console.print(splits_table(summary))
    if any(one.instances for one in summary.defects.values()):
        console.print(instances_table(summary))
        console.print(shares_table(summary))
    for name, value in facts(summary):
        say(console, f"{name:10}", "bold", value)
    print_notice(console, summary.notice)


def say(console: Console, name: str, style: str, text: str, text_style: str = "") -> None:
    """A name and what it stands for, in lines of the screen's width."""
    from textwrap import wrap

    from rich.text import Text

    lines = wrap(text, max(console.width - len(name), 20), break_long_words=False, break_on_hyphens=False)
    indented = f"\n{'':{len(name)}}".join(lines)
    console.print(Text(name, style).append(indented, f"not bold {text_style}" if text_style else "not bold"))


def print_notice(console: Console, notice: str | None) -> None:
    if notice is not None:
        say(console, "note      ", "bold red", notice, "red")


def new_table(first: str, *numbers: str) -> Table:
    """A table of numbers with names in front."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold", min_width=8)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def splits_table(summary: Summary) -> Table:
    """Pictures by defect and split, and how much is known of where the defect lies."""
    table = new_table("defect", "pictures", *summary.splits)
    table.add_column("known by", overflow="fold")
    for name, one in summary.defects.items():
        if one.pictures:
            known = "" if name == "good" else spoken_counts(one.annotations, only=True)
            table.add_row(name, number(one.pictures), *(number(one.splits[s]) for s in summary.splits), known)
    if len(summary.defects) > 1:
        totals = (sum(one.splits[s] for one in summary.defects.values()) for s in summary.splits)
        table.add_section()
        table.add_row("all", number(summary.pictures), *map(number, totals), style="bold")
    return table


def instances_table(summary: Summary) -> Table:
    """Boxes by label, on how many pictures, and by their pixels."""
    from defectgen.dataset.summary import PX_BUCKETS

    ends = dict(zip(PX_BUCKETS, ("< 32²", "< 96²", "px"), strict=True))
    table = new_table("defect", "instances", "on", *(f"{name} {ends[name]}" for name in PX_BUCKETS))
    for name, one in summary.defects.items():
        if one.instances:
            sizes = (number(one.px[bucket]) for bucket in PX_BUCKETS)
            table.add_row(name, number(one.instances), number(one.shown_on), *sizes)
    return table


def shares_table(summary: Summary) -> Table:
    """Pictures by the share of their pixels that is defective."""
    from defectgen.dataset.summary import SHARES

    table = new_table("defective share of the picture", *SHARES)
    for name, one in summary.defects.items():
        if one.shares:
            table.add_row(name, *(number(one.shares[bucket]) for bucket in SHARES))
    return table


def facts(summary: Summary) -> Iterable[tuple[str, str]]:
    """What holds for the whole set, name by name."""
    from defectgen.dataset.licence import terms

    yield "groups", f"{summary.groups:,}, the largest of {summary.largest_group:,}, {summary.alone:,} of one picture"
    if summary.counts:
        total = sum(k * n for k, n in summary.counts.items())
        mean = total / sum(summary.counts.values())
        yield "instances", f"{mean:.1f} a picture that has any, at most {max(summary.counts):,}"
    yield "sizes", listed(summary.sizes)
    yield "stored", listed(summary.formats)
    if summary.with_good:
        yield "pairs", f"{summary.with_good:,} pictures with the same view without the defect"
    if summary.engines:
        yield "engines", listed(summary.engines)
    yield "licences", ", ".join(f"{name} {n:,} ({terms(name)})" for name, n in summary.licences.most_common())


def listed(counts: Counter[str], most: int = 4) -> str:
    """The commonest with their counts; a single one without."""
    if len(counts) == 1:
        return next(iter(counts))
    shown = [f"{name} ({n:,})" for name, n in counts.most_common(most)]
    rest = len(counts) - most
    return ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


def spoken_counts(counts: Counter[str], only: bool = False) -> str:
    """ "mask 57, box 3"; without the number where there is but one kind."""
    names = {"image": "class only"}
    if only and len(counts) == 1:
        return names.get(*([next(iter(counts))] * 2))
    return ", ".join(f"{names.get(name, name)} {n:,}" for name, n in counts.most_common())


def number(value: int) -> str:
    return f"{value:,}" if value else "[dim]-[/]"


@sets_app.command("check")
def check(
    folder: Set,
    write_hashes: Annotated[
        bool, typer.Option("--write-hashes", help="Write hashes.jsonl if all is well; later checks compare with it.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Problems to print; all are counted.")] = 20,
) -> None:
    """Compare every file of a set with its table. Exit code 1 where something is wrong."""
    from collections import Counter

    from defectgen.dataset.check import check_set
    from defectgen.dataset.defect_set import DefectSet
    from defectgen.dataset.hash_index import HASHES
    from defectgen.dataset.hash_index import write_hashes as write_index

    owner, console = DefectSet(folder), make_console()
    kinds: Counter[str] = Counter()
    done = [0]
    for problem in check_set(owner, lambda n: done.__setitem__(0, n)):
        kinds[problem.kind] += 1
        if kinds.total() <= limit:
            console.print(f"[red]{problem.kind:10}[/] ", end="")
            console.print(f"{problem.where}: {problem.detail}", markup=False, soft_wrap=True)
    if kinds:
        rest = f", {kinds.total() - limit:,} not shown" if kinds.total() > limit else ""
        problems = "problem" if kinds.total() == 1 else "problems"
        found = f"{kinds.total():,} {problems} in {done[0]:,} pictures ({spoken_counts(kinds)}){rest}"
        console.print(f"{folder}: {found}", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    console.print("[green]ok[/] ", end="")
    console.print(f"{folder}: {done[0]:,} pictures as the table says", markup=False, soft_wrap=True)
    if write_hashes:
        console.print(f"{folder / HASHES}: {write_index(owner):,} files", markup=False, soft_wrap=True)


@sets_app.command("merge")
def merge(
    folders: Annotated[
        list[Path], typer.Argument(metavar="SET... DEST", help="Sets to merge, then the folder to write.")
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the set that DEST holds.")] = False,
    rename: Annotated[
        list[str] | None, typer.Option(metavar="OLD=NEW", help="Rename a defect type; may be repeated.")
    ] = None,
) -> None:
    """Copy several sets into one: nothing twice, groups kept apart or joined, licences carried along."""
    from defectgen.dataset.merge import merge_sets
    from defectgen.errors import InputError

    *sets, dest = folders
    if not sets:
        raise InputError(f"only {dest} was named; expected sets to merge, then the folder to write")
    print_merged(merge_sets(sets, dest, overwrite=overwrite, rename=parse_rename(rename or [])))


def parse_rename(texts: list[str]) -> dict[str, str]:
    from defectgen.errors import InputError

    pairs = [text.partition("=") for text in texts]
    for text, (old, _, new) in zip(texts, pairs, strict=True):
        if not old.strip() or not new.strip():
            raise InputError(f"--rename {text!r} is not OLD=NEW; expected two defect types, as in crack=fissure")
    return {old.strip(): new.strip() for old, _, new in pairs}


def print_merged(merged: Merged) -> None:
    """What each set gave, what came twice, and what binds the whole."""
    console = make_console()
    table = new_table("set", "pictures", "kept", "duplicates")
    for part in merged.parts:
        table.add_row(part.name, number(part.pictures), number(part.kept), number(part.duplicates))
    console.print(table)
    if merged.joined:
        console.print(f"{merged.joined:,} groups joined, since the sets share pictures of them")
    licences = ", ".join(f"{name} {n:,}" for name, n in merged.licences.most_common())
    console.print(f"{merged.kept:,} pictures in {merged.folder} ({licences})", markup=False, soft_wrap=True)
    print_notice(console, merged.notice)
