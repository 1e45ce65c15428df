"""Segmentation: the type of defect at each pixel, by a U-Net on a pretrained backbone.

Ronneberger et al. 2015, "U-Net", from segmentation-models-pytorch, on EfficientNet-Lite0. Loss: cross-entropy plus Dice
over the types (Milletari et al. 2016, "V-Net"). The chance of a defect is one minus that of the background.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from defectgen.downstream.backbone import freeze, keep_statistics, load_backbone, parse_model, timm_name
from defectgen.downstream.batch import Batch, Batches, as_input
from defectgen.downstream.fit import computing, fit, seeded
from defectgen.downstream.intake import require, require_masks, require_multiple
from defectgen.downstream.pixel_score import MapScores, pick_thresholds, pixel_ap
from defectgen.downstream.pool import Pool
from defectgen.downstream.task import LEADS, Outcome, TrainOptions, Trial, Watch
from defectgen.downstream.val_sample import val_sample
from defectgen.metric.optional_package import load_optional

__all__ = ["Segment", "UNet"]

STRIDE = 32
AT_ONCE = 32
LR, BACKBONE_LR = 2e-3, 4e-4
"""Peak learning rates of the decoder, which starts from nothing, and of the backbone."""
DECODER = (128, 64, 48, 32, 16)
FROZEN = 7
"""Stages of Lite0, of 7, that stay as they are, with the stem. All: training them costs three times as much a step, and
ten shots a type gave a lower pixel AP at equal time."""


class UNet(nn.Module):
    """Logits (B, C + 1, S, S) float32, background first, of pixels (B, 3, S, S) in 0 to 255; S a multiple of 32."""

    def __init__(self, classes: int, model: str = "") -> None:
        super().__init__()
        smp = load_optional("segmentation_models_pytorch")
        self.preset, file = parse_model(model, Segment.presets)
        name = timm_name(self.preset)
        encoder = f"timm-{name}" if self.preset == "lite0" else name
        net = smp.Unet(encoder, encoder_weights=None, classes=classes + 1, decoder_channels=DECODER)
        load_backbone(net.encoder, self.preset, file)
        if self.preset == "lite0":
            freeze(net.encoder, FROZEN)
        self.net: Any = net.to(memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> UNet:
        super().train(mode)
        if self.preset == "lite0":
            keep_statistics(self.net.encoder)
        return self

    def forward(self, pixels: Tensor) -> Tensor:
        kind = pixels.device.type
        with computing(kind):
            decoded = self.net.decoder(self.net.encoder((pixels - 127.0) / 128.0))
        # the last layer in full precision: half precision would tie chances that differ
        return self.net.segmentation_head(decoded.float())  # type: ignore[no-any-return]

    def groups(self, lr: float | None) -> list[dict[str, object]]:
        """Parameters that learn, with their peak learning rates; lr scales both."""
        scale = 1.0 if lr is None else lr / LR
        backbone = [p for p in self.net.encoder.parameters() if p.requires_grad]
        rest = [*self.net.decoder.parameters(), *self.net.segmentation_head.parameters()]
        return [{"params": rest, "lr": LR * scale}, {"params": backbone, "lr": BACKBONE_LR * scale}]


def segment_loss(classes: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy plus Dice of logits (B, C + 1, S, S) against masks (B, S, S)."""
    smp = load_optional("segmentation_models_pytorch")
    dice = smp.losses.DiceLoss("multiclass", classes=list(range(1, classes + 1)))

    def loss(logits: Tensor, masks: Tensor) -> Tensor:
        return functional.cross_entropy(logits, masks) + dice(logits, masks)

    return loss


@torch.inference_mode()
def chances(network: nn.Module, pixels: NDArray[np.uint8], device: str) -> NDArray[np.float32]:
    """(N, S, S): the chance of a defect at each pixel of (N, S, S, 3)."""
    network.eval()
    parts = []
    for first in range(0, len(pixels), AT_ONCE):
        logits = network(as_input(pixels[first : first + AT_ONCE], device))
        parts.append(logits[:, 1:].logsumexp(1).sub_(logits[:, 0]).sigmoid_().cpu().numpy())
    return np.concatenate(parts)


class Segment:
    """The task."""

    name = "segment"
    lead = LEADS["segment"]
    presets = ("lite0", "resnet34", "resnet34-scratch")

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        require(train, val, test)
        require_masks(train, val, test, task=self.name)
        require_multiple(train.side, STRIDE, self.name)

    def run(self, trial: Trial, options: TrainOptions, watch: Watch) -> Outcome:
        with seeded(options.seed):
            network = UNet(len(trial.real.classes), options.model).to(options.device)
            loss = segment_loss(len(trial.real.classes))
            look_at = val_sample(trial.val)

            def loss_of(batch: Batch) -> Tensor:
                network.train()
                return loss(network(batch.pixels), batch.masks)

            def look() -> float:
                return pixel_ap(chances(network, look_at.pixels, options.device), look_at)

            batches = Batches(trial, options)
            fitted = fit(network, network.groups(options.lr), loss_of, look, batches, options, watch)
        thresholds = pick_thresholds(chances(network, trial.val.pixels, options.device), trial.val)
        maps = chances(network, trial.test.pixels, options.device)
        scores = MapScores(maps, trial.test, thresholds)
        return Outcome(
            scores.overall(), scores.per_class(), fitted.curve, fitted.best_step, fitted.val, fitted.seconds,
            scores=scores.pictures, maps=np.round(maps * 255).astype(np.uint8),
        )  # fmt: skip
