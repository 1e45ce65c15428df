"""Lessons of a Stable Diffusion fine-tuning: its windows as latents, encoded once, so that neither the autoencoder nor
(unless it learns) the text encoder takes room beside the training.

Which windows, times and noises a step sees follows from the seed and the step's number alone: a run that was stopped
goes on with what it would have seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from defectgen.sd.hold import touched
from defectgen.train.sd_learner import SdBatch, encode_texts, encoders_of
from defectgen.train.sd_loss import weight_map
from defectgen.train.sd_window import SdWindow

__all__ = ["DROPPED", "Drawer", "Lesson", "TextTable", "encode_windows", "read_lesson", "text_table", "write_lesson"]

DROPPED = 0.1
"""Share of samples that are shown no words, so that guidance has something to pull away from."""
_SALT = 0x5D


@dataclass(frozen=True)
class Lesson:
    """clean, masked: (N, C, h, w) float32 latents. hole: (N, 1, h, w). weights: (N, h, w). texts: N captions."""

    clean: Tensor
    masked: Tensor
    hole: Tensor
    weights: Tensor
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class TextTable:
    """Embeddings of every caption, by its row; empty where the text encoders learn."""

    rows: dict[str, int]
    embeds: Tensor | None
    pooled: Tensor | None


@torch.no_grad()
def encode_windows(pipe: Any, windows: Sequence[SdWindow], device: Any) -> Lesson:
    """The windows as the UNet sees them; the autoencoder is on the device meanwhile."""
    vae = pipe.vae
    kept = vae.dtype
    # An autoencoder that overflows in half precision says so
    vae.to(device, torch.float32 if getattr(vae.config, "force_upcast", False) and kept == torch.float16 else kept)
    factor = int(pipe.vae_scale_factor)
    parts = [_encoded(vae, window, factor) for window in windows]
    vae.to("cpu", kept)
    clean, masked, hole, weights = (torch.stack(column) for column in zip(*parts, strict=True))
    return Lesson(clean, masked, hole, weights, tuple(window.text for window in windows))


def _encoded(vae: Any, window: SdWindow, factor: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    pixels = torch.from_numpy(window.target.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)
    # As the engine shows them: every latent that the hole touches, and its pixels, are to be filled
    small = touched(torch.from_numpy((window.hole > 127).astype(np.float32))[None, None], factor)
    hole = torch.nn.functional.interpolate(small, scale_factor=factor)[0]
    both = torch.stack([pixels, pixels * (1 - hole)]).to(vae.device, vae.dtype)
    latents = vae.encode(both).latent_dist.mode().float().cpu()
    latents = (latents - (vae.config.shift_factor or 0.0)) * vae.config.scaling_factor
    weights = torch.from_numpy(weight_map(window.defect, window.hole, factor, prior=window.prior))
    return latents[0], latents[1], small[0], weights


def write_lesson(path: Path, lesson: Lesson) -> None:
    """A lesson as one file, complete or not there."""
    tensors = {name: getattr(lesson, name).contiguous() for name in ("clean", "masked", "hole", "weights")}
    draft = path.with_suffix(".part")
    save_file(tensors, draft, metadata={"texts": json.dumps(lesson.texts)})
    draft.replace(path)


def read_lesson(path: Path) -> Lesson:
    with safe_open(path, framework="pt") as file:
        texts = tuple(json.loads(file.metadata()["texts"]))
        clean, masked, hole, weights = (file.get_tensor(name) for name in ("clean", "masked", "hole", "weights"))
    return Lesson(clean, masked, hole, weights, texts)


@torch.no_grad()
def text_table(pipe: Any, texts: Sequence[str], device: Any) -> TextTable:
    """Every caption and the empty one, encoded; the text encoders are on the device meanwhile."""
    every = sorted({"", *texts})
    for encoder in encoders_of(pipe):
        encoder.to(device)
    found = [encode_texts(pipe, every[i : i + 16], device) for i in range(0, len(every), 16)]
    for encoder in encoders_of(pipe):
        encoder.to("cpu")
    pooled = [p for _, p in found if p is not None]
    return TextTable(
        {text: row for row, text in enumerate(every)}, torch.cat([e for e, _ in found]).cpu(),
        torch.cat(pooled).cpu() if pooled else None,
    )  # fmt: skip


class Drawer:
    """Batches of a lesson by number of step and part."""

    def __init__(
        self, lesson: Lesson, table: TextTable, seed: int, batch: int, accumulate: int, times: int,
        *, world: int = 1, rank: int = 0,
    ) -> None:  # fmt: skip
        """times: of the noise scheduler. world, rank: how many processes share a step, and which one this is."""
        self.lesson, self.table, self.seed, self.times = lesson, table, seed, times
        self.size, self.accumulate, self.world, self.rank = batch, accumulate, world, rank
        self._order: tuple[int, np.ndarray[Any, Any]] = (-1, np.zeros(0, np.int64))

    def batch(self, step: int, part: int) -> SdBatch:
        """The part's samples of this process."""
        first = ((step * self.accumulate + part) * self.world + self.rank) * self.size
        return self._gathered([self._sample(first + j) for j in range(self.size)])

    def fixed(self, rows: Sequence[int], share: float) -> SdBatch:
        """These windows at one time, as a share of all, with noises of their own: the same whenever it is asked for."""
        t = int(share * self.times)
        samples = []
        for row in rows:
            generator = torch.Generator().manual_seed(7919 * row + t)
            samples.append((row, t, torch.randn(self.lesson.clean[row].shape, generator=generator), False))
        return self._gathered(samples)

    def _sample(self, number: int) -> tuple[int, int, Tensor, bool]:
        epoch, place = divmod(number, len(self.lesson))
        if self._order[0] != epoch:
            self._order = epoch, np.random.default_rng([self.seed, _SALT, epoch]).permutation(len(self.lesson))
        row = int(self._order[1][place])
        rng = np.random.default_rng([self.seed, _SALT, 1, number])
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        noise = torch.randn(self.lesson.clean[row].shape, generator=generator)
        return row, int(rng.integers(self.times)), noise, bool(rng.random() < DROPPED)

    def _gathered(self, samples: Sequence[tuple[int, int, Tensor, bool]]) -> SdBatch:
        rows = [row for row, _, _, _ in samples]
        texts = tuple("" if dropped else self.lesson.texts[row] for row, _, _, dropped in samples)
        at = [self.table.rows[text] for text in texts] if self.table.embeds is not None else []
        pick: Callable[[Tensor | None], Tensor | None] = lambda table: None if table is None else table[at]  # noqa: E731
        return SdBatch(
            self.lesson.clean[rows], self.lesson.masked[rows], self.lesson.hole[rows], self.lesson.weights[rows],
            torch.stack([noise for _, _, noise, _ in samples]), torch.tensor([t for _, t, _, _ in samples]), texts,
            pick(self.table.embeds), pick(self.table.pooled),
        )  # fmt: skip
