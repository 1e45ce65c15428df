"""The validation strip of a Stable Diffusion fine-tuning: the same held-out windows, holes and seeds every time.

A row shows good | hole | target | two samples, made by the pipeline as a user would call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from defectgen.train.pseudo_good import remove
from defectgen.train.sd_learner import encoders_of
from defectgen.train.sd_window import SdWindow

__all__ = ["filled", "with_good", "write_strip"]

STEPS, GUIDANCE, SEEDS = 20, 4.0, (1, 2)
ACROSS = 2

U8 = NDArray[np.uint8]


def with_good(window: SdWindow, rng: np.random.Generator) -> SdWindow:
    """The window with its good view, the defect removed where the set has no such view."""
    if window.good is not None:
        return window
    mask = window.defect > 0
    return replace(window, good=remove(window.target, mask, mask, rng))


@torch.no_grad()
def filled(pipe: Any, window: SdWindow, seeds: Sequence[int]) -> list[U8]:
    """The hole of a good window filled by the pipeline, one (S, S, 3) uint8 picture a seed."""
    assert window.good is not None
    side = window.good.shape[0]
    found = pipe(
        prompt=[window.text] * len(seeds), image=Image.fromarray(window.good), mask_image=Image.fromarray(window.hole),
        height=side, width=side, num_inference_steps=STEPS, guidance_scale=GUIDANCE, strength=1.0, output_type="np",
        generator=[torch.Generator().manual_seed(seed) for seed in seeds],
    ).images  # fmt: skip
    return [np.rint(255 * np.clip(one, 0, 1)).astype(np.uint8) for one in found]


def write_strip(pipe: Any, windows: Sequence[SdWindow], path: Path, accelerator: Any) -> None:
    """Sample every window with what the pipeline's networks are now; the autoencoder is on the device meanwhile."""
    there = {id(part): part.device for part in (pipe.vae, *encoders_of(pipe))}
    training = pipe.unet.training
    pipe.unet.eval()
    for part in (pipe.vae, *encoders_of(pipe)):
        part.to(accelerator.device)
    pipe.set_progress_bar_config(disable=True)
    try:
        with accelerator.autocast():
            rows = [_row(window, filled(pipe, window, SEEDS)) for window in windows]
    finally:
        for part in (pipe.vae, *encoders_of(pipe)):
            part.to(there[id(part)])
        pipe.unet.train(training)
    rows += [np.zeros_like(rows[0])] * (-len(rows) % ACROSS)
    Image.fromarray(np.vstack([np.hstack(rows[i : i + ACROSS]) for i in range(0, len(rows), ACROSS)])).save(path)


def _row(window: SdWindow, samples: Sequence[U8]) -> U8:
    assert window.good is not None
    return np.hstack([window.good, np.repeat(window.hole[..., None], 3, 2), window.target, *samples])
