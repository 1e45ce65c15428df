"""What `recipes` shows: all names by trade, one table of some of them, or one recipe with all that it inherits."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from defectgen.book import RecipeBook
from defectgen.lexicon import stem, words_of
from defectgen.mask.params import shape_params
from defectgen.recipe import Defect, Material
from defectgen.recipe_check.search import Hit

__all__ = ["print_defects", "print_entry", "print_hits", "print_names"]

Entry = Defect | Material
WIDEST = 100


def print_names(console: Console, title: str, entries: Sequence[Entry]) -> None:
    """Every name, by domain, in as few lines as will do."""
    domains = by_domain(entries)
    console.print(f"[bold]{len(entries)} {title}[/] in {len(domains)} domain{'s' if len(domains) > 1 else ''}")
    width = min(console.width, WIDEST) - 2
    for domain, members in domains.items():
        console.print(f"\n[bold cyan]{domain}[/] [dim]{len(members)}[/]")
        names = ", ".join(sorted(member.name for member in members))
        for line in textwrap.wrap(names, width, break_on_hyphens=False):
            console.print(f"  {line}", markup=False)


def by_domain(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.domain, []).append(entry)
    return dict(sorted(found.items(), key=lambda item: (item[0] != "general", item[0])))


def print_defects(console: Console, title: str, entries: Sequence[Entry]) -> None:
    """A table by domain, one line an entry, with what each is also called."""
    if not entries:
        console.print(f"no {title}")
        return
    table = Table("domain", title, "also called", box=SIMPLE_HEAD, pad_edge=False)
    names, domains = max(len(one.name) for one in entries), max(len(one.domain) for one in entries)
    room = max(20, min(console.width, WIDEST) - max(names, len(title)) - max(domains, len("domain")) - 8)
    for domain, members in by_domain(entries).items():
        for i, member in enumerate(members):
            table.add_row(f"[bold]{domain}[/]" if i == 0 else "", member.name, also(member, room))
    console.print(table)
    console.print(f"{len(entries)} {title}")


def also(entry: Entry, room: int) -> str:
    """The first synonyms that are no other form or spelling of a word before them, as many as fit."""
    forms = {"".join(map(stem, words_of(word))): word for word in reversed((entry.name, *entry.synonyms))}
    others = [word for word in entry.synonyms if word in forms.values()]
    said = ", ".join(others)
    while others and len(said) > room:
        others.pop()
        said = ", ".join([*others, "…"])
    return said


def print_hits(console: Console, hits: Sequence[Hit], most: int = 30) -> None:
    """Where the words were found, the best first."""
    table = Table("name", "is a", "domain", "found in", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = True
    for hit in hits[:most]:
        kind = "defect" if isinstance(hit.entry, Defect) else "material"
        found = "its name" if hit.phrase == hit.entry.name else hit.phrase
        table.add_row(hit.entry.name, kind, hit.entry.domain, found)
    console.print(table)
    if len(hits) > most:
        console.print(f"and {len(hits) - most} more; say another word")


def print_entry(console: Console, entry: Entry, book: RecipeBook) -> None:
    """One recipe as YAML that loads again, with what follows from it as comments."""
    content = entry.model_dump(mode="json", exclude_defaults=True)
    # The dumper may overrun its width by one word.
    width = max(40, min(console.width, WIDEST) - 22)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=width)
    lines = [line for note in notes(entry, book) for line in comment(note, min(console.width, WIDEST) - 2)]
    whole = "\n".join([text.rstrip(), *lines])
    console.print(Syntax(whole, "yaml", background_color="default", word_wrap=True))


def comment(note: str, width: int) -> list[str]:
    return textwrap.wrap(note, width, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False)


def notes(entry: Entry, book: RecipeBook) -> list[str]:
    """What the recipe does not say itself: heirs, the shape's other parameters, and where the type makes sense."""
    if isinstance(entry, Material):
        defects = book.defects_of(entry)
        own = [defect.name for defect in defects if defect.materials]
        return [f"{len(defects)} defects make sense on it, of which these name it: {', '.join(own) or 'none'}"]
    heirs = [other.name for other in book.defects.values() if other.extends == entry.name]
    shape = shape_params(entry.morphology.kind, entry.morphology.params)
    rest = {name: value for name, value in shape if name not in entry.morphology.params}
    said = [f"extended by {', '.join(heirs)}"] if heirs else []
    said += [f"shape, by default: {', '.join(f'{k} {plain(v)}' for k, v in rest.items())}"] if rest else []
    said += [f"{len(book.materials_of(entry))} of {len(book.materials)} materials"]
    return [*said, f"file: {book.origins['defect', entry.name].name}"]


def plain(value: object) -> str:
    return f"{value[0]:g} to {value[1]:g}" if isinstance(value, tuple) else str(value)
