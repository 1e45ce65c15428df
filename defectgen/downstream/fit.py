"""Training a network: AdamW, a short warm-up and a cosine to nothing, a few looks at val, the best one kept.

Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization". Every arm runs the same steps and looks.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from defectgen.downstream.batch import Batch, Batches
from defectgen.downstream.task import TrainOptions, Watch
from defectgen.errors import InputError
from defectgen.model.device import pick_dtype

__all__ = ["Fitted", "computing", "fit", "looks", "seeded"]

WARM_UP = 0.1
"""Share of the steps over which the learning rate rises."""
DECAY = 0.01
LONGEST_GRADIENT = 5.0
"""Norm that a gradient is cut down to, against the odd batch."""


@dataclass(frozen=True)
class Fitted:
    """The step that was best on val, whose weights the network now has; a row of step, loss and val for each look."""

    best_step: int
    val: float
    curve: tuple[dict[str, float], ...]
    seconds: float


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's own generators at a seed, as initial weights and dropout read them; put back afterwards."""
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def computing(device: str, half: bool = True) -> torch.autocast:
    """bfloat16 where the device has it; half False: float32."""
    fast = half and pick_dtype(device) == torch.bfloat16
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast)


def looks(steps: int, evaluations: int) -> list[int]:
    """The steps after which val is looked at, evenly spaced; the last step is one."""
    return sorted({math.ceil(steps * (k + 1) / evaluations) for k in range(evaluations)})


def _schedule(steps: int) -> Callable[[int], float]:
    warm = max(1, round(WARM_UP * steps))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))

    return factor


def fit(
    network: nn.Module,
    groups: list[dict[str, object]],
    loss_of: Callable[[Batch], Tensor],
    look: Callable[[], float],
    batches: Batches,
    options: TrainOptions,
    watch: Watch,
) -> Fitted:
    """Train in place. groups: parameters with their peak learning rates. look: the lead metric on val."""
    if options.steps < 1:
        raise InputError("steps is 0; expected 1 or more")
    began = time.monotonic()
    optimiser = torch.optim.AdamW(groups, weight_decay=DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _schedule(options.steps))
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    due = looks(options.steps, options.evaluations)
    curve: list[dict[str, float]] = []
    kept: dict[str, Tensor] = {}
    losses: list[float] = []
    for step, batch in zip(range(1, options.steps + 1), batches, strict=False):
        optimiser.zero_grad()
        loss = loss_of(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, LONGEST_GRADIENT)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        watch(step, losses[-1])
        if step in due:
            curve.append({"step": step, "loss": sum(losses) / len(losses), "val": look()})
            losses = []
            if curve[-1]["val"] >= max(row["val"] for row in curve):
                kept = {name: value.detach().clone() for name, value in network.state_dict().items()}
    network.load_state_dict(kept)
    best = max(curve, key=lambda row: (row["val"], row["step"]))
    return Fitted(int(best["step"]), best["val"], tuple(curve), time.monotonic() - began)
