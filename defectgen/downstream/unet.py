"""A U-Net on a pretrained backbone that knows types of defects.

Ronneberger et al. 2015, "U-Net", from segmentation-models-pytorch, on EfficientNet-Lite0. Loss: cross-entropy, small
defects raised, plus Dice over the types (Milletari et al. 2016, "V-Net"). The chance of a defect is one minus that of
the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from defectgen.downstream.backbone import freeze, keep_statistics, load_backbone, parse_model, timm_name
from defectgen.downstream.batch import Batch
from defectgen.downstream.fit import computing
from defectgen.downstream.map_network import MapNetwork
from defectgen.metric.optional_package import load_optional

__all__ = ["DECODER", "PRESETS", "UNet", "defect_chance", "entropy", "make_encoder", "rates"]

PRESETS = ("lite0", "lite0-tuned", "resnet34", "resnet34-scratch")
LR, BACKBONE_LR = 2e-3, 2e-4
"""Peak learning rates of the decoder, which starts from nothing, and of a backbone that learns."""
DECODER = (128, 64, 48, 32, 16)
LEAST_WEIGHT = 0.03
"""Else a pit of ten pixels is outvoted by the background around it and never learned."""
FROZEN = {"lite0": 7, "lite0-tuned": 3}
"""Stages of Lite0, of 7, that stay as they are, with the stem. All of them by default: on magnetic-tile, ten shots a
type, training the last four took 2.3 times as long a step and gave no higher a pixel AP."""


def make_encoder(model: str, presets: tuple[str, ...] = PRESETS) -> Any:
    """segmentation-models-pytorch's encoder with its weights; what stays as it is takes no gradient."""
    smp = load_optional("segmentation_models_pytorch")
    preset, file = parse_model(model, presets)
    encoder = smp.encoders.get_encoder(f"tu-{timm_name(preset)}", weights=None)
    load_backbone(encoder.model, preset, file)
    if preset in FROZEN:
        freeze(encoder.model, FROZEN[preset])
    return encoder.to(memory_format=torch.channels_last)


def make_decoder(channels: Sequence[int], outputs: int) -> tuple[Any, Any]:
    """Decoder of an encoder's maps with so many channels, and the last layer."""
    smp = load_optional("segmentation_models_pytorch")
    parts = load_optional("segmentation_models_pytorch.decoders.unet.decoder")
    decoder = parts.UnetDecoder(channels, DECODER)
    head = smp.base.SegmentationHead(DECODER[-1], outputs, kernel_size=3)
    smp.base.initialization.initialize_decoder(decoder)
    smp.base.initialization.initialize_head(head)
    return decoder.to(memory_format=torch.channels_last), head.to(memory_format=torch.channels_last)


def rates(network: MapNetwork, encoder: nn.Module, lr: float | None) -> list[dict[str, object]]:
    """What learns, the encoder at its own rate; lr scales both."""
    scale = 1.0 if lr is None else lr / LR
    own = {id(p) for p in encoder.parameters()}
    rest = [p for p in network.parameters() if id(p) not in own]
    backbone = [p for p in encoder.parameters() if p.requires_grad]
    return [{"params": rest, "lr": LR * scale}, {"params": backbone, "lr": BACKBONE_LR * scale}]


def entropy(logits: Tensor, masks: Tensor) -> Tensor:
    """Mean cross-entropy of the pixels, where a picture's defects weigh as much as LEAST_WEIGHT of its area, or more.

    logits: (B, C, S, S). masks: (B, S, S) int64, 0 background.
    """
    defect = masks > 0
    area = defect.sum(dim=(1, 2), keepdim=True).clamp(min=1)
    weight = (LEAST_WEIGHT * masks.shape[1] * masks.shape[2] / area).clamp(min=1.0)
    each = functional.cross_entropy(logits, masks, reduction="none")
    return torch.where(defect, weight * each, each).mean()


def is_frozen(module: Any) -> bool:
    """Whether its first layer takes no gradient, as with pretrained weights of which a part stays."""
    return not next(module.parameters()).requires_grad


def defect_chance(logits: Tensor) -> Tensor:
    """(B, S, S): one minus the chance of the background, the first of (B, C + 1, S, S)."""
    return (logits[:, 1:].logsumexp(1) - logits[:, 0]).sigmoid()


class UNet(MapNetwork):
    """Logits (B, C + 1, S, S) float32, background first; S a multiple of 32."""

    def __init__(self, classes: int, model: str = "") -> None:
        super().__init__()
        smp = load_optional("segmentation_models_pytorch")
        self.encoder = make_encoder(model)
        self.decoder, self.head = make_decoder(self.encoder.out_channels, classes + 1)
        self._dice = smp.losses.DiceLoss("multiclass", classes=list(range(1, classes + 1)))

    def train(self, mode: bool = True) -> UNet:
        super().train(mode)
        if is_frozen(self.encoder):
            keep_statistics(self.encoder)
        return self

    def forward(self, pixels: Tensor) -> Tensor:
        with computing(pixels.device.type):
            decoded = self.decoder(self.encoder((pixels - 127.0) / 128.0))
        # the last layer in full precision: half precision would tie chances that differ
        return self.head(decoded.float())  # type: ignore[no-any-return]

    def loss(self, batch: Batch) -> Tensor:
        logits = self(batch.pixels)
        dice: Tensor = self._dice(logits, batch.masks)
        return entropy(logits, batch.masks) + dice

    def chance(self, pixels: Tensor) -> Tensor:
        return defect_chance(self(pixels))

    def groups(self, lr: float | None) -> list[dict[str, object]]:
        return rates(self, self.encoder, lr)
