"""An extractor that remembers, in the cache that the features of whole sets are kept in (`feature_cache`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.extractor import Extractor
from defectgen.metric.feature_cache import FeatureCache, crop_sha256
from defectgen.metric.result import Fingerprint

__all__ = ["CachedExtractor"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class CachedExtractor:
    """An `Extractor` that gives what `inner` gives. folder: of the cache."""

    inner: Extractor
    folder: Path

    @property
    def label(self) -> str:
        return self.inner.label

    @property
    def fingerprint(self) -> Fingerprint:
        return self.inner.fingerprint

    @cached_property
    def _store(self) -> FeatureCache:
        return FeatureCache(self.folder, self.fingerprint)

    def extract(self, pictures: Sequence[U8]) -> tuple[F32, F32 | None]:
        """Vectors (n, D) and class probabilities (n, K), float32, known ones from the disk."""
        keys = [crop_sha256(picture) for picture in pictures]
        rows = {key: row for key in keys if (row := self._store.get(key)) is not None}
        new = {key: picture for key, picture in zip(keys, pictures, strict=True) if key not in rows}
        if new:
            vectors, chances = self.inner.extract(list(new.values()))
            self._store.put(list(new), vectors, chances)
            rows |= {key: (vectors[i], None if chances is None else chances[i]) for i, key in enumerate(new)}
        found = [rows[key][1] for key in keys]
        known = [one for one in found if one is not None]
        return np.stack([rows[key][0] for key in keys]), np.stack(known) if len(known) == len(keys) else None
