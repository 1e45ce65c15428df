"""Supervised anomaly detection: defects of any type, by a discriminative network that learns from the arm's defects."""

from __future__ import annotations

from functools import partial

from defectgen.downstream.backbone import parse_model
from defectgen.downstream.draem import PRESETS, Draem
from defectgen.downstream.intake import require, require_masks, require_multiple
from defectgen.downstream.map_network import train_maps
from defectgen.downstream.pool import Pool
from defectgen.downstream.task import LEADS, Outcome, TrainOptions, Trial, Watch

__all__ = ["SupervisedAnomaly"]

STRIDE = 32


class SupervisedAnomaly:
    """The task."""

    name = "supervised-anomaly"
    lead = LEADS["supervised-anomaly"]
    presets = PRESETS

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        require(train, val, test)
        require_masks(train, val, test, task=self.name)
        require_multiple(train.side, STRIDE, self.name)

    def run(self, trial: Trial, options: TrainOptions, watch: Watch) -> Outcome:
        parse_model(options.model, self.presets)
        return train_maps(partial(Draem, options.model), trial, options, watch)
