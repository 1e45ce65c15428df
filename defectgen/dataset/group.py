"""Groups: the pictures of a set that must stay on one side of a split, because they show one piece.

Ties between two pictures: the group that the source gave them (or that a regular expression finds in their source's
name), the same source file, and, where pictures are searched, being copies or twins (`near_duplicate`). A group is
what ties hold together, and is named after its first picture's source group.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.near_duplicate import OWN, Search, Twin, find_twins
from defectgen.dataset.union import Union
from defectgen.errors import InputError
from defectgen.record import Record

__all__ = ["Grouping", "Tie", "group_names", "group_pictures"]


@dataclass(frozen=True)
class Tie:
    """What a picture brings along: the name of its source group, and the sha256 of its source file."""

    group: str
    source_sha256: str


@dataclass(frozen=True)
class Grouping:
    """Groups of n pictures, in the set's order.

    groups: name of each picture's group. twins: ties that the pictures themselves gave, best first.
    strangers: (n,) likeness of each picture to the nearest one outside its group; None where no pictures were searched.
    """

    groups: tuple[str, ...]
    twins: tuple[Twin, ...] = ()
    strangers: NDArray[np.float32] | None = None

    def sizes(self) -> Counter[str]:
        """Pictures of each group."""
        return Counter(self.groups)


def group_names(records: Iterable[Record], pattern: str | None) -> list[Tie]:
    """The ties of records; `pattern` on `source` names the group: its first bracket, or else the whole match."""
    ties = [Tie(record.group, record.source_sha256) for record in records] if pattern is None else []
    if pattern is None:
        return ties
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise InputError(f"--group-by {pattern!r} is no regular expression: {error}; mend it") from None
    missed = 0
    for record in records:
        match = regex.search(record.source)
        missed += match is None
        name = match.group(1 if regex.groups else 0) if match else None
        ties.append(Tie(name or record.source, record.source_sha256))
    if ties and missed == len(ties):
        raise InputError(f"--group-by {pattern!r} matches none of {missed} source names; mend it")
    return ties


def group_pictures(
    ties: Sequence[Tie], details: NDArray[np.floating] | None = None, threshold: float = OWN
) -> Grouping:
    """Group pictures by their ties and, where (n, S, S) details are given, by what they show."""
    tied = Union(len(ties))
    first: dict[tuple[str, str], int] = {}
    for i, tie in enumerate(ties):
        for key in (("group", tie.group), ("file", tie.source_sha256)):
            tied.join(first.setdefault(key, i), i)
    search = None if details is None else find_twins(details, threshold)
    for twin in search.twins if search else ():
        tied.join(twin.first, twin.second)
    roots = tied.roots()
    names = tuple(ties[root].group for root in roots)
    if search is None:
        return Grouping(names)
    return Grouping(names, search.twins, _strangers(search, np.asarray(roots)))


def _strangers(search: Search, roots: NDArray[np.integer]) -> NDArray[np.float32]:
    """Likeness of the nearest neighbour of another group; of the last neighbour where all are of the same."""
    index, likeness = search.near.index, search.near.likeness
    if not index.shape[1]:
        return np.zeros(len(roots), np.float32)
    others = roots[index] != roots[:, None]
    others[:, -1] = True
    return np.asarray(likeness[np.arange(len(roots)), np.argmax(others, axis=1)], np.float32)
