"""A discriminative detector of anything that does not belong: what restoring a picture changes in it, seen by a U-Net.

After Zavrtanik et al. 2021, "DRAEM: A Discriminatively Trained Reconstruction Embedding for Surface Anomaly Detection",
made small. A *restorer* learns to give back the good picture: from good ones with foreign patches, and around the
defects of defective ones. A decoder tells defects from the maps that EfficientNet-Lite0 has of the picture, beside how
far those of the restored picture lie from them. Unlike DRAEM's, its defects are those of the trial's arm, and the
backbone has its ImageNet weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from defectgen.downstream.backbone import keep_statistics
from defectgen.downstream.batch import Batch
from defectgen.downstream.fit import computing
from defectgen.downstream.map_network import MapNetwork
from defectgen.downstream.unet import defect_chance, entropy, is_frozen, make_decoder, make_encoder, rates
from defectgen.metric.optional_package import load_optional

__all__ = ["PRESETS", "Draem"]

PRESETS = ("lite0", "resnet34", "resnet34-scratch")
WIDTHS = (24, 48, 96)
PATCH = 0.25
"""Side of a foreign patch, of the picture's."""


def _stage(into: int, out: int, up: bool) -> nn.Sequential:
    resize: nn.Module = nn.Upsample(scale_factor=2, mode="nearest") if up else nn.Identity()
    layer = nn.Conv2d(into, out, 3, stride=1 if up else 2, padding=1)
    return nn.Sequential(resize, layer, nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class Restorer(nn.Module):
    """Normalised pixels (B, 3, S, S) to the same without a defect, through maps of an eighth of the side."""

    def __init__(self) -> None:
        super().__init__()
        down = [_stage(a, b, False) for a, b in zip((3, *WIDTHS), WIDTHS, strict=False)]
        up = [_stage(a, b, True) for a, b in zip(WIDTHS[::-1], (*WIDTHS[-2::-1], 16), strict=True)]
        self.layers = nn.Sequential(*down, *up, nn.Conv2d(16, 3, 3, padding=1))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.layers(pixels)  # type: ignore[no-any-return]


def patched(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """A square of each picture (B, 3, S, S) replaced by another picture's, and where: (B, 1, S, S) bool."""
    side = pixels.shape[2]
    edge = max(1, round(PATCH * side))
    where = torch.zeros(len(pixels), 1, side, side, dtype=torch.bool, device=pixels.device)
    for one, (y, x) in zip(where, torch.randint(0, side - edge + 1, (len(pixels), 2)).tolist(), strict=True):
        one[:, y : y + edge, x : x + edge] = True
    foreign = pixels.roll(1, 0).flip(2, 3)
    return torch.where(where, foreign, pixels), where


class Draem(MapNetwork):
    """Two classes, good and defect; S a multiple of 32."""

    def __init__(self, model: str = "") -> None:
        super().__init__()
        smp = load_optional("segmentation_models_pytorch")
        self.encoder = make_encoder(model, PRESETS)
        self.restorer = Restorer().to(memory_format=torch.channels_last)
        self.decoder, self.head = make_decoder([2 * n for n in self.encoder.out_channels], 2)
        self._dice = smp.losses.DiceLoss("multiclass", classes=[1])

    def train(self, mode: bool = True) -> Draem:
        super().train(mode)
        if is_frozen(self.encoder):
            keep_statistics(self.encoder)
        return self

    def logits(self, normal: Tensor) -> Tensor:
        """(B, 2, S, S) float32 of normalised pixels."""
        with computing(normal.device.type):
            restored = self.restorer(normal).detach()
            seen, expected = self.encoder(normal), self.encoder(restored)
            beside = [torch.cat([a, (a - b).abs()], dim=1) for a, b in zip(seen, expected, strict=True)]
            decoded = self.decoder(beside)
        answer: Tensor = self.head(decoded.float())
        return answer

    def loss(self, batch: Batch) -> Tensor:
        normal = (batch.pixels - 127.0) / 128.0
        defect = batch.masks > 0
        logits = self.logits(normal)
        dice: Tensor = self._dice(logits, defect.long())
        return entropy(logits, defect.long()) + dice + self._restoring(normal, defect)

    def _restoring(self, normal: Tensor, defect: Tensor) -> Tensor:
        """Mean distance between what is restored and the good picture, where that is known."""
        spoilt, _ = patched(normal)
        with computing(normal.device.type):
            restored = self.restorer(spoilt)
        known = (~defect)[:, None].float()
        off: Tensor = (known * (restored.float() - normal).abs()).sum()
        return off / (3 * known.sum()).clamp(min=1.0)

    def chance(self, pixels: Tensor) -> Tensor:
        return defect_chance(self.logits((pixels - 127.0) / 128.0))

    def groups(self, lr: float | None) -> list[dict[str, object]]:
        return rates(self, self.encoder, lr)
