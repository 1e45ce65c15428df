"""The validation strip: the same held-out windows, masks and seeds every time, so that one sees the network learn.

A row shows good | mask | draft | target | two samples, for windows that training never draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from defectgen.model.condition import condition_vector, measured_severity
from defectgen.model.flow import RESIDUAL_SCALE
from defectgen.model.network import EditNetwork
from defectgen.model.sampler import Conditions, sample
from defectgen.model.text import TextEncoder
from defectgen.train.pair import Pair

__all__ = ["conditions_for", "strip_writer"]

_STEPS, _GUIDANCE = 12, 1.5
_ACROSS = 3

U8 = NDArray[np.uint8]


def conditions_for(texts: Sequence[str], severities: Sequence[float], encoder: TextEncoder) -> Conditions:
    """Conditions of windows with words and measured severities; the origin is left untold."""
    tokens, padding, pooled = encoder.encode(list(texts))
    null = encoder.encode([""] * len(texts))
    severity = torch.tensor(severities, dtype=torch.float32)
    origin = torch.full((len(texts),), -1)
    vectors = [condition_vector(p, severity, origin) for p in (pooled, null[2])]
    return Conditions(tokens, padding, vectors[0], null[0], null[1], vectors[1])


def _row(network: EditNetwork, pair: Pair, encoder: TextEncoder) -> U8:
    good = torch.from_numpy(pair.good.astype(np.float32) / 255)
    alpha = torch.from_numpy(pair.alpha.astype(np.float32) / 255)
    residual = (pair.target.astype(np.float32) - pair.good.astype(np.float32)) / np.float32(255)
    severity = measured_severity(residual, alpha.numpy())
    draft = torch.from_numpy((pair.draft.astype(np.float32) - pair.good) / np.float32(255 * RESIDUAL_SCALE))
    device = next(network.parameters()).device
    conditions = conditions_for([pair.text] * 2, [severity] * 2, encoder)
    out = sample(
        network, (2 * good.permute(2, 0, 1) - 1).repeat(2, 1, 1, 1).to(device),
        alpha.repeat(2, 1, 1, 1).to(device), Conditions(*(v.to(device) for v in vars(conditions).values())),
        [torch.Generator().manual_seed(s) for s in (1, 2)], steps=_STEPS, guidance=_GUIDANCE,
        draft=draft.permute(2, 0, 1).repeat(2, 1, 1, 1).to(device),
    )  # fmt: skip
    edits = (good + RESIDUAL_SCALE * out.cpu().permute(0, 2, 3, 1)).clamp(0, 1).numpy()
    mask = np.repeat(pair.alpha[..., None], 3, 2)
    samples = [np.rint(255 * e).astype(np.uint8) for e in edits]
    return np.hstack([pair.good, mask, pair.draft, pair.target, *samples])


def strip_writer(pairs: Sequence[Pair], encoder: TextEncoder) -> Callable[[EditNetwork, Path], None]:
    """A function that samples every pair with a network and writes the strip."""

    def write(network: EditNetwork, path: Path) -> None:
        rows = [_row(network, pair, encoder) for pair in pairs]
        rows += [np.zeros_like(rows[0])] * (-len(rows) % _ACROSS)
        lines = [np.hstack(rows[i : i + _ACROSS]) for i in range(0, len(rows), _ACROSS)]
        Image.fromarray(np.vstack(lines)).save(path)

    return write
