"""`defectgen audit`: how good a set is, held against real pictures."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["audit"]

HOW, MORE, OUTPUT = "How it looks", "What else is computed", "Output"
VIEWS = "image,window,mask"
RESAMPLES = 1000
NAMES = ("lite0", "inception", "timm:NAME[:FILE]", "hf:FOLDER|NAME")


def audit(
    folder: Annotated[
        Path, typer.Argument(metavar="SET", help="Defect set or folder of images to judge.", show_default=False)
    ],
    real: Annotated[
        Path, typer.Option(help="Real pictures: a defect set, or a folder of images.", show_default=False)
    ],
    train: Annotated[
        Path | None,
        typer.Option(help="What the generator learned from; copies and leaks are sought in it.", show_default="REAL"),
    ] = None,
    features: Annotated[
        str, typer.Option(help=f"Network that looks: {', '.join(NAMES)}.", metavar="NAME", rich_help_panel=HOW)
    ] = "lite0",
    weights: Annotated[
        Path | None, typer.Option(help="Its weights, for inception and timm.", rich_help_panel=HOW)
    ] = None,
    views: Annotated[
        str, typer.Option(help="Parts of the pictures to compare.", metavar="A,B", rich_help_panel=HOW)
    ] = VIEWS,
    resamples: Annotated[int, typer.Option(help="Draws for each interval.", rich_help_panel=HOW)] = RESAMPLES,
    seed: Annotated[int, typer.Option(help="Same seed, same numbers.", rich_help_panel=HOW)] = 0,
    compat: Annotated[
        str | None,
        typer.Option(
            help="Also as a paper does: anomalydiffusion, seas or magic.", metavar="NAME", rich_help_panel=MORE
        ),
    ] = None,
    classifier: Annotated[
        str | None,
        typer.Option(
            help="Inception score by a classifier of the defects: its file, or auto to train one.",
            metavar="FILE|auto", rich_help_panel=MORE,
        ),
    ] = None,
    no_probe: Annotated[
        bool, typer.Option("--no-probe", help="Train no classifiers that tell the sides apart.", rich_help_panel=MORE)
    ] = False,
    no_copies: Annotated[
        bool, typer.Option("--no-copies", help="Look for no copies and leaks.", rich_help_panel=MORE)
    ] = False,
    no_estimate: Annotated[
        bool, typer.Option("--no-estimate", help="Train no segmenter where SET has no good pictures to judge masks by.",
                           rich_help_panel=MORE)
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Page to write, whole in one file.", rich_help_panel=OUTPUT)
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="File for all numbers.", rich_help_panel=OUTPUT)
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse files that cannot be read, instead of listing them.",
                           rich_help_panel=OUTPUT)
    ] = False,
) -> None:  # fmt: skip
    """Say how good a set is: distances to real pictures beside their floors, labels, copies, leaks, traces."""
    check_outputs(html, as_json)
    from defectgen.cli.audit_screen import Watching, print_report
    from defectgen.metric.audit import AuditOptions, parse_views
    from defectgen.metric.audit import audit as measure

    options = AuditOptions(
        folder, real, train, parse_views(views), features, weights, classifier, compat, seed, resamples,
        probes=not no_probe, copies=not no_copies, estimate=not no_estimate, strict=strict, command=command_line(),
    )  # fmt: skip
    with Watching() as watching:
        report = measure(options, watching.update)
        if as_json is not None:
            from defectgen.atomic import write_atomic

            write_atomic(as_json, (report.model_dump_json(indent=1) + "\n").encode())
        if html is not None:
            from defectgen.report.page import write_page

            watching.update("drawing the page", 0, 1)
            write_page(report, html)
    print_report(report, [path for path in (as_json, html) if path is not None])


def check_outputs(html: Path | None, as_json: Path | None, made: Path | None = None) -> None:
    """OutputError where a file could not be written in the end. made: a folder that the run makes."""
    from defectgen.errors import InputError, OutputError

    for path, option, suffix in ((html, "--html", ".html"), (as_json, "--json", ".json")):
        if path is None:
            continue
        if path.suffix.lower() != suffix:
            raise InputError(f"{option} {path} does not end in {suffix}; name a file such as report{suffix}")
        comes = made is not None and path.parent.resolve() == made.resolve() and not made.exists()
        if path.is_dir() or not (comes or path.parent.is_dir()):
            what = "is a folder" if path.is_dir() else f"lies in {path.parent}, which is not there"
            raise OutputError(f"{option} {path} {what}; choose a file in a folder that exists")
    if html is not None:
        from importlib.util import find_spec

        if find_spec("jinja2") is None:
            raise InputError("--html needs jinja2, which is not here; run pip install 'defectgen[eval]'")


def command_line() -> str:
    """What was typed, to type it again."""
    import sys

    return shlex.join(["defectgen", *sys.argv[1:]])
