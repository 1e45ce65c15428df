"""`defectgen parts`: good parts, rendered from the recipes of their materials."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from defectgen.cli.recipes import Folder, Own

__all__ = ["parts_app"]

parts_app = typer.Typer(name="parts", help="Good parts of any material, rendered.", no_args_is_help=True)

LEAST_SIDE, MOST_SIDE = 64, 4096


@parts_app.callback()
def group() -> None:
    """Keeps `render` a command of its own."""


@parts_app.command("render")
def render(
    material: Annotated[str, typer.Argument(help="Name or synonym of a material.", show_default=False)],
    n: Annotated[int, typer.Option("--n", "-n", help="Pictures to make.")] = 8,
    seed: Annotated[int, typer.Option(help="Same seed, same parts.")] = 0,
    size: Annotated[int, typer.Option(help="Side of a picture, pixels.")] = 512,
    out: Annotated[Path | None, typer.Option(help="Folder to write.", show_default="out/parts/<material>")] = None,
    recipe: Own = None,
    recipes: Folder = None,
) -> None:
    """Render good parts of a material, for `synth --on` or to see what a recipe looks like."""
    from rich.progress import track

    from defectgen.book import load_book
    from defectgen.cli.recipes import own_recipes
    from defectgen.errors import InputError
    from defectgen.render.part_folder import check_folder, write_parts

    if n < 1:
        raise InputError(f"n is {n}; expected at least 1")
    if not LEAST_SIDE <= size <= MOST_SIDE:
        raise InputError(f"size is {size}; expected {LEAST_SIDE} to {MOST_SIDE} pixels")
    made = load_book(own_recipes(recipe, recipes)).material(material)
    folder = out or Path("out") / "parts" / made.name
    check_folder(folder)
    for _ in track(write_parts(made, folder, n=n, seed=seed, size=size), f"{made.name}", total=n, transient=True):
        pass
    print(folder)
