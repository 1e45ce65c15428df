"""A mask decoder: EfficientNet-Lite0's maps of a picture, from coarse to fine, to the chance of a defect at each pixel.

A feature pyramid (Lin et al., 2017) on the frozen network's maps at 1/16, 1/8, 1/4 and 1/2 of the side, with the pixels
themselves beside the finest; the last layer gives the four pixels of each half-size place (sub-pixel convolution, Shi
et al., 2016). Only the decoder learns: binary cross entropy plus soft Dice (Milletari et al., 2016), AdamW, one cycle.
Arrays: pictures (n, SIDE, SIDE, 3) uint8, coverage of defects (n, SIDE, SIDE) float32 in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from defectgen.metric.lite0 import MEAN, SCALE, folded
from defectgen.model.lite0 import Lite0

__all__ = ["SIDE", "MaskDecoder", "train_decoder"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

SIDE = 256
TAPS = {0: 16, 2: 24, 4: 40, 10: 112}  # block of the network: channels of its map
WIDE, NARROW = 48, 16
BATCH, RATE, DECAY = 8, 4e-3, 1e-2
GOOD_SHARE = 0.25  # of a batch, where there are good pictures
GAIN = 0.15  # brightness and contrast move by up to this share
PREDICT_AT_ONCE = 16


class MaskDecoder(nn.Module):
    """Logits (n, SIDE, SIDE) of pixels (n, 3, SIDE, SIDE) in 0..255; the backbone is no part of its state."""

    def __init__(self) -> None:
        super().__init__()
        self._backbone: list[Any] = [folded(Lite0().net)]  # in a list, so that it is not trained
        self.sides = nn.ModuleList(nn.Conv2d(TAPS[tap], WIDE, 1) for tap in sorted(TAPS)[1:])
        self.smooth = nn.ModuleList(_block(WIDE, WIDE) for _ in range(2))
        self.fine = nn.Sequential(
            nn.Conv2d(WIDE + TAPS[0] + 12, NARROW, 1), _block(NARROW, NARROW), _block(NARROW, NARROW),
            nn.Conv2d(NARROW, 4, 1),
        )  # fmt: skip
        last = self.fine[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        nn.init.constant_(last.bias, -3.0)  # defects are rare

    def forward(self, pixels: Tensor) -> Tensor:
        scaled = (pixels - MEAN) / SCALE
        half, quarter, eighth, sixteenth = self._maps(scaled)
        deep = self.sides[2](sixteenth)
        deep = self.smooth[0](_double(deep) + self.sides[1](eighth))
        deep = self.smooth[1](_double(deep) + self.sides[0](quarter))
        finest = torch.cat([_double(deep), half, functional.pixel_unshuffle(scaled, 2)], 1)
        return functional.pixel_shuffle(self.fine(finest), 2)[:, 0]

    def _maps(self, scaled: Tensor) -> list[Tensor]:
        network, maps = self._backbone[0], []
        with torch.no_grad():
            deep = network._swish(network._bn0(network._conv_stem(scaled)))
            for number, block in enumerate(network._blocks[: max(TAPS) + 1]):
                deep = block(deep)
                if number in TAPS:
                    maps.append(deep)
        return maps

    def predict(self, pictures: U8) -> F32:
        """(n, SIDE, SIDE) float32 chances in [0, 1]."""
        self.eval()
        with torch.inference_mode():
            parts = [
                torch.sigmoid(self(_tensor(pictures[i : i + PREDICT_AT_ONCE])))
                for i in range(0, len(pictures), PREDICT_AT_ONCE)
            ]
        return np.asarray(torch.cat(parts).numpy(), np.float32)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(8, outputs), nn.ReLU(inplace=True)
    )


def _double(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)


def _tensor(pictures: U8) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()


def train_decoder(
    pictures: U8, coverage: F32, *, steps: int, seed: int, on_step: Callable[[int, int], None] = lambda done, of: None
) -> MaskDecoder:
    """A decoder trained on pictures of which some have no coverage at all; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        decoder = MaskDecoder()
    rng = np.random.default_rng(seed)
    learner = torch.optim.AdamW(decoder.parameters(), lr=RATE, weight_decay=DECAY)
    cycle = torch.optim.lr_scheduler.OneCycleLR(learner, RATE, total_steps=max(steps, 2))
    marked = np.asarray(coverage.max((1, 2)) > 0)
    decoder.train()
    for step in range(steps):
        rows = _batch(marked, rng)
        shown, wanted = _varied(pictures[rows], coverage[rows], rng)
        learner.zero_grad(set_to_none=True)
        loss = _loss(decoder(shown), wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        learner.step()
        cycle.step()
        on_step(step + 1, steps)
    return decoder


def _batch(marked: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of a batch: mostly defective pictures, and some good ones."""
    good = round(BATCH * GOOD_SHARE) if not marked.all() else 0
    picks = [rng.choice(np.flatnonzero(marked), BATCH - good)]
    if good:
        picks.append(rng.choice(np.flatnonzero(~marked), good))
    return np.concatenate(picks)


def _varied(pictures: U8, coverage: F32, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mirrored together, one way for the batch; brightness and contrast of each picture moved."""
    turn = tuple(axis for axis in (1, 2) if rng.random() < 0.5)
    shown, wanted = _tensor(np.flip(pictures, turn)), torch.from_numpy(np.flip(coverage, turn).copy())
    gain, lift = (torch.from_numpy(rng.uniform(-GAIN, GAIN, (len(pictures), 1, 1, 1)).astype(np.float32)) for _ in "gl")
    middle = shown.mean(dim=(1, 2, 3), keepdim=True)
    return ((shown - middle) * (1 + gain) + middle * (1 + lift)).clamp(0, 255), wanted


def _loss(logits: Tensor, wanted: Tensor) -> Tensor:
    chance = torch.sigmoid(logits)
    overlap, total = (chance * wanted).sum((1, 2)), (chance + wanted).sum((1, 2))
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return functional.binary_cross_entropy_with_logits(logits, wanted) + dice.mean()
