"""What a Stable Diffusion run can be asked for, and what of it can be refused before anything is read.

Steps, guidance (classifier-free, Ho & Salimans 2022) and strength (Meng et al. 2022, SDEdit: the share of the noise
that the good window starts from) have the defaults below; nothing here was tuned on a full checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from defectgen.errors import InputError
from defectgen.model.adapter_path import parse_adapter

__all__ = [
    "ATTENTIONS", "CONTROLS", "DTYPES", "GUIDANCE", "OFFLOADS", "SCHEDULERS", "STEPS", "STRENGTH",
    "SdOptions", "check_sd_options", "parse_control",
]  # fmt: skip

DTYPES = ("auto", "fp32", "fp16", "bf16")
ATTENTIONS = ("auto", "sdpa", "xformers")
OFFLOADS = ("none", "model", "sequential")
SCHEDULERS = ("auto", "ddim", "dpm++", "unipc", "lcm", "euler", "euler-a")
CONTROLS = ("canny", "lineart", "hed", "pidinet", "depth")
"""What a ControlNet is told. The first two are computed; the others are networks, whose weights are named: hed:FILE."""

COMPUTED = CONTROLS[:2]
STEPS, GUIDANCE, STRENGTH = 30, 7.5, 0.9


@dataclass(frozen=True)
class SdOptions:
    """How a checkpoint is opened and sampled.

    model: a diffusers folder, a single .safetensors file, or a hub name. config: for a single file, the diffusers
    folder (or hub name) of its kind, whose configurations are taken and whose weights are not. offline: no hub is
    asked, whatever is named. loras: each "PATH" or "PATH:SCALE". controlnet: a folder or hub name.
    control: one of CONTROLS, with ":FILE" where it needs weights. steps, guidance, strength: None for the defaults.
    """

    model: str
    device: str = "auto"
    dtype: str = "auto"
    offline: bool = False
    attention: str = "auto"
    scheduler: str = "auto"
    offload: str = "none"
    slicing: bool = False
    config: str | None = None
    loras: tuple[str, ...] = ()
    controlnet: str | None = None
    control: str = "canny"
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None


def check_sd_options(options: SdOptions) -> None:
    """InputError for the first value that no run could use."""
    _one_of("dtype", options.dtype, DTYPES)
    _one_of("attention", options.attention, ATTENTIONS)
    _one_of("scheduler", options.scheduler, SCHEDULERS)
    _one_of("offload", options.offload, OFFLOADS)
    parse_control(options.control)
    if options.control != SdOptions.control and options.controlnet is None:
        raise InputError(f"control {options.control} tells a ControlNet what to follow; name one with --controlnet")
    for text in options.loras:
        parse_adapter(text)
    steps, strength = options.steps or STEPS, STRENGTH if options.strength is None else options.strength
    if steps * strength < 1:
        raise InputError(f"{steps} steps at strength {strength:g} leave no step to take; raise one of them")


def parse_control(text: str) -> tuple[str, Path | None]:
    """Name and weights of "canny" or "hed:FILE"; InputError for anything else."""
    name, colon, file = text.partition(":")
    _one_of("control", name, CONTROLS)
    if name in COMPUTED and colon:
        raise InputError(f"control {name} is computed and takes no weights; write --control {name}")
    if name not in COMPUTED and not file:
        raise InputError(f"control {name} is a network; name its weights with --control {name}:FILE")
    return name, Path(file) if file else None


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} {value!r} is unknown; use one of {', '.join(allowed)}")
