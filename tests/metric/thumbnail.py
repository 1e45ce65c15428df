"""A tiny extractor: 4 x 4 thumbnails as vectors. It counts what it looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.resize import clean_resize
from defectgen.metric.result import Fingerprint

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
SIDE, CLASSES = 4, 3
PRINT = Fingerprint(
    extractor="thumbnail", weights_sha256="0" * 64, resize="clean", input_px=SIDE, dtype="float32",
    dimensions=3 * SIDE * SIDE,
)  # fmt: skip


class Thumbnail:
    """classes: False for a network that is no classifier."""

    label = "Thumbnail"

    def __init__(self, fingerprint: Fingerprint = PRINT, classes: bool = True) -> None:
        self.fingerprint, self.classes = fingerprint, classes
        self.batches: list[int] = []

    @property
    def looked_at(self) -> int:
        return sum(self.batches)

    def extract(self, pictures: Sequence[U8]) -> tuple[F32, F32 | None]:
        self.batches.append(len(pictures))
        vectors = np.stack([clean_resize(one, (SIDE, SIDE)).reshape(-1) for one in pictures])
        chances = vectors[:, :CLASSES] + np.float32(1)
        return vectors, chances / chances.sum(1, keepdims=True) if self.classes else None
