"""`defectgen import`: makes a defect set from a folder or archive of real data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from defectgen.dataset.layouts import AUTO, LAYOUTS
from defectgen.errors import InputError

if TYPE_CHECKING:
    from defectgen.dataset.importer import ImportResult

__all__ = ["import_set"]


def import_set(
    layout: Annotated[
        str,
        typer.Argument(
            metavar="LAYOUT",
            help=f"How the data is laid out: {', '.join(LAYOUTS)}; or {AUTO}.",
            autocompletion=lambda: [AUTO, *LAYOUTS],
            show_default=False,
        ),
    ],
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="Folder, or .zip, .tar or .tar.gz archive.", show_default=False)
    ],
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="Folder to write the set to.", show_default=False)],
    classes: Annotated[
        str | None,
        typer.Option(metavar="KEY=TYPE,...", help="Defect type of each class or mask value: 1=dark,2=cross."),
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(metavar="KEY,...", help="Classes or mask values that are no defect.")
    ] = None,
    material: Annotated[str | None, typer.Option(help="What the parts are, or are made of.")] = None,
    licence: Annotated[str, typer.Option(help="SPDX identifier or a plain word.")] = "user",
    group_by: Annotated[
        str | None, typer.Option(metavar="REGEX", help="Pictures whose names give the same match belong together.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a source with pictures to drop.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the set that DEST holds.")] = False,
) -> None:
    """Make a defect set from real data; what is dropped is listed with its reason."""
    from defectgen.cli.import_screen import ImportProgress, print_chosen, print_result
    from defectgen.dataset.importer import import_set as carry_out
    from defectgen.dataset.item import ImportOptions

    options = ImportOptions(parse_classes(classes), parse_ignored(ignore), material, licence, group_by, strict)
    with ImportProgress() as progress:
        result: ImportResult = carry_out(
            layout, source, dest, options, overwrite=overwrite, chosen=print_chosen, watch=progress.update
        )
    print_result(result)


def parse_classes(text: str | None) -> dict[str, str]:
    """"1=dark,2=cross crack" as a mapping; InputError where a part is no pair or a key comes twice."""
    table: dict[str, str] = {}
    for part in (text or "").split(",") if text is not None else []:
        key, equals, name = (piece.strip() for piece in part.partition("="))
        if not (key and equals and name):
            raise InputError(f"--classes {text!r}: {part!r} is no pair; expected KEY=TYPE,... such as 1=dark,2=cross")
        if key in table:
            raise InputError(f"--classes {text!r} names {key!r} twice; expected each class once")
        table[key] = name
    return table


def parse_ignored(text: str | None) -> frozenset[str]:
    """"4,busbar" as a set; InputError where a part is empty."""
    if text is None:
        return frozenset()
    keys = [part.strip() for part in text.split(",")]
    if not all(keys):
        raise InputError(f"--ignore {text!r} has an empty part; expected KEY,... such as 4,5")
    return frozenset(keys)
