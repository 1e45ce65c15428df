"""Spelling: which words a misspelt word may stand for.

The distance is Damerau's (1964): insertions, deletions, substitutions and transpositions of neighbours. Short words
have many neighbours, so the number of slips that a word may hold grows with its length.
"""

from __future__ import annotations

from collections.abc import Iterable

from defectgen.stem import stem

__all__ = ["edit_distance", "is_swapped", "nearest_spelling", "spellings"]

TYPO_LENGTHS = ((9, 2), (4, 1))
"""(shortest word, edits allowed): shorter words have too many neighbours."""

SWAP = 0
SHORTEST_SWAP = 4
"""Letters of the shortest word in which two neighbours may have changed places, such as "dnet"."""


def nearest_spelling(word: str, known: Iterable[str]) -> str | None:
    """The one known word that `word` misspells, or None: the first letter must stand, and the repair be unique."""
    near = spellings(word, known) if len(word) > SHORTEST_SWAP else []
    return near[0] if len({stem(other) for other in near}) == 1 else None


def spellings(word: str, known: Iterable[str]) -> list[str]:
    """All known words that `word` may misspell equally well, sorted; the first letter stands or has been swapped.

    Two letters that have changed places are likelier than any other slip.
    """
    allowed = next((edits for least, edits in TYPO_LENGTHS if len(word) >= least), 0)
    near: dict[int, list[str]] = {}
    for other in known:
        if is_swapped(word, other):
            near.setdefault(SWAP, []).append(other)
        elif allowed and other[0] == word[0] and abs(len(other) - len(word)) <= allowed and len(other) >= 4:
            near.setdefault(edit_distance(word, other), []).append(other)
    best = min(near, default=allowed + 1)
    return sorted(near.get(best, ())) if best <= max(allowed, 1) else []


def is_swapped(a: str, b: str) -> bool:
    """Whether two neighbouring letters of a, and nothing else, have changed places."""
    if len(a) != len(b) or len(a) < SHORTEST_SWAP or a == b:
        return False
    i = next(i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y)
    return a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :]


def edit_distance(a: str, b: str) -> int:
    """Insertions, deletions, substitutions and transpositions of neighbours that turn a into b."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = previous
    return row[-1]
