"""`defectgen finetune`: teach the compact model a few real defects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["finetune"]

METHODS = ("lora", "full")


def finetune(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="Defect set with masks.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of the adapter.", show_default=False)],
    method: Annotated[str, typer.Option(help="lora (low-rank updates) or full (all weights).")] = "lora",
    shots: Annotated[
        int | None, typer.Option(help="Pictures of each type to learn from.", show_default="all")
    ] = None,
    rank: Annotated[
        int | None, typer.Option(help="Rank of the updates.", show_default="chosen by validation")
    ] = None,
    budget: Annotated[float, typer.Option(help="Minutes to train.", metavar="MIN")] = 8.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a job that was stopped.")] = False,
    seed: Annotated[int, typer.Option(help="Which shots, windows and noises.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    blocked: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", show_default="DEFECTGEN_BLOCKED",
            help="split.json whose test pictures must not be trained on; may be given again.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Teach the compact model the defects of a set; then: defectgen synth ... --adapter FOLDER."""
    from rich.console import Console

    from defectgen.errors import InputError
    from defectgen.model.device import pick_device
    from defectgen.train.finetune import FinetuneOptions
    from defectgen.train.finetune_job import FinetuneJob

    if method not in METHODS:
        raise InputError(f"method {method!r} is unknown; use lora or full")
    for name, value in (("budget", budget), ("shots", shots), ("rank", rank)):
        if value is not None and value <= 0:
            raise InputError(f"{name} is {value:g}; expected more than 0")
    console = Console()
    options = FinetuneOptions(method, rank, 60 * budget, seed, pick_device(device))  # type: ignore[arg-type]
    job = FinetuneJob(folder, out, options, shots=shots, blocked=tuple(blocked or ()), resume=resume)
    for notice in job.shots.notices:
        console.print(f"note: {notice}", highlight=False)
    console.print(
        f"learning {', '.join(job.shots.names)} from {len(job.shots.train)} pictures"
        f" ({len(job.shots.val)} kept to judge by, {len(job.shots.good)} good ones)", highlight=False,
    )  # fmt: skip
    try:
        for lap in job.run(lambda: console.print("windows are drawn, training begins", highlight=False)):
            val = "" if lap.val_loss is None else f"  val {lap.val_loss:.4f}"
            which = "all weights" if lap.rank is None else f"rank {lap.rank}"
            console.print(
                f"{which}  step {lap.step:5d}  {lap.seconds / 60:5.1f} min  loss {lap.loss:.4f}{val}", highlight=False
            )
    except KeyboardInterrupt:
        typer.echo(f"stopped; go on with --resume and the same options in {out}", err=True)
        raise typer.Exit(130) from None
    info = job.finish()
    if job.new_words:
        console.print(f"new words: {', '.join(job.new_words)}", highlight=False)
    if info.val_loss is not None:
        before, after = info.val_loss
        console.print(f"loss on windows kept from training: {before:.4f} before, {after:.4f} after", highlight=False)
    before, after = info.rehearsal_loss
    console.print(f"loss on other defects: {before:.4f} before, {after:.4f} after", highlight=False)
    console.print(f"adapter: {out}", highlight=False)
