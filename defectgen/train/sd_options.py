"""What a Stable Diffusion fine-tuning is asked to do, and what that comes to on a device with a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from defectgen.errors import InputError
from defectgen.sd.plan import Training
from defectgen.sd.plan_preset import Preset, preset_for, preset_named
from defectgen.train.sd_words import Speech

__all__ = ["DTYPES", "OPTIMISERS", "SdFinetuneOptions", "SdMethod", "Settings", "planned_training", "settle"]

SdMethod = Literal["lora", "full"]
DTYPES = ("auto", "fp32", "fp16", "bf16")
OPTIMISERS = ("auto", "adamw", "adamw8bit")
LR: Mapping[str, float] = {"lora": 3e-4, "full": 1e-4}
WORD_LR = 5e-3
WINDOWS = 400


@dataclass(frozen=True)
class SdFinetuneOptions:
    """model, config: folder, file or hub name, as in `sd.options.SdOptions`. None leaves a value to the preset,
    and the preset to the device's memory.

    size: pixels of the square windows; None for the model's own. lr: None by the method. budget_s: seconds of training
    over all runs. steps: optimiser steps after which it ends earlier. windows: drawn before the training.
    """

    model: str
    method: SdMethod = "lora"
    preset: str | None = None
    size: int | None = None
    batch: int | None = None
    accumulate: int | None = None
    rank: int | None = None
    checkpointing: bool | None = None
    text_encoder: bool = False
    speech: Speech = "plain"
    dtype: str = "auto"
    optimiser: str = "auto"
    lr: float | None = None
    budget_s: float = 3600.0
    steps: int | None = None
    windows: int = WINDOWS
    seed: int = 0
    device: str = "auto"
    offline: bool = False
    tensorboard: bool = False
    config: str | None = None

    def __post_init__(self) -> None:
        for name in ("size", "batch", "accumulate", "rank", "lr", "budget_s", "steps", "windows"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise InputError(f"{name} is {value:g}; expected more than 0")
        for name, value, allowed in (
            ("dtype", self.dtype, DTYPES), ("optimizer", self.optimiser, OPTIMISERS),
            ("method", self.method, tuple(LR)),
        ):  # fmt: skip
            if value not in allowed:
                raise InputError(f"{name} {value!r} is unknown; use {', '.join(allowed)}")
        if self.method == "full" and (self.rank or self.text_encoder or self.speech == "new"):
            raise InputError("--rank, --text-encoder and --new-words belong to --method lora; leave them out")


@dataclass(frozen=True)
class Settings:
    """Everything settled. side: pixels of a window. dtype: of the frozen weights and of the computation."""

    preset: str
    side: int
    batch: int
    accumulate: int
    rank: int
    checkpointing: bool
    dtype: str
    optimiser: str
    lr: float


def settle(options: SdFinetuneOptions, native: int, factor: int, device: str, gib: float | None) -> Settings:
    """native: side that the model was made for. factor: pixels a latent cell times the network's own scaling down.

    gib: the device's memory, None where it has none of its own.
    """
    preset: Preset = preset_named(options.preset) if options.preset else preset_for(gib)
    side = options.size or native
    if side % factor:
        near = side // factor * factor or factor
        raise InputError(f"size {side} is no multiple of {factor}; this model takes {near}")
    return Settings(
        preset.name, side, options.batch or preset.batch, options.accumulate or preset.accumulate,
        options.rank or preset.rank, preset.checkpointing if options.checkpointing is None else options.checkpointing,
        _dtype(options.dtype, device), _optimiser(options.optimiser, device), options.lr or LR[options.method],
    )  # fmt: skip


def planned_training(options: SdFinetuneOptions, settings: Settings) -> Training:
    """What a forecast has to know of it."""
    s = settings
    return Training(
        s.side, s.dtype, s.batch, s.accumulate, None if options.method == "full" else s.rank, s.checkpointing,
        options.text_encoder, options.windows, options.steps, options.budget_s,
    )  # fmt: skip


def _dtype(name: str, device: str) -> str:
    import torch

    if name == "auto":
        if device == "cuda":
            # A plan may be for a card that is not here
            return "bf16" if not torch.cuda.is_available() or torch.cuda.is_bf16_supported() else "fp16"
        return "fp32"
    if name == "fp16" and device != "cuda":
        raise InputError(f"fp16 cannot be trained on {device}; use --dtype bf16, fp32 or auto")
    return name


def _optimiser(name: str, device: str) -> str:
    """adamw8bit by itself only where it is installed, since the low-rank updates' own state is small."""
    from importlib.util import find_spec

    there = device == "cuda" and find_spec("bitsandbytes") is not None
    if name == "adamw8bit" and not there:
        what = "a CUDA device" if device != "cuda" else "a package that is missing here (pip install bitsandbytes)"
        raise InputError(f"--optimizer adamw8bit needs {what}; use --optimizer adamw")
    return ("adamw8bit" if there else "adamw") if name == "auto" else name
