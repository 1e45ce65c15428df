"""`defectgen finetune`: teach a model a few real defects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from defectgen.train.finetune import Lap
    from defectgen.train.sd_finetune import SdLap
    from defectgen.train.sd_job import SdFinetuneJob

__all__ = ["finetune"]

METHODS = ("lora", "full")
ENGINES = ("compact", "sd")
BUDGET = {"compact": 6.0, "sd": 60.0}
"""Minutes."""


def finetune(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="Defect set with masks.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of the adapter.", show_default=False)],
    engine: Annotated[str, typer.Option(help="Whose model is taught: compact, or sd with --model.")] = "compact",
    method: Annotated[str, typer.Option(help="lora (low-rank updates) or full (all weights).")] = "lora",
    shots: Annotated[
        int | None, typer.Option(help="Pictures of each type to learn from.", show_default="all")
    ] = None,
    rank: Annotated[
        int | None, typer.Option(help="Rank of the updates.", show_default="chosen by validation; sd: by --preset")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Minutes to train.", metavar="MIN", show_default="6; sd: 60")
    ] = None,
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
    donors: Annotated[
        bool, typer.Option("--donors", help="compact: keep cut-outs of the real defects, for samples to start from.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="sd: checkpoint, a diffusers folder, .safetensors file or hub name.")
    ] = None,
    model_config: Annotated[
        str | None,
        typer.Option(help="sd: diffusers folder of the same kind, for a single file.", show_default="beside it"),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="sd: 8gb, 12gb or 24gb.", show_default="by the device's memory")
    ] = None,
    size: Annotated[int | None, typer.Option(help="sd: pixels of a window.", show_default="the model's own")] = None,
    batch: Annotated[int | None, typer.Option(help="sd: windows at once.", show_default="by --preset")] = None,
    accumulate: Annotated[
        int | None, typer.Option(help="sd: batches a step.", show_default="by --preset")
    ] = None,
    text_encoder: Annotated[bool, typer.Option("--text-encoder", help="sd: teach the text encoder, too.")] = False,
    rare_token: Annotated[
        bool, typer.Option("--rare-token", help="sd: a rare token stands before each defect's name.")
    ] = False,
    new_words: Annotated[
        bool, typer.Option("--new-words", help="sd: each defect becomes a new word (textual inversion).")
    ] = False,
    dtype: Annotated[str | None, typer.Option(help="sd: auto, fp32, fp16 or bf16.", show_default="auto")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="sd: auto, adamw or adamw8bit (bitsandbytes, CUDA).", show_default="auto")
    ] = None,
    lr: Annotated[float | None, typer.Option(help="sd: learning rate.", show_default="by --method")] = None,
    steps: Annotated[int | None, typer.Option(help="sd: end after so many steps.", show_default="--budget")] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="sd: write events to OUT/tensorboard.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="sd: ask no hub, whatever is named.")] = False,
) -> None:  # fmt: skip
    """Teach the model the defects of a set; then: defectgen synth ... --adapter FOLDER (sd: --lora FOLDER)."""
    _check(engine, method, {"budget": budget, "shots": shots, "rank": rank}, donors)
    common = {"method": method, "rank": rank, "budget_s": 60 * (budget or BUDGET[engine]), "seed": seed}
    about = {"shots": shots, "blocked": tuple(blocked or ()), "resume": resume}
    own = {
        "preset": preset, "size": size, "batch": batch, "accumulate": accumulate, "text_encoder": text_encoder,
        "dtype": dtype, "optimiser": optimizer, "lr": lr, "steps": steps, "tensorboard": tensorboard,
        "offline": offline, "speech": _speech(rare_token, new_words), "config": model_config,
    }  # fmt: skip
    given = {name: value for name, value in own.items() if value}
    if engine == "sd":
        _sd(folder, out, model, {**common, "device": device, **given}, about)
        return
    _only_sd([*(["model"] if model else []), *given])
    _compact(folder, out, {**common, "donors": donors}, device, about)


def _check(engine: str, method: str, positive: dict[str, float | None], donors: bool) -> None:
    from defectgen.errors import InputError

    if method not in METHODS:
        raise InputError(f"method {method!r} is unknown; use lora or full")
    if engine not in ENGINES:
        raise InputError(f"engine {engine!r} cannot be taught; use {' or '.join(ENGINES)}")
    for name, value in positive.items():
        if value is not None and value <= 0:
            raise InputError(f"{name} is {value:g}; expected more than 0")
    if engine == "sd" and donors:
        raise InputError("--donors: for engine compact only; leave it out")


def _only_sd(given: list[str]) -> None:
    from defectgen.errors import InputError

    if given:
        raise InputError(f"{', '.join(given)}: for engine sd only; add --engine sd, or leave it out")


def _speech(rare_token: bool, new_words: bool) -> str | None:
    from defectgen.errors import InputError

    if rare_token and new_words:
        raise InputError("--rare-token and --new-words exclude each other; choose one")
    return "rare" if rare_token else "new" if new_words else None


def _compact(folder: Path, out: Path, values: dict[str, Any], device: str, about: dict[str, Any]) -> None:
    from rich.console import Console

    from defectgen.model.device import pick_trainer
    from defectgen.train.finetune import FinetuneOptions
    from defectgen.train.finetune_job import FinetuneJob

    console = Console(highlight=False, soft_wrap=True)
    job = FinetuneJob(folder, out, FinetuneOptions(**values, device=pick_trainer(device)), **about)
    _introduce(console, job)
    try:
        for lap in job.run(lambda: console.print("windows are drawn, training begins")):
            which = "all weights" if lap.rank is None else f"rank {lap.rank}"
            console.print(f"{which}  {_lap(lap)}")
    except KeyboardInterrupt:
        _stopped(out)
    info = job.finish()
    if job.new_words:
        console.print(f"new words: {', '.join(job.new_words)}")
    _losses(console, "windows kept from training", info.val_loss)
    _losses(console, "other defects", info.rehearsal_loss)
    console.print(f"adapter: {out}", markup=False)


def _sd(folder: Path, out: Path, model: str | None, values: dict[str, Any], about: dict[str, Any]) -> None:
    from rich.console import Console

    from defectgen.errors import InputError
    from defectgen.train.sd_job import SdFinetuneJob
    from defectgen.train.sd_options import SdFinetuneOptions

    if model is None:
        raise InputError("--engine sd needs --model PATH_OR_HUB_NAME, the checkpoint to teach")
    job = SdFinetuneJob(folder, out, SdFinetuneOptions(model, **values), **about)
    console = Console(soft_wrap=True, quiet=not job.is_main)
    _introduce(console, job)
    _forecast(console, job)
    try:
        for lap in job.run(lambda: _say(job, console, "windows are drawn, training begins")):
            _say(job, console, _lap(lap))
    except KeyboardInterrupt:
        _stopped(out)
    info = job.finish()
    for name, words in info.said.items():
        _say(job, console, f"a prompt says {words} for {name}")
    if job.is_main:
        _losses(console, "windows kept from training", info.val_loss)
    _say(job, console, f"adapter: {out}")


def _forecast(console: Console, job: SdFinetuneJob) -> None:
    """What it comes to on this device, and what that takes; InputError where it cannot fit."""
    s = job.settings
    _say(
        job, console,
        f"preset {s.preset}: {s.side} px, batch {s.batch} x {s.accumulate}, rank {s.rank}, {s.dtype}, {s.optimiser}"
        f"{', gradient checkpointing' if s.checkpointing else ''}, on {job.device}",
    )  # fmt: skip
    outlook = job.outlook()
    _say(job, console, f"forecast: {outlook.line}")
    outlook.check()


def _lap(lap: Lap | SdLap) -> str:
    val = "" if lap.val_loss is None else f"  val {lap.val_loss:.4f}"
    return f"step {lap.step:5d}  {lap.seconds / 60:5.1f} min  loss {lap.loss:.4f}{val}"


def _losses(console: Console, what: str, pair: tuple[float, float] | None) -> None:
    if pair is not None:
        console.print(f"loss on {what}: {pair[0]:.4f} before, {pair[1]:.4f} after", highlight=False)


def _say(job: Any, console: Any, text: str) -> None:
    """Of several processes only the first speaks."""
    if job.is_main:
        console.print(text, highlight=False, markup=False)


def _introduce(console: Any, job: Any) -> None:
    for notice in job.shots.notices:
        console.print(f"note: {notice}", highlight=False)
    console.print(
        f"learning {', '.join(job.shots.names)} from {len(job.shots.train)} pictures"
        f" ({len(job.shots.val)} kept to judge by, {len(job.shots.good)} good ones)", highlight=False,
    )  # fmt: skip


def _stopped(out: Path) -> None:
    typer.echo(f"stopped; go on with --resume and the same options in {out}", err=True)
    raise typer.Exit(130) from None
