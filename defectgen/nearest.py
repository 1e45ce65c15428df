"""The nearest neighbour: the recipe's phrase that means most nearly what some unknown words mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Encoder", "Neighbour", "Span", "nearest_phrase", "parts_of"]

Span = tuple[int, int]


class Encoder(Protocol):
    """What is needed of `model.text.TextEncoder`."""

    def similarity(self, a: Sequence[str], b: Sequence[str]) -> Any:
        """Cosines, (len(a), len(b))."""

    def knows(self, word: str) -> bool:
        """Whether this is a word of the language rather than a slip of the keys."""


@dataclass(frozen=True)
class Neighbour:
    """The recipe's phrase that lies nearest to the words of a span, and their cosine."""

    role: str
    span: Span
    text: str
    phrase: str
    sure: float


def nearest_phrase(
    role: str, words: Sequence[str], spans: Sequence[Span], phrases: Sequence[str], encoder: Encoder
) -> Neighbour:
    """The best pair of a span of the words and a phrase."""
    texts = [" ".join(words[a:b]) for a, b in spans]
    cosines = encoder.similarity(texts, phrases)
    row, column = divmod(int(cosines.argmax()), len(phrases))
    return Neighbour(role, spans[row], texts[row], phrases[column], float(cosines[row, column]))


def parts_of(run: Span) -> list[Span]:
    """Shorter spans within a run, of one to three words."""
    start, end = run
    return [(a, b) for a in range(start, end) for b in range(a + 1, min(a + 3, end) + 1) if (a, b) != run]
