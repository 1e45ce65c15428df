"""`defectgen synth`: makes a defect set from words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["synth"]

WHAT = "What to make"
WHERE = "Where the defect goes"
HOW = "How the model works"
OUTPUT = "Output"


def synth(
    prompt: Annotated[str, typer.Argument(help="The defect and its material, in words.", show_default=False)],
    on: Annotated[
        Path | None,
        typer.Option(
            help="Good part: an image or a folder of images. Without it, the part library's.", rich_help_panel=WHAT
        ),
    ] = None,
    n: Annotated[int, typer.Option("--n", "-n", help="Samples to keep.", rich_help_panel=WHAT)] = 8,
    seed: Annotated[int, typer.Option(help="Same seed, same samples.", rich_help_panel=WHAT)] = 0,
    severity: Annotated[
        str | None,
        typer.Option(
            metavar="X|LOW:HIGH", help="0 (barely visible) to 1 (gross); spread by default.", rich_help_panel=WHAT
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="X|LOW:HIGH", help="Defect's extent / part's shorter side; by default the recipe's spread.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="YAML with a material or defect of your own.", rich_help_panel=WHAT)
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="Mask to fill: an image or a folder of them.", rich_help_panel=WHERE)
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(metavar="x0,y0,x1,y1", help="Box to put the defect in, pixels.", rich_help_panel=WHERE),
    ] = None,
    roi: Annotated[
        Path | None, typer.Option(help="Mask of the region where defects may lie.", rich_help_panel=WHERE)
    ] = None,
    engine: Annotated[
        str, typer.Option(help="compact, render, copy-paste, perlin or cutpaste.", rich_help_panel=HOW)
    ] = "compact",
    steps: Annotated[
        int | None, typer.Option(help="Sampling steps.", show_default="the model's", rich_help_panel=HOW)
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(help="How hard the words pull.", show_default="the model's", rich_help_panel=HOW),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            help="1 starts from noise; less keeps more of a rendered draft.",
            show_default="the model's", rich_help_panel=HOW,
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.", rich_help_panel=HOW)] = "auto",
    batch: Annotated[int, typer.Option(help="Windows to a batch.", rich_help_panel=HOW)] = 4,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write.", show_default="out/<prompt>", rich_help_panel=OUTPUT),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a finished or different set in that folder.", rich_help_panel=OUTPUT)
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a folder with broken images.", rich_help_panel=OUTPUT)
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done; write nothing.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Make defect images with true masks from a prompt."""
    print(prompt)
