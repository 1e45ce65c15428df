"""`defectgen plan`: memory, time and disk of a run, before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from defectgen.sd.checkpoint import SdSpec
    from defectgen.sd.plan import Sampling, Training
    from defectgen.sd.plan_outlook import Outlook

__all__ = ["plan"]

ENGINES = ("compact", "sd")
COMPACT_MIB, COMPACT_START_S = 1109, 12
"""The peak of a run and the seconds until its first sample; eval/speed/RESULT.md."""


def plan(
    engine: Annotated[str, typer.Option(help="compact, or sd with --model.")] = "compact",
    model: Annotated[
        str | None, typer.Option(help="sd: checkpoint, a diffusers folder, .safetensors file or hub name.")
    ] = None,
    model_config: Annotated[
        str | None,
        typer.Option(help="sd: diffusers folder of the same kind, for a single file.", show_default="beside it"),
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Samples to make.")] = 8,
    train: Annotated[bool, typer.Option("--train", help="Plan a fine-tuning instead.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    memory: Annotated[
        float | None, typer.Option(help="Plan for a GPU of so much memory.", metavar="GIB", show_default="the device's")
    ] = None,
    size: Annotated[int | None, typer.Option(help="sd: pixels of a window.", show_default="the model's own")] = None,
    batch: Annotated[int | None, typer.Option(help="sd: windows at once.", show_default="1, or by --preset")] = None,
    dtype: Annotated[str, typer.Option(help="sd: auto, fp32, fp16 or bf16.")] = "auto",
    steps: Annotated[
        int | None, typer.Option(help="sd: steps of sampling, or of training.", show_default="30, or by --budget")
    ] = None,
    candidates: Annotated[int, typer.Option(help="sd: tries of each sample.")] = 1,
    offload: Annotated[str, typer.Option(help="sd: none, model or sequential.")] = "none",
    preset: Annotated[
        str | None, typer.Option(help="sd --train: 8gb, 12gb or 24gb.", show_default="by the device's memory")
    ] = None,
    method: Annotated[str, typer.Option(help="sd --train: lora or full.")] = "lora",
    rank: Annotated[int | None, typer.Option(help="sd --train: rank.", show_default="by --preset")] = None,
    accumulate: Annotated[
        int | None, typer.Option(help="sd --train: batches a step.", show_default="by --preset")
    ] = None,
    text_encoder: Annotated[bool, typer.Option("--text-encoder", help="sd --train: and the text encoder.")] = False,
    budget: Annotated[float, typer.Option(help="sd --train: minutes.", metavar="MIN")] = 60.0,
    measure: Annotated[
        bool, typer.Option("--measure", help="sd: measure this machine first, some minutes; kept for later.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="sd: ask no hub, whatever is named.")] = False,
) -> None:  # fmt: skip
    """Forecast memory, time and disk; exit code 2 where it cannot fit."""
    positive = {"n": n, "memory": memory, "candidates": candidates, "budget": budget, "steps": steps}
    _check(engine, model, positive, train or measure)
    if engine == "compact":
        _compact(n, device)
        return
    place = _place(device, memory)
    if measure:
        _measure(place)
    from defectgen.sd.checkpoint import inspect
    from defectgen.sd.plan_outlook import Outlook

    spec = inspect(str(model), offline=offline, config=model_config)
    if train:
        asked: Training | Sampling = _training(spec, place, memory, {
            "preset": preset, "size": size, "batch": batch, "accumulate": accumulate, "rank": rank, "dtype": dtype,
            "text_encoder": text_encoder, "steps": steps, "budget_s": 60 * budget, "method": method,
            "model": str(model),
        })  # fmt: skip
    else:
        asked = _sampling(spec, place, {"dtype": dtype, "offload": offload, "steps": steps},
                          {"side": size, "batch": batch or 1, "candidates": candidates, "samples": n})  # fmt: skip
    _sd(Outlook.of(spec, asked, place, memory))


def _check(engine: str, model: str | None, positive: dict[str, float | None], sd_only: bool) -> None:
    from defectgen.errors import InputError

    if engine not in ENGINES:
        raise InputError(f"engine {engine!r} has no plan; use {' or '.join(ENGINES)}")
    for name, value in positive.items():
        if value is not None and value <= 0:
            raise InputError(f"{name} is {value:g}; expected more than 0")
    if engine == "compact" and (model is not None or sd_only):
        raise InputError("a plan with --model, --train or --measure is for engine sd; add --engine sd")
    if engine == "sd" and model is None:
        raise InputError("--engine sd needs --model PATH_OR_HUB_NAME, the checkpoint to plan for")


def _place(device: str, memory: float | None) -> str:
    """A named amount of memory is a GPU's, whether one is here or not."""
    from defectgen.model.device import pick_device

    if memory is not None and device in ("auto", "cuda"):
        return "cuda"
    return pick_device(device)


