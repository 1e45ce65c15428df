"""The mask on the latents' grid, and holding everything outside it.

A latent stands for a square of picture pixels; a hairline narrower than that square would be lost by taking the
nearest pixel, so every latent that the mask touches counts. After each step the latents outside are replaced by the
good window's own, noised to the time that the step arrived at (Lugmayr et al. 2022, RePaint, eq. 8).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

__all__ = ["Held", "encoded", "touched"]


def touched(mask: Tensor, factor: int) -> Tensor:
    """(B, 1, S / factor, S / factor), 1 where a latent's square holds a pixel of mask (B, 1, S, S) above 0."""
    return max_pool2d((mask > 0).float(), factor)


def encoded(pipe: Any, pixels: Tensor) -> Tensor:
    """Latents of pixels (B, 3, S, S) in [-1, 1]: the middle of the autoencoder's distribution, scaled for the UNet."""
    vae = pipe.vae
    upcast = vae.dtype == torch.float16 and bool(vae.config.get("force_upcast", False))
    if upcast:
        vae.to(torch.float32)
    dtype = torch.float32 if upcast else vae.dtype
    parts = [vae.encode(one[None].to(pipe._execution_device, dtype)).latent_dist.mode() for one in pixels]
    if upcast:
        vae.to(torch.float16)
    return torch.cat(parts).float() * float(vae.config.scaling_factor)


class Held:
    """A pipeline's `callback_on_step_end` that holds the latents outside `cells`.

    latents: the good windows', (B, C, h, w). noise: of the same shape. cells: (B, 1, h, w), 1 where the edit may be.
    """

    def __init__(self, latents: Tensor, noise: Tensor, cells: Tensor) -> None:
        self._latents, self._noise, self._cells = latents, noise, cells

    def __call__(self, pipe: Any, step: int, t: Any, values: dict[str, Any]) -> dict[str, Any]:
        now = values["latents"]
        latents, noise, cells = (part.to(now.device, now.dtype) for part in (self._latents, self._noise, self._cells))
        times = pipe.scheduler.timesteps
        later = int((times == t).nonzero()[-1]) + 1
        kept = latents
        if later < len(times):
            kept = pipe.scheduler.add_noise(latents, noise, times[later].expand(1))
        return {"latents": cells * now + (1 - cells) * kept.to(now.dtype)}
