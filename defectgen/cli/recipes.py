"""`defectgen recipes`: which defects and materials can be named, and what a recipe holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from defectgen.book import RecipeBook
    from defectgen.recipe import Defect, Material

__all__ = ["recipes_app"]

recipes_app = typer.Typer(
    name="recipes", help="List the materials and defects that can be named, or show one.", no_args_is_help=True
)

Own = Annotated[Path | None, typer.Option(help="YAML with materials and defects of your own.", show_default=False)]


@recipes_app.command("list")
def list_recipes(
    material: Annotated[
        str | None, typer.Option(help="Only the defects that make sense on it.", show_default=False)
    ] = None,
    recipe: Own = None,
) -> None:
    """List all defects by family, and all materials."""
    from rich.console import Console

    book = read_book(recipe)
    console = Console(highlight=False)
    if material is None:
        print_defects(console, tuple(book.defects.values()))
        print_materials(console, book)
    else:
        print_defects(console, book.defects_of(book.material(material)))


@recipes_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name or synonym of a defect or material.", show_default=False)],
    recipe: Own = None,
) -> None:
    """Show one recipe as YAML, under any of its names."""
    import yaml
    from rich.console import Console
    from rich.syntax import Syntax

    entry = find(name, read_book(recipe))
    content = entry.model_dump(mode="json", exclude_defaults=True)
    console = Console(highlight=False)
    # The dumper may overrun its width by one word.
    width = max(40, console.width - 20)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=width)
    console.print(Syntax(text.rstrip(), "yaml", background_color="default", word_wrap=True))


@recipes_app.command("check")
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Recipe files or folders; else all that ship.", show_default=False)
    ] = None,
) -> None:
    """Check recipes: keys, values, twins, words that prompts could not tell apart."""
    from defectgen.recipe_check.report import check_recipes

    report = check_recipes(files or [])
    for problem in report.problems:
        print(str(problem).removeprefix(f"{Path.cwd()}/"))
    if report.problems:
        count = len(report.problems)
        print(f"{count} problem{'s' if count > 1 else ''}", file=sys.stderr)
        raise typer.Exit(2)
    many = "s" if report.files > 1 else ""
    print(f"{report.files} file{many}: {report.materials} materials and {report.defects} defect types, all sound")


def read_book(recipe: Path | None) -> RecipeBook:
    from defectgen.book import load_book

    return load_book([recipe] if recipe is not None else [])


def find(name: str, book: RecipeBook) -> Defect | Material:
    """The defect or material of this name or synonym; RecipeError with the closest names otherwise."""
    from difflib import get_close_matches

    from defectgen.book import phrase_key
    from defectgen.errors import RecipeError

    key = phrase_key(name)
    if key in book.defect_aliases:
        return book.defect(name)
    if key in book.material_aliases:
        return book.material(name)
    close = get_close_matches(key, [*book.defect_aliases, *book.material_aliases], n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "all names: defectgen recipes list"
    raise RecipeError(f"no recipe is called {name!r}; {hint}")


def print_defects(console: Console, defects: tuple[Defect, ...]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    families = list(dict.fromkeys(defect.family for defect in defects))
    table = Table("family", "defect", "also called", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[1].no_wrap = True
    for family in families:
        for i, defect in enumerate(d for d in defects if d.family == family):
            table.add_row(f"[bold]{family}[/]" if i == 0 else "", defect.name, also(defect))
    console.print(table)
    console.print(f"{len(defects)} defects in {len(families)} families")


def print_materials(console: Console, book: RecipeBook) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("material", "also called", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = True
    for material in book.materials.values():
        table.add_row(material.name, also(material))
    console.print(table)
    console.print(f"{len(book.materials)} materials")


def also(entry: Defect | Material, most: int = 4) -> str:
    """The first synonyms that are no other form or spelling of a word before them."""
    from defectgen.lexicon import stem, words_of

    forms = {"".join(map(stem, words_of(word))): word for word in reversed((entry.name, *entry.synonyms))}
    others = [word for word in entry.synonyms if word in forms.values()]
    return ", ".join(others[:most]) + (", ..." if len(others) > most else "")
