"""Segmentation: where defects lie, pixel by pixel, and of which type; by a U-Net or by Mask2Former."""

from __future__ import annotations

from functools import partial

from defectgen.downstream.backbone import parse_model
from defectgen.downstream.intake import require, require_masks, require_multiple
from defectgen.downstream.map_network import MapNetwork, train_maps
from defectgen.downstream.pool import Pool
from defectgen.downstream.task import LEADS, Outcome, TrainOptions, Trial, Watch
from defectgen.downstream.unet import PRESETS, UNet

__all__ = ["Segment"]

STRIDE = 32


def make_network(classes: int, model: str) -> MapNetwork:
    """The network of a preset."""
    if model.partition("=")[0] == "mask2former":
        from defectgen.downstream.mask2former import Mask2Former

        return Mask2Former(classes, model)
    return UNet(classes, model)


class Segment:
    """The task."""

    name = "segment"
    lead = LEADS["segment"]
    presets = (*PRESETS, "mask2former")

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        require(train, val, test)
        require_masks(train, val, test, task=self.name)
        require_multiple(train.side, STRIDE, self.name)

    def run(self, trial: Trial, options: TrainOptions, watch: Watch) -> Outcome:
        parse_model(options.model, self.presets)
        return train_maps(partial(make_network, len(trial.real.classes), options.model), trial, options, watch)
