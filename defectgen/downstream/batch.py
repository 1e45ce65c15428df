"""Batches: half good, half defective, drawn from pictures in memory, flipped and shifted on the way.

Each kind is dealt out like a deck of cards: every picture once before any comes again. Of the defective half, a fixed
share comes from the extra pictures, spread evenly over the steps, so that arms differ in nothing but what they add.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from defectgen.downstream.augment import augmented
from defectgen.downstream.pool import Pool
from defectgen.downstream.shift import Shift, draw_shift
from defectgen.downstream.task import TrainOptions, Trial
from defectgen.errors import InputError

__all__ = ["Batch", "Batches"]

VARIANTS = 8
"""Of each picture in the arm with classical augmentation, the picture itself being one; made once, before training."""


@dataclass(frozen=True, eq=False)
class Batch:
    """pixels: (B, 3, S, S) float32, 0 to 255. masks: (B, S, S), labels: (B,) int64. boxes: B of (M, 5) float32."""

    pixels: Tensor
    masks: Tensor
    labels: Tensor
    boxes: tuple[Tensor, ...]


class _Deck:
    """Endless indices 0 to n - 1, each once a round."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self._n, self._rng = n, rng
        self._left: list[int] = []

    def deal(self, count: int) -> list[int]:
        while len(self._left) < count:
            self._left += self._rng.permutation(self._n).tolist()
        dealt, self._left = self._left[:count], self._left[count:]
        return dealt


class Batches:
    """Endless batches of a trial; the same seed deals the same ones."""

    def __init__(self, trial: Trial, options: TrainOptions) -> None:
        self._options = options
        self._rng = np.random.default_rng([options.seed, 1])
        self._share = _share(trial)
        real = trial.real
        kinds = [real.take(real.good), real.take(real.defective)]
        kinds.append(real.take([]) if trial.extra is None else trial.extra.take(trial.extra.defective))
        if not len(kinds[0]) or not len(kinds[1]) + len(kinds[2]):
            raise InputError("only good or only defective pictures to train on; expected both, real or synthetic")
        if trial.augment:
            kinds = [augmented(kind, self._variants(len(kind)), options.seed) for kind in kinds]
        self._kinds = kinds
        self._decks = [_Deck(len(kind), self._rng) for kind in kinds]

    def _variants(self, n: int) -> int:
        """No more than training can see."""
        seen = self._options.steps * self._options.batch / 2
        return max(1, min(VARIANTS, ceil(seen / max(n, 1))))

    def counts(self, step: int) -> tuple[int, int, int]:
        """Good, real defective and extra pictures of the batch of a step, from 0."""
        half = self._options.batch // 2
        extra = floor((step + 1) * half * self._share + 1e-9) - floor(step * half * self._share + 1e-9)
        return self._options.batch - half, half - extra, extra

    def __iter__(self) -> Iterator[Batch]:
        step = 0
        while True:
            dealt = [deck.deal(count) for deck, count in zip(self._decks, self.counts(step), strict=True)]
            parts = [kind.take(cards) for kind, cards in zip(self._kinds, dealt, strict=True) if cards]
            yield to_batch(Pool.join(parts), self._rng, self._options.device)
            step += 1


def _share(trial: Trial) -> float:
    if not 0.0 <= trial.extra_share <= 1.0:
        raise InputError(f"extra_share is {trial.extra_share}; expected 0 to 1")
    if trial.extra is None or not len(trial.extra.defective):
        return 0.0
    return trial.extra_share if len(trial.real.defective) else 1.0


def to_batch(pool: Pool, rng: np.random.Generator, device: str) -> Batch:
    """These pictures, each flipped and shifted by its own draw."""
    moves = [draw_shift(pool.side, rng) for _ in range(len(pool))]
    pixels = _moved(pool.pixels, moves)
    return Batch(
        as_input(pixels, device), torch.from_numpy(_moved(pool.masks, moves)).to(device).long(),
        torch.from_numpy(pool.labels).to(device),
        tuple(torch.from_numpy(move.boxes(boxes)).to(device) for move, boxes in zip(moves, pool.boxes, strict=True)),
    )  # fmt: skip


def _moved(arrays: NDArray[np.uint8], moves: list[Shift]) -> NDArray[np.uint8]:
    return np.stack([move.picture(one) for move, one in zip(moves, arrays, strict=True)])


def as_input(pixels: NDArray[np.uint8], device: str) -> Tensor:
    """(B, 3, S, S) float32, 0 to 255, channels last in memory, of (B, S, S, 3) uint8."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(0, 3, 1, 2).float()
