"""`defectgen plan`: memory, time and disk of a run, before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from defectgen.sd.checkpoint import SdSpec
    from defectgen.sd.plan import Forecast, Sampling, Training

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
    from defectgen.errors import InputError

    if engine not in ENGINES:
        raise InputError(f"engine {engine!r} has no plan; use {' or '.join(ENGINES)}")
    for name, value in (("n", n), ("memory", memory), ("candidates", candidates), ("budget", budget), ("steps", steps)):
        if value is not None and value <= 0:
            raise InputError(f"{name} is {value:g}; expected more than 0")
    if engine == "compact":
        if model is not None or train:
            raise InputError("a plan with --model or --train is for engine sd; add --engine sd")
        _compact(n, device)
        return
    if model is None:
        raise InputError("--engine sd needs --model PATH_OR_HUB_NAME, the checkpoint to plan for")
    place = _place(device, memory)
    if measure:
        _measure(place)
    from defectgen.sd.checkpoint import inspect

    spec = inspect(model, offline=offline, config=model_config)
    if train:
        asked: Training | Sampling = _training(spec, place, memory, {
            "preset": preset, "size": size, "batch": batch, "accumulate": accumulate, "rank": rank, "dtype": dtype,
            "text_encoder": text_encoder, "steps": steps, "budget_s": 60 * budget, "method": method, "model": model,
        })  # fmt: skip
    else:
        asked = _sampling(spec, place, {"size": size, "batch": batch, "dtype": dtype, "steps": steps,
                                        "candidates": candidates, "offload": offload, "n": n})  # fmt: skip
    _sd(spec, asked, place, memory, n, steps, budget)


def _place(device: str, memory: float | None) -> str:
    """A named amount of memory is a GPU's, whether one is here or not."""
    from defectgen.model.device import pick_device

    if memory is not None and device in ("auto", "cuda"):
        return "cuda"
    return pick_device(device)


def _compact(n: int, device: str) -> None:
    from rich.console import Console

    from defectgen.model.checkpoint import default_weights, verify
    from defectgen.model.device import pick_device
    from defectgen.run import TYPICAL_S

    verify(default_weights())
    seconds = COMPACT_START_S + n * TYPICAL_S["compact"]
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"engine      compact, device {pick_device(device)}")
    console.print(f"memory      about {COMPACT_MIB} MiB, whatever the number of samples")
    console.print(f"time        about {_time(seconds)} for {n} samples on two CPU cores, start included")
    console.print("note        from eval/speed; defectgen doctor measures this machine, synth --dry-run plans the disk")


def _training(spec: SdSpec, place: str, memory: float | None, asked: dict[str, Any]) -> Training:
    from defectgen.sd.plan import Training
    from defectgen.train.sd_job import settled
    from defectgen.train.sd_options import SdFinetuneOptions

    options = SdFinetuneOptions(**asked)
    s = settled(options, spec, place, memory)
    rank = None if options.method == "full" else s.rank
    return Training(
        s.side, s.dtype, s.batch, s.accumulate, rank, s.checkpointing, options.text_encoder, options.windows
    )


def _sampling(spec: SdSpec, place: str, asked: dict[str, Any]) -> Sampling:
    from defectgen.sd.options import STEPS, STRENGTH, SdOptions, check_sd_options
    from defectgen.sd.pipeline import dtype_name
    from defectgen.sd.plan import Sampling

    options = SdOptions("", dtype=asked["dtype"], offload=asked["offload"], steps=asked["steps"])
    check_sd_options(options)
    side = asked["size"] or spec.side
    steps = max(1, int((asked["steps"] or STEPS) * STRENGTH))
    return Sampling(
        side - side % spec.vae_factor, dtype_name(options, spec.kind, place), asked["batch"] or 1, steps,
        samples=asked["n"], candidates=asked["candidates"], offload=asked["offload"],
    )  # fmt: skip


def _sd(
    spec: SdSpec, asked: Training | Sampling, place: str, memory: float | None, n: int, steps: int | None, budget: float
) -> None:
    from rich.console import Console

    from defectgen.sd.plan import Sampling, check_fits, component_parameters, forecast_sampling, forecast_training

    console = Console(highlight=False, soft_wrap=True)
    counts = component_parameters(spec)
    console.print(f"model       {spec.name}: {spec.kind}, {spec.unet_channels} channels, {spec.side} px")
    console.print(f"parameters  {', '.join(f'{name} {count / 1e6:.1f}M' for name, count in counts.items())}")
    if isinstance(asked, Sampling):
        found = forecast_sampling(spec, asked, place)
        what = f"{n} samples of {asked.side} px, batch {asked.batch}, {asked.steps} steps taken"
    else:
        found = forecast_training(spec, asked, place)
        what = f"training at {asked.side} px, batch {asked.batch} x {asked.accumulate}"
        what += f", {'all weights' if asked.rank is None else f'rank {asked.rank}'}"
        what += ", gradient checkpointing" if asked.checkpointing else ""
    console.print(f"run         {what}, {asked.dtype}, on {place}")
    for name, size in found.parts.items():
        console.print(f"  {size / 2**30:8.2f} GiB  {name}")
    gib = _memory_of(place, memory)
    console.print(f"memory      about {found.total / 2**30:.2f} GiB" + (f" of {gib:.1f} GiB" if gib else ""))
    units = n if isinstance(asked, Sampling) else steps
    console.print(f"time        {_duration(found, asked, place, memory, units, budget)}")
    console.print(f"disk        {found.disk / 1e6:,.0f} MB")
    for note in found.notes:
        console.print(f"note        {note}")
    check_fits(spec, asked, found, place, gib)


def _duration(
    found: Forecast, asked: Training | Sampling, place: str, memory: float | None, units: int | None, budget: float
) -> str:
    """In words; that it is not known, where no device like this was measured."""
    import torch

    from defectgen.sd.plan_speed import device_name, speed_of

    if place == "cuda" and not torch.cuda.is_available():
        return f"not known for a GPU of {memory:g} GiB: none is here; eval/speed/SD.md lists those that were measured"
    name = device_name(place)
    seconds = 0.0
    for work, flops in found.flops:
        speed = speed_of(name, work, found.dtype, checkpointing=getattr(asked, "checkpointing", False))
        if speed is None:
            return f"not known: {name} was not measured in {found.dtype}; add --measure"
        seconds += flops / speed.rate
    each = f"{_time(seconds)} a {found.unit} on {name}, by its measured speed"
    if units is not None:
        return f"about {_time(units * seconds)}: {each}"
    return f"about {int(60 * budget / seconds)} steps in {budget:g} min: {each}"


def _memory_of(place: str, memory: float | None) -> float | None:
    from defectgen.sd.plan_preset import device_gib, main_gib

    return memory or device_gib(place) or (main_gib() if place == "cpu" else None)


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


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
