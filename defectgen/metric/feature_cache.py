"""Features that were computed before, kept by what was looked at and by what looked.

A row belongs to one crop (sha256 of its shape and pixels) and one fingerprint; a fingerprint has a pair of files:

    <key>.rows    fixed-size rows: vector, float32, then class probabilities, float32; only ever appended
    <key>.keys    a header, then for each row its crop's sha256, the row's crc32 and the entry's own

A row is written before its entry, under a lock that the system takes back from a killed process: whatever is cut
short is not pointed at, and the next writer writes over it. A row or an entry whose checksum does not fit is computed
anew, never believed. Numbers are kept in float32 as they were computed: a cached figure is the same figure.

Nothing here decides a result. A folder that cannot be read or written only costs time. The files of all fingerprints
together stay under MOST_BYTES: those not used for longest go first.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.result import Fingerprint

__all__ = ["MOST_BYTES", "FeatureCache", "Row", "crop_sha256"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Row = tuple[F32, "F32 | None"]
"""Vector (D,) and class probabilities (K,), of one crop."""

MOST_BYTES = 2 << 30
# Raise it when the way from a picture to its vector changes: what was kept before is not found any more.
PREPARATION = 1
MAGIC = b"dgfeat01"
HEADER = struct.Struct("<8sQIII")
ENTRY = struct.Struct("<32sII")
LOCK_SECONDS = 30.0


def crop_sha256(pixels: U8) -> bytes:
    """32 bytes for (H, W, 3) uint8."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.digest()


class FeatureCache:
    """The rows of one fingerprint. Many processes may use one folder at once."""

    def __init__(self, folder: Path, fingerprint: Fingerprint, most_bytes: int = MOST_BYTES) -> None:
        key = f"{PREPARATION} {version('torch')} {fingerprint.model_dump_json()}"
        stem = hashlib.sha256(key.encode()).hexdigest()[:32]
        self._folder, self._most_bytes = folder, most_bytes
        self._rows, self._keys = folder / f"{stem}.rows", folder / f"{stem}.keys"
        self._dimensions = fingerprint.dimensions
        self._forget(b"")
        with suppress(OSError):
            self._refresh()
            for path in (self._rows, self._keys):
                os.utime(path)  # used just now: the last to go

    def __len__(self) -> int:
        return len(self._place)

    def get(self, sha256: bytes) -> Row | None:
        """The row of a crop; None where it is not there, or is damaged."""
        place = self._place.get(sha256)
        if place is None:
            return None
        number, crc = place
        try:
            with self._rows.open("rb") as file:
                file.seek(number * self._row_bytes)
                data = file.read(self._row_bytes)
        except OSError:
            data = b""
        if len(data) != self._row_bytes or zlib.crc32(data) != crc:
            del self._place[sha256]
            return None
        values = np.frombuffer(data, np.float32)
        return values[: self._dimensions], values[self._dimensions :] if self._classes else None

    def put(self, crops: Sequence[bytes], vectors: F32, probabilities: F32 | None) -> None:
        """Keep (n, D) and (n, K) float32 of these crops; a folder that does not let us is passed over."""
        from filelock import FileLock, Timeout

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / ".lock", timeout=LOCK_SECONDS):
                self._append(crops, vectors, probabilities)
        except (OSError, Timeout, NotImplementedError):
            return

    @property
    def _row_bytes(self) -> int:
        return 4 * (self._dimensions + self._classes)

    def _append(self, crops: Sequence[bytes], vectors: F32, probabilities: F32 | None) -> None:
        classes = 0 if probabilities is None else probabilities.shape[1]
        self._refresh()
        if self._classes != classes or not self._keys.is_file() or not self._rows.is_file():
            self._begin(classes)
        new = {crop: i for i, crop in enumerate(crops) if crop not in self._place}
        parts = [vectors] if probabilities is None else [vectors, probabilities]
        table = np.ascontiguousarray(np.concatenate(parts, axis=1)[list(new.values())], np.float32)
        self._make_room(table.nbytes + ENTRY.size * len(new), classes)
        rows = [row.tobytes() for row in table]
        with self._rows.open("r+b") as file:
            file.seek(self._read * self._row_bytes)
            file.write(b"".join(rows))
            file.truncate()
        with self._keys.open("r+b") as file:
            file.seek(HEADER.size + self._read * ENTRY.size)
            file.write(b"".join(_entry(crop, zlib.crc32(row)) for crop, row in zip(new, rows, strict=True)))
            file.truncate()
        self._refresh()

    def _begin(self, classes: int) -> None:
        """Empty files. A reader of the old ones keeps them open, or finds its rows' checksums wrong."""
        for path in (self._keys, self._rows):
            path.unlink(missing_ok=True)
        self._rows.touch()
        # A number of its own tells a file that was begun anew from the one before.
        fields = (MAGIC, secrets.randbits(64), self._dimensions, classes)
        header = HEADER.pack(*fields, zlib.crc32(HEADER.pack(*fields, 0)))
        self._keys.write_bytes(header)
        self._forget(header)

    def _make_room(self, wanted: int, classes: int) -> None:
        """Under the lock: the least used fingerprints go, then, where that is not enough, this one's own rows."""
        held = {path: path.stat() for path in self._folder.iterdir() if path.suffix in (".rows", ".keys")}
        total = sum(stat.st_size for stat in held.values()) + wanted
        for path in sorted(held, key=lambda path: held[path].st_mtime):
            if total > self._most_bytes and path not in (self._rows, self._keys):
                total -= held[path].st_size
                path.unlink(missing_ok=True)
        if total > self._most_bytes:
            self._begin(classes)

    def _refresh(self) -> None:
        """Take in the entries that were added since the last look; forget all where the files are others."""
        try:
            with self._keys.open("rb") as file:
                header = file.read(HEADER.size)
                count = (os.fstat(file.fileno()).st_size - HEADER.size) // ENTRY.size
                if header != self._header or count < self._read:
                    self._forget(header)
                if self._classes < 0:
                    return
                file.seek(HEADER.size + self._read * ENTRY.size)
                data = file.read(max(0, count - self._read) * ENTRY.size)
        except FileNotFoundError:
            self._forget(b"")
            return
        for number, (crop, crc, check) in enumerate(ENTRY.iter_unpack(data)):
            if check == zlib.crc32(crop, crc):
                self._place[crop] = (self._read + number, crc)
        self._read += len(data) // ENTRY.size

    def _forget(self, header: bytes) -> None:
        """No row is known of the files with this header."""
        self._place: dict[bytes, tuple[int, int]] = {}
        self._read, self._header, self._classes = 0, header, self._classes_in(header)

    def _classes_in(self, header: bytes) -> int:
        """-1 where the header is not one of ours."""
        if len(header) != HEADER.size:
            return -1
        magic, number, dimensions, classes, crc = HEADER.unpack(header)
        fits = magic == MAGIC and dimensions == self._dimensions
        return int(classes) if fits and crc == zlib.crc32(HEADER.pack(magic, number, dimensions, classes, 0)) else -1


def _entry(crop: bytes, row_crc: int) -> bytes:
    return ENTRY.pack(crop, row_crc, zlib.crc32(crop, row_crc))
