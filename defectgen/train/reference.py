"""The reference of a training window: the same defect, turned, cut and exposed in another way.

So that the pseudo words carry what the defect looks like and not where each of its pixels lies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from defectgen.model.reference import Reference, ReferenceEncoder, reference_window
from defectgen.train.pair import Pair

__all__ = ["draw_reference", "reference_vectors"]

_CHUNK = 50
_LEAST_CUT = 0.75

U8 = NDArray[np.uint8]


def draw_reference(target: U8, alpha: U8, rng: np.random.Generator) -> Reference:
    """target: (S, S, 3), alpha: (S, S), both uint8."""
    side = target.shape[0]
    size = int(side * rng.uniform(_LEAST_CUT, 1))
    y, x = (int(v) for v in rng.integers(0, side - size + 1, 2))
    if not (alpha[y : y + size, x : x + size] >= 128).any():
        y, x, size = 0, 0, side
    turn, flip = int(rng.integers(4)), bool(rng.integers(2))
    maps = [np.rot90(m[y : y + size, x : x + size], turn) for m in (target, alpha)]
    rgb, cover = (m[:, ::-1] if flip else m for m in maps)
    gain = float(np.exp(rng.normal(0, 0.08)))
    lit = np.clip(np.rint(rgb.astype(np.float32) * gain), 0, 255).astype(np.uint8)
    return reference_window(np.ascontiguousarray(lit), np.ascontiguousarray(cover, np.float32) / np.float32(255))


def reference_vectors(pairs: Sequence[Pair], encoder: ReferenceEncoder, rng: np.random.Generator) -> list[Tensor]:
    """One vector, (REFERENCE_DIM,), a pair."""
    drawn = [draw_reference(pair.target, pair.alpha, rng) for pair in pairs]
    parts = [encoder.encode(drawn[i : i + _CHUNK]) for i in range(0, len(drawn), _CHUNK)]
    return [row for part in parts for row in part]
