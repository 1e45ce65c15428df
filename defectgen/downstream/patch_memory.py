"""A memory of what good looks like, patch by patch: how far a patch lies from all of them says how odd it is.

Roth et al. 2022, "Towards Total Recall in Industrial Anomaly Detection" (PatchCore): maps of a frozen, pretrained
network, averaged over 3 x 3 places; a small part of the good patches that covers the rest (greedy k-center, on a random
projection); the distance to the nearest of them. Here on EfficientNet-Lite0, on a grid of a quarter of the side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from defectgen.downstream.backbone import freeze, load_backbone, timm_name
from defectgen.downstream.batch import as_input
from defectgen.downstream.fit import computing
from defectgen.metric.optional_package import load_optional

__all__ = ["PatchMemory", "covering"]

LEVELS = (1, 2, 3)  # of the backbone, at strides 4, 8, 16
MOST_PATCHES = 40_000
"""Good patches that the memory is picked from, evenly spread over the pictures by chance."""
KEPT = 1_500
PROJECTED = 32
SMOOTH = 4 / 224
"""Standard deviation of the blur of a map, of the side, as in the paper."""
AT_ONCE = 32


class PatchMemory:
    """Learned from good pictures (N, S, S, 3) uint8; S a multiple of 32. The same seed keeps the same patches."""

    def __init__(self, good: NDArray[np.uint8], *, seed: int, device: str) -> None:
        self._device = device
        body = load_optional("timm").create_model(
            timm_name("lite0"), pretrained=False, features_only=True, out_indices=LEVELS
        )
        load_backbone(body, "lite0", None)
        freeze(body, len(body.blocks))
        self._body: Any = body.eval().to(device, memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(seed)
        self._lengths = [1.0] * len(LEVELS)
        self._lengths = [float(one.norm(dim=1).mean()) for one in self._levels(good[:AT_ONCE])]
        self._patches = _kept(self._some(good, generator), generator).to(device)

    def _some(self, good: NDArray[np.uint8], generator: torch.Generator) -> Tensor:
        """(M, D): at most MOST_PATCHES of all good patches, as many of each picture."""
        each = max(1, MOST_PATCHES // len(good))
        parts = []
        for first in range(0, len(good), AT_ONCE):
            maps = self._maps(good[first : first + AT_ONCE]).flatten(2).transpose(1, 2).cpu()
            parts += [one[torch.randperm(len(one), generator=generator)[:each]] for one in maps]
        return torch.cat(parts)

    @torch.inference_mode()
    def _levels(self, pixels: NDArray[np.uint8]) -> list[Tensor]:
        """Of each level (B, C, h, w) float32, vectors of mean length 1, so that none outshouts the rest."""
        with computing(self._device):
            levels = self._body((as_input(pixels, self._device) - 127.0) / 128.0)
        return [
            functional.avg_pool2d(one.float(), 3, 1, 1) / length
            for one, length in zip(levels, self._lengths, strict=True)
        ]

    def _maps(self, pixels: NDArray[np.uint8]) -> Tensor:
        """(B, D, S / 4, S / 4): all levels on the grid of the finest."""
        levels = self._levels(pixels)
        size = levels[0].shape[2:]
        return torch.cat([
            functional.interpolate(one, size=size, mode="bilinear", align_corners=False) for one in levels
        ], dim=1)  # fmt: skip

    @torch.inference_mode()
    def maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, S, S): distance of each place of (N, S, S, 3) from the nearest good patch, blurred."""
        parts = []
        for first in range(0, len(pixels), AT_ONCE):
            maps = self._maps(pixels[first : first + AT_ONCE])
            count, _, height, width = maps.shape
            patches = maps.permute(0, 2, 3, 1).flatten(0, 2)
            distance = torch.cdist(patches, self._patches).min(dim=1).values.view(count, 1, height, width)
            whole = functional.interpolate(distance, size=pixels.shape[1:3], mode="bilinear", align_corners=False)
            parts.append(whole[:, 0].cpu().numpy())
        return _blurred(np.concatenate(parts))


def _blurred(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    import cv2

    sigma = SMOOTH * maps.shape[1]
    return np.stack([cv2.GaussianBlur(one, (0, 0), sigma) for one in maps]).astype(np.float32)


def _kept(patches: Tensor, generator: torch.Generator) -> Tensor:
    """The patches that cover all."""
    if len(patches) <= KEPT:
        return patches
    project = torch.randn(patches.shape[1], PROJECTED, generator=generator) / PROJECTED**0.5
    return patches[covering(patches @ project, KEPT, generator)]


def covering(points: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """(count,) indices of points (M, D): each the farthest from all before it (Gonzalez 1985), the first by chance."""
    chosen = torch.empty(count, dtype=torch.long)
    nearest = torch.full((len(points),), torch.inf)
    following = int(torch.randint(len(points), (1,), generator=generator))
    squares = points.square().sum(dim=1)
    for place in range(count):
        chosen[place] = following
        distance = squares - 2 * (points @ points[following]) + squares[following]
        nearest = torch.minimum(nearest, distance)
        following = int(nearest.argmax())
    return chosen
