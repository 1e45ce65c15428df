"""Segmentation by a network of a few hundred weights: a study takes seconds, and all else is the real task's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from defectgen.downstream import task
from defectgen.downstream.batch import Batch
from defectgen.downstream.intake import require, require_masks
from defectgen.downstream.map_network import MapNetwork, train_maps
from defectgen.downstream.pool import Pool
from defectgen.downstream.task import Outcome, TrainOptions, Trial

LR = 2e-2


class Flat(MapNetwork):
    """Two layers on grey levels held against their surroundings'."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
            nn.Conv2d(8, classes + 1, 1),
        )  # fmt: skip

    def forward(self, pixels: Tensor) -> Tensor:
        grey = pixels.mean(1, keepdim=True)
        local = grey - functional.avg_pool2d(grey, 15, 1, 7, count_include_pad=False)
        logits: Tensor = self.layers(local / 20.0)
        return logits

    def loss(self, batch: Batch) -> Tensor:
        return functional.cross_entropy(self(batch.pixels), batch.masks)

    def chance(self, pixels: Tensor) -> Tensor:
        return 1 - self(pixels).softmax(1)[:, 0]

    def groups(self, lr: float | None) -> list[dict[str, object]]:
        return [{"params": list(self.parameters()), "lr": LR}]


class TinySegment:
    """The task."""

    name = "tiny"
    lead = "pixel_ap"
    presets = ("flat",)

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        require(train, val, test)
        require_masks(train, val, test, task=self.name)

    def run(self, trial: Trial, options: TrainOptions, watch: Callable[[int, float], None]) -> Outcome:
        return train_maps(partial(Flat, len(trial.real.classes)), trial, options, watch)


@contextmanager
def known(steps: int) -> Iterator[None]:
    """The task among those that a study may name."""
    task.TASKS["tiny"], task.STEPS["tiny"] = TinySegment, steps
    try:
        yield
    finally:
        del task.TASKS["tiny"], task.STEPS["tiny"]
