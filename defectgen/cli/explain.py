"""`defectgen explain`: what was understood of a prompt, what was not, and what a run would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from defectgen.options import Options
from defectgen.sd.options import SCHEDULERS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from defectgen.book import RecipeBook
    from defectgen.prompt import Encoder
    from defectgen.spec import DefectSpec, Understanding

__all__ = ["explain"]

ENGINES = ("compact", "sd")
SD = "Engine sd"

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
    engine: Annotated[str, typer.Option(help="What would make it: compact, or sd with --model.")] = Options.engine,
    model: Annotated[
        str | None,
        typer.Option(help="Checkpoint, as for synth.", metavar="PATH_OR_HUB_NAME", show_default=False,
                     rich_help_panel=SD),
    ] = None,
    model_config: Annotated[
        str | None,
        typer.Option(help="Of a single file: a diffusers folder of the same kind.", metavar="PATH_OR_HUB_NAME",
                     show_default="the folder beside it", rich_help_panel=SD),
    ] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(help="LoRA; may be given again.", metavar="PATH[:SCALE]", show_default=False, rich_help_panel=SD),
    ] = None,
    controlnet: Annotated[
        str | None,
        typer.Option(help="ControlNet.", metavar="PATH_OR_HUB_NAME", show_default=False, rich_help_panel=SD),
    ] = None,
    control: Annotated[
        str, typer.Option(help="What the ControlNet is told.", metavar="NAME[:WEIGHTS]", rich_help_panel=SD)
    ] = Options.control,
    scheduler: Annotated[
        str, typer.Option(help=f"{', '.join(SCHEDULERS)}.", rich_help_panel=SD)
    ] = Options.scheduler,
    steps: Annotated[int | None, typer.Option(help="Sampling steps.", show_default="30", rich_help_panel=SD)] = None,
    guidance: Annotated[
        float | None, typer.Option(help="How hard the words pull.", show_default="7.5", rich_help_panel=SD)
    ] = None,
    strength: Annotated[
        float | None, typer.Option(help="Share of the noise to start from.", show_default="0.9", rich_help_panel=SD)
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no hub, whatever is named.", rich_help_panel=SD)
    ] = False,
) -> None:  # fmt: skip
    """Show what is understood of a prompt, what is not, and what would be made."""
    run(Options(
        prompt, engine=engine, recipe=recipe, recipes=recipes, model=model, model_config=model_config,
        lora=tuple(lora or ()), controlnet=controlnet, control=control, scheduler=scheduler, steps=steps,
        guidance=guidance, strength=strength, offline=offline,
    ))  # fmt: skip


def run(options: Options) -> None:
    """Reads the prompt and prints all of it, for engine sd with what the checkpoint would be given."""
    from rich.console import Console

    from defectgen.book import load_book
    from defectgen.errors import InputError
    from defectgen.options import check_options
    from defectgen.prompt import parse_prompt

    if options.engine not in ENGINES:
        raise InputError(f"engine {options.engine!r} reads no words of its own; use {' or '.join(ENGINES)}")
    check_options(options)
    book = load_book(options.own_recipes)
    found = parse_prompt(options.prompt, book, packaged_encoder)
    sd = sd_spec_rows(options, found.spec, book)
    console = Console(highlight=False)
    console.print(readings_table(found))
    for notice in (*found.notices, *([] if sd else untrained(found, book))):
        console.print("[yellow]note[/] ", end="")
        console.print(notice, markup=False, soft_wrap=True)
    console.print()
    print_rows(console, [*spec_rows(found.spec, book), *sd])


def sd_spec_rows(options: Options, spec: DefectSpec, book: RecipeBook) -> list[tuple[str, str]]:
    """What engine sd would make of it; nothing for another engine."""
    if options.engine != "sd":
        return []
    from defectgen.cli.explain_sd import sd_rows
    from defectgen.run import longest_caption

    material, defect = None if spec.material is None else book.materials[spec.material], book.defects[spec.defect]
    usual = spec.model_copy(update={"count": (spec.count[0], spec.count[0])})
    return sd_rows(options, longest_caption(usual, defect, material), longest_caption(spec, defect, material))


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


def print_rows(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    """Names with values, one a line."""
    for name, value in rows:
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
