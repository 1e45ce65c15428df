"""Segmentation by a network of a few hundred weights: a study takes seconds, and all else is the real task's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from defectgen.downstream.batch import Batch, Batches
from defectgen.downstream.fit import fit, seeded
from defectgen.downstream.intake import require, require_masks
from defectgen.downstream.pixel_score import MapScores, pick_thresholds, pixel_ap
from defectgen.downstream.pool import Pool
from defectgen.downstream.segment import chances
from defectgen.downstream.task import Outcome, TrainOptions, Trial

LR = 2e-2


class Flat(nn.Module):
    """Logits (B, C + 1, S, S) of pixels (B, 3, S, S) held against their picture's mean."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
            nn.Conv2d(8, classes + 1, 1),
        )  # fmt: skip

    def forward(self, pixels: Tensor) -> Tensor:
        grey = pixels.mean(1, keepdim=True)
        local = grey - functional.avg_pool2d(grey, 15, 1, 7, count_include_pad=False)
        return self.layers(local / 20.0)


class TinySegment:
    """The task."""

    name = "tiny"
    lead = "pixel_ap"
    presets = ("flat",)

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        require(train, val, test)
        require_masks(train, val, test, task=self.name)

    def run(self, trial: Trial, options: TrainOptions, watch: Callable[[int, float], None]) -> Outcome:
        with seeded(options.seed):
            network = Flat(len(trial.real.classes))

            def loss_of(batch: Batch) -> Tensor:
                return functional.cross_entropy(network(batch.pixels), batch.masks)

            def look() -> float:
                return pixel_ap(chances(network, trial.val.pixels, "cpu"), trial.val)

            groups: list[dict[str, object]] = [{"params": list(network.parameters()), "lr": LR}]
            fitted = fit(network, groups, loss_of, look, Batches(trial, options), options, watch)
        thresholds = pick_thresholds(chances(network, trial.val.pixels, "cpu"), trial.val)
        maps = chances(network, trial.test.pixels, "cpu")
        scores = MapScores(maps, trial.test, thresholds)
        return Outcome(
            scores.overall(), scores.per_class(), fitted.curve, fitted.best_step, fitted.val, fitted.seconds,
            scores=scores.pictures, maps=np.round(maps * 255).astype(np.uint8),
        )  # fmt: skip
