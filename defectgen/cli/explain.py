"""`defectgen explain`: what was understood of a prompt, what was not, and what a run would make of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from defectgen.book import RecipeBook
    from defectgen.prompt import Encoder
    from defectgen.spec import DefectSpec, Understanding

__all__ = ["explain"]

HOW = {
    "exact": "its name",
    "synonym": "a synonym",
    "inflection": "another form",
    "typo": "spelling mended",
    "nearest": "nearest neighbour",
}


def explain(
    prompt: Annotated[str, typer.Argument(help="The defect and its material, in words.", show_default=False)],
    recipe: Annotated[
        Path | None, typer.Option(help="YAML with materials and defects of your own.", show_default=False)
    ] = None,
    recipes: Annotated[
        Path | None, typer.Option(help="Folder of such files.", metavar="DIR", show_default=False)
    ] = None,
) -> None:
    """Show what is understood of a prompt, what is not, and what would be made."""
    from rich.console import Console

    from defectgen.book import load_book
    from defectgen.options import Options
    from defectgen.prompt import parse_prompt

    book = load_book(Options(prompt, recipe=recipe, recipes=recipes).own_recipes)
    found = parse_prompt(prompt, book, packaged_encoder)
    console = Console(highlight=False)
    console.print(readings_table(found))
    for notice in (*found.notices, *untrained(found, book)):
        console.print("[yellow]note[/] ", end="")
        console.print(notice, markup=False, soft_wrap=True)
    print_spec(console, found.spec, book)


def untrained(found: Understanding, book: RecipeBook) -> list[str]:
    """The names of the prompt that the compact model was not trained on."""
    from defectgen.model.support import support_notices

    material = None if found.spec.material is None else book.materials[found.spec.material]
    return support_notices(book.defects[found.spec.defect], material)


def packaged_encoder() -> Encoder:
    from defectgen.model.text import TextEncoder

    return TextEncoder()


def readings_table(found: Understanding) -> Table:
    """One row for each group of words, in the order of the prompt."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("words", "is the", "taken for", "how", "sure", box=SIMPLE_HEAD, pad_edge=False)
    order = found.spec.prompt.lower()
    for reading in sorted(found.readings, key=lambda r: order.find(r.words.split()[0].lower())):
        colour = "green" if reading.sure >= 0.9 else "yellow"
        sure = f"cosine {reading.sure:.2f}" if reading.how == "nearest" else f"{reading.sure:.0%}"
        table.add_row(reading.words, reading.role, reading.taken_for, HOW[reading.how], f"[{colour}]{sure}[/]")
    for word in found.unknown:
        table.add_row(word, "-", "[dim]not used[/]", "[dim]unknown[/]", "")
    return table


def print_spec(console: Console, spec: DefectSpec, book: RecipeBook) -> None:
    """The resolved configuration, name by name."""
    console.print()
    for name, value in spec_rows(spec, book):
        console.print(f"[bold]{name:12}[/]", end="")
        console.print(value, markup=False, soft_wrap=True)


def spec_rows(spec: DefectSpec, book: RecipeBook) -> list[tuple[str, str]]:
    from defectgen.caption import canonical_caption

    defect = book.defects[spec.defect]
    material = None if spec.material is None else book.materials[spec.material]
    shape = spec.morphology(defect)
    params = ", ".join(f"{name} {plain(value)}" for name, value in shape.params.items())
    along = {"along": "along the grain", "across": "across the grain", "free": "any"}
    direction = along[spec.grain or defect.placement.grain]
    text = canonical_caption(
        defect, material, orientation=spec.orientation, region=spec.region, looks=spec.adjectives, count=spec.count[0]
    )
    return [
        ("defect", f"{defect.name} - {defect.description}"),
        ("material", "as the part" if material is None else f"{material.name} - {material.description}"),
        ("severity", f"{plain(spec.severity)} (0 barely visible, 1 gross)"),
        ("size", f"{spread(spec.size[0] * 100, spec.size[1] * 100)} % of the part's shorter side"),
        ("count", spread(*spec.count)),
        ("direction", direction if spec.orientation is None else f"{spec.orientation:g} degrees"),
        ("region", spec.region or defect.placement.region),
        ("shape", f"{shape.kind}: {params}" if params else shape.kind),
        ("caption", text),
    ]


def spread(low: float, high: float) -> str:
    short = [f"{value:.0f}" if value >= 10 else f"{value:.2g}" for value in (low, high)]
    return short[0] if low == high else " to ".join(short)


def plain(value: object) -> str:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return spread(*value)
    return str(value)
