"""Features of a collection under a view: crops go by one block at a time, rows go to the disk.

Memory does not grow with the number of pictures: what is returned is mapped from a file without a name, that goes with
the last array that uses it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.metric.collection import Collection, Item
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.feature_cache import FeatureCache, Row, crop_sha256
from defectgen.metric.view import Crop, View, crops

__all__ = ["features_of"]

F32 = NDArray[np.float32]


def features_of(
    collection: Collection, view: View, extractor: Extractor, *, cache: Path | None, batch: int = 16
) -> Features:
    """Features of every crop, in the order of `crops`: n rows, none where no picture has the view.

    cache: folder of rows that were computed before; None computes all. batch: crops in memory at once. A crop without
    a group is its own. InputError for a picture that cannot be read or a network that gives no finite numbers.
    """
    store = None if cache is None else FeatureCache(cache, extractor.fingerprint)
    seen: list[Item] = []
    with _Table() as vectors, _Table() as chances:
        for block in _blocks(crops(collection, view), batch):
            rows = _rows_of(block, extractor, store)
            vectors.add([row[0] for row in rows])
            chances.add([row[1] for row in rows if row[1] is not None])
            seen.extend(crop.item for crop in block)
        width = extractor.fingerprint.dimensions
        return Features(
            vectors.mapped(width), chances.mapped(chances.width) if len(chances) else None,
            tuple(item.group or item.name for item in seen), tuple(item.name for item in seen),
            tuple(item.defect for item in seen), extractor.fingerprint,
        )  # fmt: skip


def _blocks(found: Iterable[Crop], size: int) -> Iterator[list[Crop]]:
    rest = iter(found)
    while block := list(islice(rest, size)):
        yield block


def _rows_of(block: Sequence[Crop], extractor: Extractor, store: FeatureCache | None) -> list[Row]:
    if store is None:
        return _computed(block, extractor)[0]
    hashes = [crop_sha256(crop.pixels) for crop in block]
    rows = {crop: row for crop in hashes if (row := store.get(crop)) is not None}
    new = {crop: picture for crop, picture in zip(hashes, block, strict=True) if crop not in rows}
    if new:
        fresh, vectors, chances = _computed(list(new.values()), extractor)
        store.put(list(new), vectors, chances)
        rows |= dict(zip(new, fresh, strict=True))
    return [rows[crop] for crop in hashes]


def _computed(block: Sequence[Crop], extractor: Extractor) -> tuple[list[Row], F32, F32 | None]:
    vectors, chances = extractor.extract([crop.pixels for crop in block])
    assert vectors.shape == (len(block), extractor.fingerprint.dimensions), vectors.shape
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise InputError(
            f"{extractor.fingerprint.extractor} gives no finite numbers for {block[row].item.image}; use other features"
        )
    rows: list[Row] = [(vectors[i], None if chances is None else chances[i]) for i in range(len(block))]
    return rows, vectors, chances


class _Table:
    """Rows of float32 in a file without a name; mapped, they outlive it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="defectgen-")  # noqa: SIM115  closed on leaving
        self._count, self.width = 0, 0

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> _Table:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, rows: Sequence[F32]) -> None:
        for row in rows:
            self._file.write(np.ascontiguousarray(row, np.float32).tobytes())
            self.width = len(row)
        self._count += len(rows)

    def mapped(self, width: int) -> F32:
        """(n, width) float32, read only."""
        if not self._count:
            return np.zeros((0, width), np.float32)
        self._file.flush()
        return np.memmap(self._file, np.float32, "r", shape=(self._count, width))
