"""Names seen in a stream, 8 bytes each: which come twice, which are unknown, how often each value of one occurs.

A name stands for 64 bits of its BLAKE2b digest, so that 100,000 pictures take a few megabytes. Among a million names
chance makes two alike with probability 3e-8.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

__all__ = ["NameIndex", "mark"]

U64 = NDArray[np.uint64]


def mark(name: str) -> int:
    """64 bits that stand for a name."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "little")


class NameIndex:
    """A growing collection of names, in which the same name may come many times."""

    def __init__(self) -> None:
        self._marks = array("Q")

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, name: str) -> None:
        self._marks.append(mark(name))

    def marks(self) -> U64:
        """(n,) uint64, in the order of `add`; a copy."""
        return np.array(self._marks, np.uint64)

    def counts(self) -> NDArray[np.int64]:
        """How often each of the different names came, in no order that means anything."""
        return np.unique(self.marks(), return_counts=True)[1].astype(np.int64)

    def repeated(self) -> frozenset[int]:
        """Marks of the names that came more than once."""
        marks, counts = np.unique(self.marks(), return_counts=True)
        return frozenset(int(one) for one in marks[counts > 1])

    def freeze(self) -> Known:
        return Known(np.unique(self.marks()))


class Known:
    """A collection of names that can be asked."""

    def __init__(self, marks: U64) -> None:
        self._marks = marks

    def __contains__(self, name: str) -> bool:
        wanted = np.uint64(mark(name))
        place = int(np.searchsorted(self._marks, wanted))
        return place < self._marks.size and bool(self._marks[place] == wanted)
