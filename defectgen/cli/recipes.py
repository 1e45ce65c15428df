"""`defectgen recipes`: which defects and materials can be named, what a recipe holds, and whether one is sound."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from defectgen.book import RecipeBook
    from defectgen.recipe import Defect, Material

__all__ = ["Folder", "Own", "own_recipes", "recipes_app"]

recipes_app = typer.Typer(
    name="recipes", help="List, show, search, check or start recipes of materials and defects.", no_args_is_help=True
)

Own = Annotated[Path | None, typer.Option(help="YAML with materials and defects of your own.", show_default=False)]
Folder = Annotated[Path | None, typer.Option(help="Folder of such files.", show_default=False, metavar="DIR")]


@recipes_app.command("list")
def list_recipes(
    material: Annotated[
        str | None, typer.Option(help="Only the defects that make sense on it.", show_default=False)
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Only this domain.", show_default=False)] = None,
    recipe: Own = None,
    recipes: Folder = None,
) -> None:
    """List all defects and materials by domain, or those of one domain or material."""
    from defectgen.cli.recipe_screen import print_defects, print_names

    book, console = read_book(recipe, recipes), plain_console()
    defects = list(book.defects.values() if material is None else book.defects_of(book.material(material)))
    materials = list(book.materials.values())
    if domain is not None:
        check_domain(domain, book)
        defects = [one for one in defects if one.domain == domain]
        materials = [one for one in materials if one.domain == domain]
    if material is None and domain is None:
        print_names(console, "defects", defects)
        console.print()
        print_names(console, "materials", materials)
        return
    if defects or material is not None:
        print_defects(console, "defects", defects)
    if materials and material is None:
        print_defects(console, "materials", materials)


@recipes_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name or synonym of a defect or material.", show_default=False)],
    recipe: Own = None,
    recipes: Folder = None,
) -> None:
    """Show one recipe as YAML, with all that it inherits, under any of its names."""
    from defectgen.cli.recipe_screen import print_entry

    book, console = read_book(recipe, recipes), plain_console()
    entry = find(name, book)
    print_entry(console, entry, book)
    for line in namesakes(name, entry, book):
        console.print(line, markup=False)


@recipes_app.command("search")
def search_recipes(
    words: Annotated[list[str], typer.Argument(help="Words of names or descriptions.", show_default=False)],
    recipe: Own = None,
    recipes: Folder = None,
) -> None:
    """Find defects and materials by words of their names and descriptions."""
    from defectgen.cli.recipe_screen import print_hits
    from defectgen.recipe_check.search import search

    book, text = read_book(recipe, recipes), " ".join(words)
    hits = search(text, book)
    if not hits:
        find(text, book)  # its error names the closest words
    print_hits(plain_console(), hits)


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
    counts = ((report.files, "file"), (report.materials, "material"), (report.defects, "defect type"))
    looked, materials, defects = (f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)
    print(f"{looked}: {materials} and {defects}, all sound")


@recipes_app.command("new")
def new(
    what: Annotated[str, typer.Argument(help="defect or material.", show_default=False)],
    name: Annotated[str, typer.Argument(help="Its name: lower-case words joined by hyphens.", show_default=False)],
    extends: Annotated[
        str | None, typer.Option(help="Defect to inherit from, or material to look like.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write.", show_default="NAME.yaml")] = None,
    recipe: Own = None,
    recipes: Folder = None,
) -> None:
    """Write a commented recipe to start from."""
    from defectgen.atomic import write_atomic
    from defectgen.errors import InputError, OutputError
    from defectgen.recipe_check.starter import defect_starter, material_starter

    makers = {"defect": defect_starter, "material": material_starter}
    if what not in makers:
        raise InputError(f"{what!r} cannot be started; use defect or material")
    text = makers[what](name, extends, read_book(recipe, recipes))
    path = out or Path(f"{name}.yaml")
    if path.exists():
        raise OutputError(f"{path} exists; choose another file with --out")
    write_atomic(path, text.encode())
    print(path)


def plain_console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def own_recipes(recipe: Path | None, recipes: Path | None) -> list[Path]:
    """The user's file and folder; InputError for a folder that is none."""
    from defectgen.errors import InputError

    if recipes is not None and not recipes.is_dir():
        raise InputError(f"recipes {recipes} is no folder; expected one with YAML files, or one file with --recipe")
    return [path for path in (recipe, recipes) if path is not None]


def read_book(recipe: Path | None, recipes: Path | None) -> RecipeBook:
    from defectgen.book import load_book

    return load_book(own_recipes(recipe, recipes))


def check_domain(domain: str, book: RecipeBook) -> None:
    from defectgen.errors import RecipeError

    known = sorted({d.domain for d in book.defects.values()} | {m.domain for m in book.materials.values()})
    if domain not in known:
        raise RecipeError(f"domain {domain!r} is unknown; use one of {', '.join(known)}")


def find(name: str, book: RecipeBook) -> Defect | Material:
    """The defect or material of this name or synonym; RecipeError with the closest names otherwise."""
    from difflib import get_close_matches

    from defectgen.errors import RecipeError
    from defectgen.phrase import phrase_key

    key = phrase_key(name)
    if key in book.defect_aliases:
        return book.defect(name)
    if key in book.material_aliases:
        return book.material(name)
    close = get_close_matches(key, [*book.defect_aliases, *book.material_aliases], n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "all names: defectgen recipes list"
    raise RecipeError(f"no recipe is called {name!r}; {hint}")


def namesakes(name: str, entry: Defect | Material, book: RecipeBook) -> list[str]:
    """Lines about the other entries that the same word names."""
    from defectgen.phrase import phrase_key

    key = phrase_key(name)
    names = [*book.defect_owners.get(key, ()), *book.material_owners.get(key, ())]
    others = [other for other in names if other != entry.name]
    return [f"# {name!r} also names {', '.join(others)}"] if others else []