def _compact(n: int, device: str) -> None:
    from rich.console import Console

    from defectgen.cli.screen import spoken
    from defectgen.model.checkpoint import default_weights, verify
    from defectgen.model.device import pick_device
    from defectgen.run import TYPICAL_S

    verify(default_weights())
    seconds = COMPACT_START_S + n * TYPICAL_S["compact"]
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"engine      compact, device {pick_device(device)}")
    console.print(f"memory      about {COMPACT_MIB} MiB, whatever the number of samples")
    console.print(f"time        about {spoken(seconds)} for {n} samples on two CPU cores, start included")
    console.print("note        from eval/speed; defectgen doctor measures this machine, synth --dry-run plans the disk")


def _training(spec: SdSpec, place: str, memory: float | None, asked: dict[str, Any]) -> Training:
    from defectgen.train.sd_job import settled
    from defectgen.train.sd_options import SdFinetuneOptions, planned_training

    options = SdFinetuneOptions(**asked)
    return planned_training(options, settled(options, spec, place, memory))


def _sampling(spec: SdSpec, place: str, asked: dict[str, Any], run: dict[str, Any]) -> Sampling:
    from defectgen.sd.options import SdOptions, check_sd_options
    from defectgen.sd.plan_outlook import planned_sampling

    options = SdOptions(spec.model, **asked)
    check_sd_options(options)
    return planned_sampling(options, spec, place, **run)


def _sd(outlook: Outlook) -> None:
    from rich.console import Console

    from defectgen.sd.plan import component_parameters

    console, spec, found = Console(highlight=False, soft_wrap=True), outlook.spec, outlook.found
    console.print(f"model       {spec.name}: {spec.kind}, {spec.unet_channels} channels, {spec.side} px", markup=False)
    counts = component_parameters(spec)
    console.print(f"parameters  {', '.join(f'{name} {count / 1e6:.1f}M' for name, count in counts.items())}")
    console.print(f"run         {_what(outlook.asked)}, {outlook.asked.dtype}, on {outlook.device}")
    for name, size in found.parts.items():
        console.print(f"  {size / 2**30:8.2f} GiB  {name}")
    console.print(f"memory      {outlook.memory}")
    console.print(f"time        {outlook.time}", markup=False)
    console.print(f"disk        {outlook.disk}")
    for note in found.notes:
        console.print(f"note        {note}")
    outlook.check()


def _what(asked: Training | Sampling) -> str:
    """The run in words."""
    from defectgen.sd.plan import Sampling

    if isinstance(asked, Sampling):
        return f"{asked.samples} samples of {asked.side} px, batch {asked.batch}, {asked.steps} steps taken"
    weights = "all weights" if asked.rank is None else f"rank {asked.rank}"
    checkpointing = ", gradient checkpointing" if asked.checkpointing else ""
    return f"training at {asked.side} px, batch {asked.batch} x {asked.accumulate}, {weights}{checkpointing}"


def _measure(place: str) -> None:
    from rich.console import Console

    from defectgen.sd.plan_measure import measure
    from defectgen.sd.plan_speed import remember

    console, found = Console(highlight=False, soft_wrap=True), []
    for speed in measure(place, repeats=3):
        what = f"{speed.work} {speed.dtype} {speed.attention} batch {speed.batch}"
        console.print(f"measured    {what}: {speed.seconds:.3g} s")
        found.append(speed)
        remember(found)
