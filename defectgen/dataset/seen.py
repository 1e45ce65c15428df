"""Which pictures came before: a hash table of 16 bytes an entry, half to four fifths full, and the names on the disk.

Two files are the same where 64 bits of their sha256 agree, two annotations of one file where 32 bits of theirs do:
among 100,000 pictures chance pairs two with probability 3e-10.
"""

from __future__ import annotations

import tempfile
from array import array
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

__all__ = ["Prior", "Seen"]

EMPTY = 0
FULL = 0.8
GROWTH = 1.6


class Prior:
    """An earlier picture of the same bytes. number: its place in the set; same: whether its annotation agrees too."""

    def __init__(self, number: int, name: str, same: bool) -> None:
        self.number, self.name, self.same = number, name, same


class Seen:
    """The pictures kept so far; use it as a context, which drops the names at the end."""

    def __init__(self, size: int = 1024) -> None:
        assert size > 1, "a table always keeps a free place"
        self._keys, self._marks, self._numbers = _table(size)
        self._names = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        self._offsets = array("Q")
        self._count = 0

    def __enter__(self) -> Seen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._names.close()

    @property
    def nbytes(self) -> int:
        """Memory that the pictures take."""
        return self._keys.nbytes + self._marks.nbytes + self._numbers.nbytes + self._offsets.itemsize * self._count

    def find(self, sha256: str, annotation: bytes) -> Prior | None:
        """The picture of the same file, if one was added."""
        key = _key(sha256)
        slot = self._slot(key)
        if self._keys[slot] == EMPTY:
            return None
        number = int(self._numbers[slot])
        return Prior(number, self._name(number), int(self._marks[slot]) == _mark(annotation))

    def add(self, sha256: str, annotation: bytes, name: str) -> None:
        """Take the next number for a picture that `find` did not know."""
        if self._count + 1 > FULL * len(self._keys):
            self._grow()
        slot = self._slot(key := _key(sha256))
        self._keys[slot], self._marks[slot], self._numbers[slot] = key, _mark(annotation), self._count
        self._offsets.append(self._names.seek(0, 2))
        self._names.write(name.encode("utf-8", "surrogateescape") + b"\0")
        self._count += 1

    def _slot(self, key: int) -> int:
        """Where the key lies, or the free place where it belongs: linear probing."""
        size = len(self._keys)
        slot = key % size
        while self._keys[slot] not in (EMPTY, key):
            slot = (slot + 1) % size
        return slot

    def _grow(self) -> None:
        old = (self._keys, self._marks, self._numbers)
        self._keys, self._marks, self._numbers = _table(int(len(self._keys) * GROWTH))
        for key, mark, number in zip(*old, strict=True):
            if key != EMPTY:
                slot = self._slot(int(key))
                self._keys[slot], self._marks[slot], self._numbers[slot] = key, mark, number

    def _name(self, number: int) -> str:
        end = self._offsets[number + 1] if number + 1 < len(self._offsets) else self._names.seek(0, 2)
        self._names.seek(self._offsets[number])
        return self._names.read(end - self._offsets[number])[:-1].decode("utf-8", "surrogateescape")


def _table(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint32]]:
    return np.zeros(size, np.uint64), np.zeros(size, np.uint32), np.zeros(size, np.uint32)


def _key(sha256: str) -> int:
    return int(sha256[:16], 16) or 1


def _mark(annotation: bytes) -> int:
    return int.from_bytes(annotation[:4], "big")
