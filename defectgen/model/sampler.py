"""Sampling: a few steps from noise, or from a draft, to a clean residual, with fresh noise at each.

A step from t to s predicts x_0 and noises it anew, x_s = (1 - s) x_0 + s TEMPERATURE n: DDIM (Song et al. 2021,
eq. 12) with the largest sigma, which is also multistep consistency sampling (Song et al. 2023, algorithm 1). Along one
noise, as the Euler steps of the flow go, a small network takes what it failed to remove for structure, and blotches
grow from step to step; fresh and weak noise breaks that up (eval/compact/LOG.md, 7). Guidance is classifier-free (Ho &
Salimans 2022, eq. 6) on the words only, and only at times inside GUIDED, where it does no harm (Kynkaanniemi et al.
2024, "Applying Guidance in a Limited Interval").
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
    A grey window, three equal channels, gets a grey defect.
    """

    def noised(clean: Tensor, t: float) -> Tensor:
        noise = torch.stack([torch.randn(good.shape[1:], generator=g) for g in generators]).to(good.device)
        return inside * ((1 - t) * clean + t * temperature * noise)

    inside = band(alpha)
    grid = times(steps, strength)
    draft = torch.zeros_like(good) if draft is None else draft
    x = noised(draft, grid[0])
    grey = (good.amax(1) - good.amin(1)).amax((1, 2)).view(-1, 1, 1, 1) < _GREY
    for t, s in pairwise(grid):
        clean = _predict(network, x, t, good, alpha, draft, conditions, guidance)
        clean = torch.where(grey, clean.mean(1, keepdim=True), clean)
        x = noised(clean, s)
    return x
