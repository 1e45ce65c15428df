"""Refusals: prompts that hold nothing to read, or that ask for no defect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from defectgen.errors import PromptError
from defectgen.lexicon import Match
from defectgen.nearest import STRANGE, Encoder, unlike_things
from defectgen.phrase import shortened

__all__ = ["HELP", "check_words", "refuse_negation", "refuse_strange"]

NEGATIONS = frozenset({"no", "without", "free", "non", "never"})
MAX_WORDS = 60
EXAMPLES = "try 'hairline crack on brushed aluminum' or '2 deep scratches on painted metal near the edge'; all names: "
HELP = EXAMPLES + "defectgen recipes list"


def check_words(text: str, words: Sequence[str]) -> None:
    """PromptError for a prompt without words, or with too many."""
    if not any(word.isalpha() for word in words):
        raise PromptError(f"the prompt {shortened(text)!r} holds no words; {HELP}")
    if len(words) > MAX_WORDS:
        raise PromptError(f"the prompt has {len(words)} words, expected at most {MAX_WORDS}; {HELP}")


def refuse_strange(text: str, phrase: str, things: Iterable[str], materials: Sequence[str], encoder: Encoder) -> None:
    """PromptError for "a broken heart": one word that may mean a defect, said of what has no surface.

    things: the runs of words that the prompt has beside the defect. materials: all names of them.
    """
    for thing in things:
        if unlike_things(thing, materials, encoder) > STRANGE:
            raise PromptError(
                f"the prompt {shortened(text)!r} says {phrase!r} of {thing!r}, which no material or part is near to; "
                f"{HELP}"
            )


def refuse_negation(defects: Iterable[Match], words: Sequence[str], original: Sequence[str]) -> None:
    """PromptError for "no scratches" and "rust free"; original: the words before their spelling was mended."""
    for match in defects:
        before = words[max(0, match.start - 2) : match.start]
        after = words[match.end : match.end + 1]
        if NEGATIONS & set(before) or list(after) == ["free"]:
            phrase = " ".join(original[match.start : match.end])
            raise PromptError(f"the prompt asks for no {phrase}, expected a defect to make; {HELP}")
