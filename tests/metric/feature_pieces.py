"""Tiny feature sets for the tests of metrics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.extractor import Features
from defectgen.metric.result import Fingerprint

PRINT = Fingerprint(extractor="none", weights_sha256="0" * 64, resize="none", input_px=1, dtype="float32", dimensions=8)


def normal(rng: np.random.Generator, n: int, dimensions: int = 8, shift: float = 0.0) -> NDArray[np.float32]:
    return (rng.normal(size=(n, dimensions)) + shift).astype(np.float32)


def features(
    vectors: NDArray[np.float32], rng: np.random.Generator, *, group: int = 1, defects: tuple[str, ...] = ("crack",)
) -> Features:
    """Rows in groups of `group`, in turn of each defect; probabilities of 5 classes."""
    n, p = len(vectors), rng.dirichlet(np.ones(5), len(vectors)).astype(np.float32)
    groups, names = tuple(f"g{i // group}" for i in range(n)), tuple(f"{i}.png" for i in range(n))
    return Features(vectors, p, groups, names, tuple(defects[i // group % len(defects)] for i in range(n)), PRINT)
