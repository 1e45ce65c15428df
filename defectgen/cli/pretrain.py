"""`defectgen pretrain`: train the compact model from pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["pretrain"]


def pretrain(
    config: Annotated[Path, typer.Option(help="YAML configuration, e.g. eval/compact/pretrain.yaml.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: state, log, strips, model.")] = Path("runs/compact"),
    data: Annotated[Path | None, typer.Option(help="Real pictures; else DEFECTGEN_DATA.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    budget: Annotated[float | None, typer.Option(help="Minutes to train, over all runs of this folder.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")] = False,
    weights: Annotated[
        Path | None, typer.Option(help="Model folder to start from, e.g. the shipped one; else from random weights.")
    ] = None,
    blocked: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", show_default="DEFECTGEN_BLOCKED",
            help="split.json whose test pictures must not be trained on; may be given again.",
        ),
    ] = None,
) -> None:
    """Train the compact model; stop it at any time and go on with --resume."""
    from rich.console import Console

    from defectgen.errors import InputError
    from defectgen.train.job import data_root, run_job
    from defectgen.train.pretrain import read_config

    if budget is not None and budget <= 0:
        raise InputError(f"budget {budget:g} min; expected more than 0 minutes")
    settings, root = read_config(config), data_root(data)
    console = Console(soft_wrap=True)
    budget_s = budget * 60 if budget else None
    blocked_by = tuple(blocked or ())
    lines = run_job(
        settings, root, out, device=device, budget_s=budget_s, resume=resume, weights=weights, blocked=blocked_by
    )
    for line in lines:
        console.print(
            f"step {line.step:6d}  {line.seconds / 60:6.1f} min  loss {line.loss:.4f}  lr {line.lr:.2e}  "
            f"{line.windows_per_s:.1f} windows/s",
            highlight=False,
        )
    console.print(f"model: {out / 'model'}", highlight=False, markup=False)
