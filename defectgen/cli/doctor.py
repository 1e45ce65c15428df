"""`defectgen doctor`: is everything here that a run needs?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from defectgen.options import DEVICES, Options

__all__ = ["doctor"]


def doctor(
    device: Annotated[
        str, typer.Option(help="Device to look at.", autocompletion=lambda: list(DEVICES))
    ] = Options.device,
) -> None:
    """Check versions, device, weights and their hashes, the text encoder, disk and time."""
    from rich.console import Console

    from defectgen.health import examine

    console = Console(highlight=False)
    problems = 0
    for finding in examine(Path.cwd(), device):
        mark = "[green]ok     [/]" if finding.ok else "[bold red]problem[/]"
        console.print(f"{mark} [bold]{finding.name:13}[/] ", end="")
        console.print(finding.found, markup=False, soft_wrap=True)
        problems += not finding.ok
    if problems:
        console.print(f"{problems} problem{'s' if problems > 1 else ''}", style="bold red")
        raise typer.Exit(2)
