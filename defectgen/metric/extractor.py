"""An extractor: a network that turns pictures into feature vectors, and says exactly which one it is.

`Features` are what every metric takes; no metric sees a picture. Statistics on them are computed in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.result import Fingerprint

__all__ = ["Extractor", "Features"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Features:
    """Features of n crops. vectors: (n, D) float32, may be memory-mapped. probabilities: (n, K) float32 class
    probabilities, rows summing to 1; None where the network is no classifier. groups: of each row, for splits and
    resampling that must not tear groups. names: of each row, for pointing at pictures. defects: of each row.
    """

    vectors: F32
    probabilities: F32 | None
    groups: tuple[str, ...]
    names: tuple[str, ...]
    defects: tuple[str, ...]
    fingerprint: Fingerprint

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, rows: NDArray[np.int64]) -> Features:
        """These rows, in this order."""
        return Features(
            np.asarray(self.vectors[rows]), None if self.probabilities is None else self.probabilities[rows],
            tuple(self.groups[i] for i in rows), tuple(self.names[i] for i in rows),
            tuple(self.defects[i] for i in rows), self.fingerprint,
        )  # fmt: skip


class Extractor(Protocol):
    """label: suffix of metric names, such as "Lite0"; empty for Inception-v3 with its FID weights alone."""

    @property
    def label(self) -> str: ...

    @property
    def fingerprint(self) -> Fingerprint: ...

    def extract(self, pictures: Sequence[U8]) -> tuple[F32, F32 | None]:
        """Pictures (H, W, 3) uint8 of any sizes to vectors (n, D) and class probabilities (n, K), float32."""
