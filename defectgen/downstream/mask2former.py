"""Mask2Former: a few queries, each of which answers with one mask and its type.

Cheng et al. 2022, "Masked-attention Mask Transformer for Universal Image Segmentation", from transformers, in a small
configuration on EfficientNet-Lite0, which stays as it is. It starts from nothing otherwise and is meant for many
pictures and a GPU: with few shots and few steps it learns less than the U-Net.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from defectgen.downstream.backbone import freeze, keep_statistics, load_backbone, timm_name
from defectgen.downstream.batch import Batch
from defectgen.downstream.map_network import MapNetwork
from defectgen.metric.optional_package import load_optional

__all__ = ["Mask2Former"]

WIDTH, QUERIES, POINTS = 64, 16, 1024
LR = 5e-4


def _configuration(transformers: Any, classes: int) -> Any:
    backbone = transformers.TimmBackboneConfig(
        backbone=timm_name("mask2former"), out_indices=[1, 2, 3, 4], use_pretrained_backbone=False
    )
    return transformers.Mask2FormerConfig(
        backbone_config=backbone, feature_size=WIDTH, mask_feature_size=WIDTH, hidden_dim=WIDTH,
        encoder_feedforward_dim=2 * WIDTH, dim_feedforward=2 * WIDTH, encoder_layers=2, decoder_layers=4,
        num_attention_heads=4, num_queries=QUERIES, num_labels=classes, train_num_points=POINTS,
    )  # fmt: skip


class Mask2Former(MapNetwork):
    """Of pixels (B, 3, S, S), S a multiple of 32."""

    def __init__(self, classes: int, model: str = "mask2former") -> None:
        super().__init__()
        transformers = load_optional("transformers")
        logging = load_optional("transformers.utils.logging")
        level = logging.get_verbosity()
        logging.set_verbosity_error()  # it warns of every backbone but its own
        self.net: Any = transformers.Mask2FormerForUniversalSegmentation(_configuration(transformers, classes))
        logging.set_verbosity(level)
        self.body: Any = self.net.model.pixel_level_module.encoder._backbone
        load_backbone(self.body, "mask2former", None)
        freeze(self.body, len(self.body.blocks))

    def train(self, mode: bool = True) -> Mask2Former:
        super().train(mode)
        keep_statistics(self.body)
        return self

    def loss(self, batch: Batch) -> Tensor:
        kinds = [masks.unique() for masks in batch.masks]
        labels = [kind[kind > 0] for kind in kinds]
        masks = [(one[None] == label[:, None, None]).float() for one, label in zip(batch.masks, labels, strict=True)]
        answer = self.net(
            pixel_values=_normalised(batch.pixels), mask_labels=masks, class_labels=[label - 1 for label in labels]
        )
        return answer.loss.squeeze()  # type: ignore[no-any-return]

    def chance(self, pixels: Tensor) -> Tensor:
        answer = self.net(pixel_values=_normalised(pixels))
        sure = 1.0 - answer.class_queries_logits.softmax(2)[..., -1]
        shown = torch.nn.functional.interpolate(
            answer.masks_queries_logits, size=pixels.shape[2:], mode="bilinear", align_corners=False
        ).sigmoid()
        # a pixel is free of defects where no query claims it
        return 1.0 - torch.prod(1.0 - sure[:, :, None, None] * shown, dim=1)

    def groups(self, lr: float | None) -> list[dict[str, object]]:
        learning = [p for p in self.parameters() if p.requires_grad]
        return [{"params": learning, "lr": lr or LR}]


def _normalised(pixels: Tensor) -> Tensor:
    return ((pixels - 127.0) / 128.0).contiguous()
