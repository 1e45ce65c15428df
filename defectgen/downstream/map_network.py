"""Networks that give the chance of a defect at each pixel: how they are trained, and how their maps are judged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from defectgen.downstream.batch import Batch, Batches, as_input
from defectgen.downstream.fit import fit, seeded
from defectgen.downstream.pixel_score import MapScores, macro_pixel_ap, pick_thresholds
from defectgen.downstream.task import Outcome, TrainOptions, Trial, Watch
from defectgen.downstream.val_sample import val_sample

__all__ = ["MapNetwork", "chances", "train_maps"]

AT_ONCE = 32


class MapNetwork(nn.Module):
    """What a trial needs of a network; pixels are (B, 3, S, S) float32, 0 to 255."""

    def loss(self, batch: Batch) -> Tensor:
        """One number to make small."""
        raise NotImplementedError(f"{type(self).__name__}.loss")

    def chance(self, pixels: Tensor) -> Tensor:
        """(B, S, S) float32: the chance of a defect at each pixel."""
        raise NotImplementedError(f"{type(self).__name__}.chance")

    def groups(self, lr: float | None) -> list[dict[str, object]]:
        """Parameters that learn, with their peak learning rates, as torch's optimisers take them; None: its own."""
        raise NotImplementedError(f"{type(self).__name__}.groups")


@torch.inference_mode()
def chances(network: MapNetwork, pixels: NDArray[np.uint8], device: str) -> NDArray[np.float32]:
    """(N, S, S) of (N, S, S, 3)."""
    network.eval()
    blocks = (pixels[first : first + AT_ONCE] for first in range(0, len(pixels), AT_ONCE))
    return np.concatenate([network.chance(as_input(block, device)).cpu().numpy() for block in blocks])


def train_maps(make: Callable[[], MapNetwork], trial: Trial, options: TrainOptions, watch: Watch) -> Outcome:
    """Train on the trial, choose step and thresholds on val, judge on test.

    The step is the one whose maps have the highest mean average precision of the types on val: over all pixels at once,
    a few large defects would choose it, often before small ones are learned.
    """
    with seeded(options.seed):
        network = make().to(options.device)
        look_at = val_sample(trial.val)

        def loss_of(batch: Batch) -> Tensor:
            network.train()
            return network.loss(batch)

        def look() -> float:
            return macro_pixel_ap(chances(network, look_at.pixels, options.device), look_at)

        fitted = fit(network, network.groups(options.lr), loss_of, look, Batches(trial, options), options, watch)
    thresholds = pick_thresholds(chances(network, trial.val.pixels, options.device), trial.val)
    maps = chances(network, trial.test.pixels, options.device)
    scores = MapScores(maps, trial.test, thresholds)
    return Outcome(
        scores.overall(), scores.per_class(), fitted.curve, fitted.best_step, fitted.val, fitted.seconds,
        scores=scores.pictures, maps=np.round(maps * 255).astype(np.uint8),
    )  # fmt: skip
