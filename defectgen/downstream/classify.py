"""Classification: the type of defect that a picture shows, or good, by a pretrained backbone and a linear layer.

EfficientNet-Lite0 from timm (Tan and Le 2019), its late stages and the new layer learning, cross-entropy. The chance of
a defect is one minus that of good.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from defectgen.downstream.backbone import freeze, keep_statistics, load_backbone, parse_model, timm_name
from defectgen.downstream.batch import Batch, Batches, as_input
from defectgen.downstream.fit import computing, fit, seeded
from defectgen.downstream.intake import require
from defectgen.downstream.picture_score import balanced_accuracy, class_scores, overall_scores
from defectgen.downstream.pool import Pool
from defectgen.downstream.ranking import alarm_threshold
from defectgen.downstream.task import LEADS, Outcome, TrainOptions, Trial, Watch
from defectgen.downstream.val_sample import val_sample
from defectgen.metric.optional_package import load_optional

__all__ = ["Classifier", "Classify"]

AT_ONCE = 64
LR, BACKBONE_LR = 3e-3, 3e-4
"""Peak learning rates of the new layer and of the backbone."""
FROZEN = 5
"""Stages of Lite0, stem included, that stay as they are."""


class Classifier(nn.Module):
    """Logits (B, C + 1) float32, good first, of pixels (B, 3, S, S) in 0 to 255."""

    def __init__(self, classes: int, model: str = "") -> None:
        super().__init__()
        self.preset, file = parse_model(model, Classify.presets)
        net = load_optional("timm").create_model(timm_name(self.preset), pretrained=False, num_classes=classes + 1)
        load_backbone(net, self.preset, file)
        if self.preset == "lite0":
            freeze(net, FROZEN)
        self.net: Any = net.to(memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> Classifier:
        super().train(mode)
        if self.preset == "lite0":
            keep_statistics(self.net)
        return self

    def forward(self, pixels: Tensor) -> Tensor:
        kind = pixels.device.type
        # gradients of depthwise convolutions take a CPU twice as long in half precision
        with computing(kind, half=kind != "cpu" or not self.training):
            features = self.net.forward_features((pixels - 127.0) / 128.0)
        return self.net.forward_head(features.float())  # type: ignore[no-any-return]

    def groups(self, lr: float | None) -> list[dict[str, object]]:
        """Parameters that learn, with their peak learning rates; lr scales both."""
        scale = 1.0 if lr is None else lr / LR
        head = list(self.net.get_classifier().parameters())
        own = {id(p) for p in head}
        backbone = [p for p in self.net.parameters() if p.requires_grad and id(p) not in own]
        return [{"params": head, "lr": LR * scale}, {"params": backbone, "lr": BACKBONE_LR * scale}]


@torch.inference_mode()
def class_chances(network: nn.Module, pixels: NDArray[np.uint8], device: str) -> NDArray[np.float32]:
    """(N, C + 1): the chance of good and of each type, for (N, S, S, 3)."""
    network.eval()
    blocks = (pixels[first : first + AT_ONCE] for first in range(0, len(pixels), AT_ONCE))
    return np.concatenate([network(as_input(block, device)).softmax(1).cpu().numpy() for block in blocks])


class Classify:
    """The task."""

    name = "classify"
    lead = LEADS["classify"]
    presets = ("lite0", "resnet34", "resnet34-scratch")

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        require(train, val, test)

    def run(self, trial: Trial, options: TrainOptions, watch: Watch) -> Outcome:
        with seeded(options.seed):
            network = Classifier(len(trial.real.classes), options.model).to(options.device)
            look_at = val_sample(trial.val)

            def loss_of(batch: Batch) -> Tensor:
                network.train()
                return functional.cross_entropy(network(batch.pixels), batch.labels)

            def look() -> float:
                seen = class_chances(network, look_at.pixels, options.device)
                return balanced_accuracy(seen.argmax(1), look_at.labels)

            batches = Batches(trial, options)
            fitted = fit(network, network.groups(options.lr), loss_of, look, batches, options, watch)
        on_val = class_chances(network, trial.val.pixels, options.device)
        alarm = alarm_threshold(1.0 - on_val[trial.val.good, 0])
        seen = class_chances(network, trial.test.pixels, options.device)
        return Outcome(
            overall_scores(seen, trial.test, alarm), class_scores(seen, trial.test, alarm),
            fitted.curve, fitted.best_step, fitted.val, fitted.seconds,
            scores=np.asarray(1.0 - seen[:, 0], np.float32), maps=None,
        )  # fmt: skip
