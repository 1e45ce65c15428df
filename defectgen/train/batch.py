"""Batches of training windows: drawn by origin, turned, re-exposed, and put into tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from defectgen.model.condition import ORIGINS, condition_vector, measured_severity
from defectgen.model.flow import RESIDUAL_SCALE
from defectgen.model.reference import REFERENCE_DIM
from defectgen.train.shard import Shard, open_shards

__all__ = ["Batch", "Drawer", "Hidden", "batches", "plain_batch", "severity_quantiles"]

_MAPS = ("good", "target", "draft", "alpha")
_GREY_SHARE = 0.3
_REFERENCE, _WORDLESS = 0.4, 0.5  # how many windows have a reference, and how many of these no words


@dataclass(frozen=True)
class Hidden:
    """What shares of the windows the network is not told something of, in [0, 1].

    reference_draft, reference_severity: of windows that come with a reference, which would have nothing to say beside
    a draft and a severity that say it all.
    """

    words: float = 0.1
    draft: float = 0.1
    severity: float = 0.15
    origin: float = 0.3
    reference_draft: float = 0.1
    reference_severity: float = 0.15


@dataclass(frozen=True)
class Batch:
    """Tensors as `EditNetwork` takes them; `clean` and `draft` are residuals in units of RESIDUAL_SCALE.

    reference: (B, REFERENCE_DIM). told: (B,) bool, whether the network hears of it.
    """

    clean: Tensor
    good: Tensor
    alpha: Tensor
    draft: Tensor
    tokens: Tensor
    padding: Tensor
    vector: Tensor
    reference: Tensor
    told: Tensor

    def to(self, device: str) -> Batch:
        return Batch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__dataclass_fields__))


def _exposure(window: NDArray[np.float32], rng: np.random.Generator) -> tuple[float, NDArray[np.float32]]:
    """A gamma and a gain for each channel, so that a window and its twin are re-exposed alike."""
    gamma = float(np.exp(rng.normal(0, 0.15)))
    gain = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.03, 3)).astype(np.float32)
    return gamma, np.minimum(gain, 1.15 / max(float(window.max()), 0.05)).astype(np.float32)


def _augment(
    maps: list[NDArray[np.uint8]], rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """One of eight symmetries, exposure, and grey for some, the same for all pictures; the last map is the mask."""
    floats = [m.astype(np.float32) / np.float32(255) for m in maps]
    turn = int(rng.integers(8))
    floats = [np.rot90(m, turn % 4) for m in floats]
    if turn >= 4:
        floats = [m[:, ::-1] for m in floats]
    *pictures, alpha = floats
    if rng.random() < _GREY_SHARE:
        luma = np.array([0.299, 0.587, 0.114], np.float32)
        pictures = [np.repeat((p @ luma)[..., None], 3, 2) for p in pictures]
    if rng.random() < 0.7:
        gamma, gain = _exposure(pictures[0], rng)
        pictures = [np.clip(gain * np.maximum(p, 0) ** gamma, 0, 1) for p in pictures]
    return [np.asarray(m, np.float32) for m in (*pictures, alpha)]


def _crop(maps: list[NDArray[np.uint8]], side: int, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """The same (side, side) part of every map; the mask, the last of them, stays inside as far as it fits."""
    mask = maps[-1] > 127
    corner = []
    for axis in (1, 0):
        full = mask.shape[1 - axis]
        hit = np.flatnonzero(mask.any(axis=axis))
        first, last = (int(hit[0]), int(hit[-1]) + 1) if len(hit) else (0, full)
        low, high = sorted((max(0, last - side), min(full - side, first)))
        corner.append(int(rng.integers(max(0, low), min(full - side, high) + 1)))
    y, x = corner
    return [m[y : y + side, x : x + side] for m in maps]


class Drawer:
    """Draws batches from a cache that may still be growing.

    shares: how much of a batch comes from each origin. hidden: how often what is not told, so that the network also
    knows what it does then. crop_px: when set, windows are cropped to this side, which makes early steps cheaper.
    """

    def __init__(
        self, cache: Path, shares: Mapping[str, float], null_text: tuple[Tensor, Tensor, Tensor], seed: int,
        hidden: Hidden = Hidden(),
    ) -> None:  # fmt: skip
        self.cache, self.shares, self.null, self.seed, self.hidden = cache, dict(shares), null_text, seed, hidden
        self.shards: list[Shard] = []
        self.crop_px: int | None = None
        self.refresh()

    def refresh(self) -> None:
        """Take up shards that have come since."""
        self.shards.extend(open_shards(self.cache, self.shards))

    def ready(self) -> bool:
        """Whether every origin with a share has a shard."""
        have = {shard.origins[0] for shard in self.shards}
        return all(name in have for name, share in self.shares.items() if share > 0)

    def _pick(self, rng: np.random.Generator) -> tuple[Shard, int]:
        names = list(self.shares)
        weights = np.array([self.shares[n] for n in names])
        origin = names[int(rng.choice(len(names), p=weights / weights.sum()))]
        fitting = [s for s in self.shards if s.origins[0] == origin]
        shard = fitting[int(rng.integers(len(fitting)))]
        return shard, int(rng.integers(len(shard)))

    def batch(self, step: int, size: int) -> Batch:
        """The batch of one training step."""
        rng = np.random.default_rng([self.seed, step])
        rows = [self._row(*self._pick(rng), rng) for _ in range(size)]
        clean, good, alpha, draft, tokens, padding, pooled, severity, origin, reference, told = (
            torch.from_numpy(np.stack(column))
            for column in zip(*rows, strict=True)
        )
        vector = condition_vector(pooled.float(), severity.float().flatten(), origin.flatten().long())
        return Batch(clean, good, alpha, draft, tokens.float(), padding, vector, reference.float(), told.flatten())

    def _row(self, shard: Shard, i: int, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        maps = [np.asarray(shard.arrays[n][i], np.uint8) for n in _MAPS]
        if self.crop_px:
            maps = _crop(maps, self.crop_px, rng)
        g, t, d, a = _augment(maps, rng)
        residual, draft = t - g, d - g
        told, hidden = bool(rng.random() < _REFERENCE), self.hidden
        if rng.random() < (hidden.reference_draft if told else hidden.draft):
            draft = np.zeros_like(draft)
        known = rng.random() >= (hidden.reference_severity if told else hidden.severity)
        severity = measured_severity(residual, a) if known else np.nan
        origin = ORIGINS.index(shard.origins[i]) if rng.random() >= hidden.origin else -1
        text = [shard.arrays[n][i] for n in ("tokens", "padding", "pooled")]
        if rng.random() < (_WORDLESS if told else hidden.words):
            text = [n[0].numpy() for n in self.null]
        text = [text[0].astype(np.float32), text[1], text[2].astype(np.float32)]
        return (
            residual.transpose(2, 0, 1) / RESIDUAL_SCALE, 2 * g.transpose(2, 0, 1) - 1, a[None],
            draft.transpose(2, 0, 1) / RESIDUAL_SCALE, *text, np.asarray(severity), np.asarray(origin),
            shard.arrays["reference"][i], np.asarray(told),
        )  # fmt: skip


def plain_batch(shard: Shard, rows: Sequence[int]) -> Batch:
    """These windows of a shard as they are, everything told but a reference: to compare networks on."""
    parts = [_plain_row(shard, i) for i in rows]
    clean, good, alpha, draft, tokens, padding, pooled, severity = (
        torch.from_numpy(np.stack(column)) for column in zip(*parts, strict=True)
    )
    origin = torch.full((len(rows),), -1)
    vector = condition_vector(pooled.float(), severity.float().flatten(), origin)
    nothing = torch.zeros(len(rows), REFERENCE_DIM), torch.zeros(len(rows), dtype=torch.bool)
    return Batch(clean, good, alpha, draft, tokens.float(), padding, vector, *nothing)


def _plain_row(shard: Shard, i: int) -> tuple[NDArray[np.generic], ...]:
    g, t, d, a = (np.asarray(shard.arrays[n][i], np.float32) / np.float32(255) for n in _MAPS)
    text = [np.asarray(shard.arrays[n][i]) for n in ("tokens", "padding", "pooled")]
    severity = np.asarray(measured_severity(t - g, a))
    return (
        (t - g).transpose(2, 0, 1) / RESIDUAL_SCALE, 2 * g.transpose(2, 0, 1) - 1, a[None],
        (d - g).transpose(2, 0, 1) / RESIDUAL_SCALE, text[0].astype(np.float32), text[1],
        text[2].astype(np.float32), severity,
    )  # fmt: skip


def severity_quantiles(shards: list[Shard], per_shard: int = 60) -> dict[str, tuple[float, ...]]:
    """Measured severities of each family at the quantiles 0.05, 0.25, 0.5, 0.75 and 0.95; `any` pools all."""
    found: dict[str, list[float]] = {}
    for shard in shards:
        for i in range(min(per_shard, len(shard))):
            good, target = (np.asarray(shard.arrays[n][i], np.float32) / np.float32(255) for n in ("good", "target"))
            alpha = np.asarray(shard.arrays["alpha"][i], np.float32) / np.float32(255)
            found.setdefault(shard.families[i], []).append(measured_severity(target - good, alpha))
    found["any"] = [v for values in found.values() for v in values]
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    return {k: tuple(round(float(np.quantile(v, q)), 4) for q in levels) for k, v in sorted(found.items())}


def batches(drawer: Drawer, first: int, size: int) -> Iterator[Batch]:
    """Batches from step `first` on, without end; the cache is looked at again every 50."""
    step = first
    while True:
        if step % 50 == 0:
            drawer.refresh()
        yield drawer.batch(step, size)
        step += 1
