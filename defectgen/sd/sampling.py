"""One call of a pipeline: good windows, where to edit, words and seeds in, decoded windows out.

Each window has generators of its own on the CPU, so that its noise depends on neither its company nor the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from defectgen.sd.checkpoint import SdSpec
from defectgen.sd.hold import Held, encoded, touched
from defectgen.sd.options import GUIDANCE, STEPS, STRENGTH, SdOptions
from defectgen.sd.quiet import quiet
from defectgen.sd.tokens import check_tokens

__all__ = ["CONTROL_SCALE", "Sampling", "Scene", "inpaint", "sampling_of"]

FLUX_GUIDANCE, FILL_GUIDANCE = 3.5, 30.0  # what their makers give for each
CONTROL_SCALE = 0.8
"""Weight of what a ControlNet adds."""
_HELD = 0x5D_0E1D
"""Tells the stream of the held latents' noise from that of the sampler."""


@dataclass(frozen=True)
class Sampling:
    """steps, guidance and strength: see `options.SdOptions`."""

    steps: int
    guidance: float
    strength: float


def sampling_of(options: SdOptions, spec: SdSpec) -> Sampling:
    """What was asked for, and for the rest the defaults of the checkpoint's kind."""
    guidance = (FLUX_GUIDANCE if spec.unet_channels == 64 else FILL_GUIDANCE) if spec.kind == "flux" else GUIDANCE
    return Sampling(
        STEPS if options.steps is None else options.steps, guidance if options.guidance is None else options.guidance,
        STRENGTH if options.strength is None else options.strength,
    )  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """What the pipeline is shown, at the side that it works at.

    good: (B, 3, S, S) in [0, 1]. where: (B, 1, S, S), above 0 where the edit may be. control: (B, 3, S, S) in [0, 1],
    or None without a ControlNet. texts and seeds: one for each window.
    """

    good: Tensor
    where: Tensor
    control: Tensor | None
    texts: Sequence[str]
    seeds: Sequence[int]


@torch.inference_mode()
def inpaint(pipe: Any, spec: SdSpec, scene: Scene, sampling: Sampling) -> Tensor:
    """Decoded windows, (B, 3, S, S) in [0, 1], float32 on the CPU; outside `where` they are the good ones, decoded."""
    check_tokens(pipe, scene.texts)
    cells = touched(scene.where, spec.vae_factor)
    side = scene.good.shape[-1]
    extra: dict[str, Any] = {}
    if scene.control is not None:
        extra = {"control_image": scene.control, "controlnet_conditioning_scale": CONTROL_SCALE}
    if spec.kind != "flux" and spec.unet_channels == 9:
        extra["callback_on_step_end"] = _held(pipe, scene, cells)
    with quiet():
        out: Tensor = pipe(
            prompt=list(scene.texts), image=scene.good, mask_image=interpolate(cells, scale_factor=spec.vae_factor),
            height=side, width=side, num_inference_steps=sampling.steps, guidance_scale=sampling.guidance,
            strength=sampling.strength, generator=_generators(scene.seeds), output_type="pt", **extra,
        ).images  # fmt: skip
    return out.float().cpu()


def _held(pipe: Any, scene: Scene, cells: Tensor) -> Held:
    latents = encoded(pipe, 2 * scene.good - 1)
    noise = torch.stack([torch.randn(latents.shape[1:], generator=g) for g in _generators(scene.seeds, _HELD)])
    return Held(latents, noise.to(latents.device), cells)


def _generators(seeds: Sequence[int], stream: int = 0) -> list[torch.Generator]:
    return [torch.Generator().manual_seed((seed ^ stream) % 2**63) for seed in seeds]
