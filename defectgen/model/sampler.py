"""Sampling: a few Euler steps of the flow from weak noise, or from a draft, to a clean residual.

With x_0-prediction the Euler step of the rectified flow from t to s is exact between the two: x_s = (s / t) x_t +
(1 - s / t) x_0 (Liu et al. 2022; the same as DDIM, Song et al. 2021, eq. 12, with eta = 0). The noise is TEMPERATURE
of the one that the network was trained with: what a small network fails to remove it takes for structure, and blotches
grow from step to step (eval/compact/LOG.md, 7). Guidance is classifier-free (Ho & Salimans 2022, eq. 6) on the words
only, and only at times inside GUIDED, where it does no harm (Kynkaanniemi et al. 2024, "Applying Guidance in a Limited
Interval").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from defectgen.model.flow import band
from defectgen.model.network import EditNetwork

__all__ = ["GUIDED", "TEMPERATURE", "Conditions", "sample", "times"]

TEMPERATURE = 0.4
"""Standard deviation of the noise, in parts of the one that the network was trained with."""

GUIDED = (0.15, 0.95)
"""Times between which guidance is applied; outside, one evaluation a step is enough."""

_GREY = 1e-3


@dataclass(frozen=True)
class Conditions:
    """What `EditNetwork` is told, with and without words: tokens (B, L, 384), padding (B, L), vector (B, 400)."""

    tokens: Tensor
    padding: Tensor
    vector: Tensor
    null_tokens: Tensor
    null_padding: Tensor
    null_vector: Tensor


def times(steps: int, strength: float = 1.0) -> list[float]:
    """steps + 1 times from `strength` down to 0, denser towards the end, where fine detail is decided."""
    return [strength * (1 - (k / steps) ** 0.85) for k in range(steps + 1)]


def _predict(
    network: EditNetwork, x: Tensor, t: float, good: Tensor, alpha: Tensor, draft: Tensor, c: Conditions,
    guidance: float,
) -> Tensor:  # fmt: skip
    time = torch.full((x.shape[0],), t, device=x.device)
    if guidance == 1.0 or not GUIDED[0] <= t <= GUIDED[1]:
        return network(x, time, good, alpha, draft, c.tokens, c.padding, c.vector)  # type: ignore[no-any-return]
    both = network(
        x.repeat(2, 1, 1, 1), time.repeat(2), good.repeat(2, 1, 1, 1), alpha.repeat(2, 1, 1, 1),
        draft.repeat(2, 1, 1, 1), torch.cat([c.tokens, c.null_tokens]), torch.cat([c.padding, c.null_padding]),
        torch.cat([c.vector, c.null_vector]),
    )  # fmt: skip
    told, untold = both.chunk(2)
    return untold + guidance * (told - untold)  # type: ignore[no-any-return]


@torch.inference_mode()
def sample(
    network: EditNetwork, good: Tensor, alpha: Tensor, conditions: Conditions, generators: Sequence[torch.Generator],
    *, steps: int, guidance: float, strength: float = 1.0, draft: Tensor | None = None,
    temperature: float = TEMPERATURE,
) -> Tensor:  # fmt: skip
    """Clean residuals, (B, 3, S, S) in units of RESIDUAL_SCALE, zero outside the band.

    good: (B, 3, S, S) in [-1, 1]. alpha: (B, 1, S, S) in [0, 1]. generators: one CPU generator a window, so that the
    result of a window does not depend on its company. draft: a rendered residual like the result, which the network
    sees at every step; None shows it zeros. strength: below 1 the start is the draft too, noised to that time.
    temperature: of the noise, in parts of its standard deviation in training. A grey window, three
    equal channels, gets a grey defect.
    """
    noise = torch.stack([torch.randn(good.shape[1:], generator=g) for g in generators]).to(good.device)
    inside = band(alpha)
    grid = times(steps, strength)
    draft = torch.zeros_like(noise) if draft is None else draft
    x = inside * ((1 - grid[0]) * draft + grid[0] * temperature * noise)
    grey = (good.amax(1) - good.amin(1)).amax((1, 2)).view(-1, 1, 1, 1) < _GREY
    for t, s in pairwise(grid):
        clean = _predict(network, x, t, good, alpha, draft, conditions, guidance)
        clean = torch.where(grey, clean.mean(1, keepdim=True), clean)
        x = (s / t) * x + (1 - s / t) * clean
    return x
