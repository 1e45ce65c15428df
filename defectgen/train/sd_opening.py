"""What a Stable Diffusion training runs on: the accelerator, and the pipeline whose networks it trains."""

from __future__ import annotations

from typing import Any

from defectgen.sd.checkpoint import inspect
from defectgen.sd.options import SdOptions
from defectgen.sd.pipeline import open_pipeline
from defectgen.train.sd_options import SdFinetuneOptions, Settings

__all__ = ["end_accelerator", "open_accelerator", "open_for_training"]

PRECISION = {"fp32": "no", "fp16": "fp16", "bf16": "bf16"}


def open_accelerator(device: str, settings: Settings) -> Any:
    """accelerate's view of the devices: one, or all those that `accelerate launch` gave this job."""
    from accelerate import Accelerator

    return Accelerator(
        mixed_precision=PRECISION[settings.dtype], gradient_accumulation_steps=settings.accumulate,
        cpu=device == "cpu",
    )  # fmt: skip


def end_accelerator(accelerator: Any) -> None:
    """Let a later job in this process choose its device and precision anew."""
    from accelerate.state import AcceleratorState

    accelerator.end_training()
    AcceleratorState._reset_state(True)


def open_for_training(options: SdFinetuneOptions, settings: Settings) -> Any:
    """The checkpoint's inpainting pipeline on the CPU; frozen weights in the dtype that is computed in."""
    import torch

    spec = inspect(options.model, offline=options.offline, config=options.config)
    dtype = "bf16" if settings.dtype == "bf16" and options.method == "lora" else "fp32"
    pipe = open_pipeline(spec, SdOptions(options.model, device="cpu", dtype=dtype, offline=options.offline))
    if settings.dtype == "fp16" and options.method == "lora":
        pipe.to(torch.float16)
    return pipe
