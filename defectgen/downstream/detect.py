"""Detection: boxes with types, by FCOS on a feature pyramid over a pretrained backbone.

Tian et al. 2019, "FCOS: Fully Convolutional One-Stage Object Detection", from torchvision; Lin et al. 2017, "Feature
Pyramid Networks". EfficientNet-Lite0 stays as it is; pyramid and head learn. Good pictures are negatives.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from defectgen.downstream.backbone import freeze, keep_statistics, load_backbone, parse_model, timm_name
from defectgen.downstream.batch import Batch, Batches, as_input
from defectgen.downstream.box_score import box_scores, class_box_scores, coco_precision, top_scores
from defectgen.downstream.fit import computing, fit, seeded
from defectgen.downstream.intake import require, require_boxes, require_multiple
from defectgen.downstream.pool import Pool
from defectgen.downstream.ranking import alarm_threshold
from defectgen.downstream.task import LEADS, Outcome, TrainOptions, Trial, Watch
from defectgen.downstream.val_sample import val_sample
from defectgen.metric.optional_package import load_optional

__all__ = ["Detect", "Pyramid", "make_detector"]

STRIDES = (4, 8, 16, 32)
CHANNELS, HEAD_LAYERS = 64, 2
LR, BACKBONE_LR = 2e-3, 2e-4
"""Peak learning rates of pyramid and head, and of the backbone where it learns."""
LEAST_SCORE = 0.01
AT_ONCE = 32


class Pyramid(nn.Module):
    """Maps of CHANNELS channels at STRIDES, finest first, of normalised pixels (B, 3, S, S)."""

    out_channels = CHANNELS

    def __init__(self, model: str = "") -> None:
        super().__init__()
        from torchvision.ops import FeaturePyramidNetwork

        self.preset, file = parse_model(model, Detect.presets)
        body = load_optional("timm").create_model(
            timm_name(self.preset), pretrained=False, features_only=True, out_indices=(1, 2, 3, 4)
        )
        load_backbone(body, self.preset, file)
        if self.preset == "lite0":
            freeze(body, len(body.blocks))
        self.body: Any = body.to(memory_format=torch.channels_last)
        self.pyramid = FeaturePyramidNetwork(body.feature_info.channels(), CHANNELS)

    def train(self, mode: bool = True) -> Pyramid:
        super().train(mode)
        if self.preset == "lite0":
            keep_statistics(self.body)
        return self

    def forward(self, pixels: Tensor) -> OrderedDict[str, Tensor]:
        with computing(pixels.device.type):
            maps = self.body(pixels.contiguous(memory_format=torch.channels_last))
        named = OrderedDict((str(stride), one.float()) for stride, one in zip(STRIDES, maps, strict=True))
        return self.pyramid(named)  # type: ignore[no-any-return]


def make_detector(classes: int, side: int, model: str = "") -> Any:
    """torchvision's FCOS for pixels in 0 to 255 of one side; types count from 1."""
    from torchvision.models.detection import FCOS
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.fcos import FCOSHead

    anchors = AnchorGenerator(tuple((stride,) for stride in STRIDES), ((1.0,),) * len(STRIDES))
    detector: Any = FCOS(
        Pyramid(model), classes + 1, min_size=side, max_size=side, image_mean=[127.0] * 3, image_std=[128.0] * 3,
        anchor_generator=anchors, head=FCOSHead(CHANNELS, 1, classes + 1, HEAD_LAYERS),
        score_thresh=LEAST_SCORE, _skip_resize=True,
    )  # fmt: skip
    return detector.to(memory_format=torch.channels_last)


def _groups(detector: Any, lr: float | None) -> list[dict[str, object]]:
    """Parameters that learn, with their peak learning rates; lr scales both."""
    scale = 1.0 if lr is None else lr / LR
    backbone = [p for p in detector.backbone.body.parameters() if p.requires_grad]
    own = {id(p) for p in detector.backbone.body.parameters()}
    rest = [p for p in detector.parameters() if id(p) not in own]
    return [{"params": rest, "lr": LR * scale}, {"params": backbone, "lr": BACKBONE_LR * scale}]


def _loss(detector: Any, batch: Batch) -> Tensor:
    targets = [{"boxes": boxes[:, :4], "labels": boxes[:, 4].long()} for boxes in batch.boxes]
    losses: dict[str, Tensor] = detector(list(batch.pixels), targets)
    return torch.stack(list(losses.values())).sum()


@torch.inference_mode()
def boxes_of(detector: Any, pixels: NDArray[np.uint8], device: str) -> list[NDArray[np.float32]]:
    """Of each picture (N, S, S, 3): (M, 6) x0, y0, x1, y1, type, score."""
    detector.eval()
    seen = []
    for first in range(0, len(pixels), AT_ONCE):
        for row in detector(list(as_input(pixels[first : first + AT_ONCE], device))):
            columns = [row["boxes"], row["labels"][:, None].float(), row["scores"][:, None]]
            seen.append(torch.cat(columns, dim=1).cpu().numpy())
    return seen


class Detect:
    """The task."""

    name = "detect"
    lead = LEADS["detect"]
    presets = ("lite0", "resnet34", "resnet34-scratch")

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        require(train, val, test)
        require_boxes(train, val, test, task=self.name)
        require_multiple(train.side, max(STRIDES), self.name)

    def run(self, trial: Trial, options: TrainOptions, watch: Watch) -> Outcome:
        with seeded(options.seed):
            detector = make_detector(len(trial.real.classes), trial.real.side, options.model).to(options.device)
            look_at = val_sample(trial.val)

            def loss_of(batch: Batch) -> Tensor:
                detector.train()
                return _loss(detector, batch)

            def look() -> float:
                return float(np.nanmean(coco_precision(boxes_of(detector, look_at.pixels, options.device), look_at)[0]))

            batches = Batches(trial, options)
            fitted = fit(detector, _groups(detector, options.lr), loss_of, look, batches, options, watch)
        on_good = boxes_of(detector, trial.val.pixels[trial.val.good], options.device)
        alarm = alarm_threshold(top_scores(on_good))
        seen = boxes_of(detector, trial.test.pixels, options.device)
        return Outcome(
            box_scores(seen, trial.test, alarm), class_box_scores(seen, trial.test, alarm),
            fitted.curve, fitted.best_step, fitted.val, fitted.seconds, scores=top_scores(seen), maps=None,
        )  # fmt: skip
