"""The nearest neighbour: the recipe's phrase that means most nearly what some unknown words mean.

Words of no language have no meaning to compare, and what means something else altogether has no neighbour: a run of
words is only compared where each can be read, and only kept where nothing of everyday life is nearer.

Thresholds, cosines between a run of unclaimed words and a recipe's phrase: NEAREST was set on half of 44 phrases that
describe a defect in words of no recipe and 44 that describe none. Parts of a run must pass the higher NEAREST_PART, and
only for materials: single words lie near to too much. A run that holds a made-up word must pass NEAREST_MADE_UP, and
any run must lie nearer to the phrase than to `everyday` life; these, and STRANGE, the lead of everyday life that makes
"a broken heart" no defect, were set on `eval/vocabulary/prompts/calibration.jsonl`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from defectgen.everyday import EVERYDAY, THINGS

__all__ = [
    "NEAREST", "NEAREST_MADE_UP", "STRANGE", "Encoder", "Neighbour", "Span", "doubt", "everyday", "nearest_phrase",
    "spans_of", "unlike_things",
]  # fmt: skip

NEAREST = 0.5
NEAREST_PART = 0.6
NEAREST_MADE_UP = 0.7
STRANGE = 0.1

Span = tuple[int, int]

ENDINGS = ("s", "es", "ed", "d", "ing", "y", "ly", "er", "ness", "less", "able", "ment", "ation", "ion", "ity", "al")
PREFIXES = ("un", "de", "re", "mis", "over", "under", "non", "inter")
SHORTEST_PART = 4
"""Letters of the shortest half of a compound."""


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

    def said(self, words: Sequence[str]) -> str:
        """The words of the span."""
        return " ".join(words[slice(*self.span)])


def nearest_phrase(
    role: str, words: Sequence[str], spans: Sequence[Span], phrases: Sequence[str], encoder: Encoder
) -> Neighbour:
    """The best pair of a span of the words and a phrase; of a material also of parts of a span."""
    best = _nearest(role, words, spans, phrases, encoder)
    parts = [part for span in spans for part in parts_of(span)] if role == "material" else []
    if best.sure < NEAREST and parts:
        part = _nearest(role, words, parts, phrases, encoder)
        best = part if part.sure >= NEAREST_PART else best
    return best


def _nearest(
    role: str, words: Sequence[str], spans: Sequence[Span], phrases: Sequence[str], encoder: Encoder
) -> Neighbour:
    texts = [" ".join(words[a:b]) for a, b in spans]
    cosines = encoder.similarity(texts, phrases)
    row, column = divmod(int(cosines.argmax()), len(phrases))
    return Neighbour(role, spans[row], texts[row], phrases[column], float(cosines[row, column]))


def doubt(best: Neighbour, known: Collection[str], encoder: Encoder) -> str:
    """Why the neighbour is not near enough to be meant; nothing where it is. known: words that need not be read."""
    if best.sure < NEAREST:
        return f"nearest is {best.phrase!r} at {best.sure:.2f} < {NEAREST}"
    made_up = not all(word in known or is_readable(word, encoder) for word in best.text.split())
    if made_up and best.sure < NEAREST_MADE_UP:
        return "it holds a word of no language"
    if everyday(best.text, encoder) > best.sure:
        return f"nearer to what is no {best.role} than to {best.phrase!r}"
    return ""


def parts_of(run: Span) -> list[Span]:
    """Shorter spans within a run, of one to three words."""
    start, end = run
    return [(a, b) for a in range(start, end) for b in range(a + 1, min(a + 3, end) + 1) if (a, b) != run]


def everyday(text: str, encoder: Encoder) -> float:
    """Cosine to the nearest words that are no defect."""
    return float(encoder.similarity([text], EVERYDAY).max())


def unlike_things(text: str, materials: Sequence[str], encoder: Encoder) -> float:
    """How much nearer the words are to everyday life than to any material or thing that may have a defect."""
    things = max(float(encoder.similarity([text], list(known)).max()) for known in (materials, THINGS))
    return everyday(text, encoder) - things


def is_readable(word: str, encoder: Encoder) -> bool:
    """Whether a word, what is left without its ending, or both halves of a compound are words of the language."""
    if encoder.knows(word):
        return True
    word = next((word.removeprefix(one) for one in PREFIXES if word.startswith(one) and len(word) > 5), word)
    if encoder.knows(word):
        return True
    for ending in ENDINGS:
        base = word.removesuffix(ending)
        forms = (base, base + "e", base[:-1] if base[-1:] == base[-2:-1] else base)
        if base != word and len(base) >= SHORTEST_PART and any(encoder.knows(one) for one in forms):
            return True
    cuts = range(SHORTEST_PART, len(word) - SHORTEST_PART + 1)
    return any(encoder.knows(word[:i]) and encoder.knows(word[i:]) for i in cuts)


def spans_of(places: Iterable[int], words: Sequence[str]) -> list[Span]:
    """Runs of neighbouring words; "of" joins what it stands between."""
    runs: list[Span] = []
    for i in places:
        if runs and (runs[-1][1] == i or words[runs[-1][1] : i] == ["of"]):
            runs[-1] = (runs[-1][0], i + 1)
        else:
            runs.append((i, i + 1))
    return runs
