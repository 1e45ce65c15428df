"""The lexicon: phrases that mean something, found in text whatever their inflection, spelling or spacing.

A phrase is compared by its *stem key*: each word in American spelling, stripped of plural, participle and adjective
endings, all joined without blanks, so that "blow holes", "blow-hole" and "blowhole" are one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from defectgen.spelling import edit_distance, nearest_spelling
from defectgen.stem import IRREGULAR, american, singular, stem

__all__ = [
    "How", "Lexicon", "Match", "Meaning", "american", "edit_distance", "named", "nearest_spelling",
    "pauses_of", "stem", "words_of",
]  # fmt: skip

How = Literal["exact", "synonym", "inflection", "typo", "nearest"]

PAUSE = re.compile(r"[,;:()\[\]/]+(?!\d)|\s[-\u2013\u2014]+\s")
WORD = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[%°]")


@dataclass(frozen=True)
class Meaning:
    """What a phrase stands for: a role (defect, material, severity, ...) and the entry's name within it."""

    role: str
    name: str


@dataclass(frozen=True)
class Match:
    """A phrase found at words [start, end) of the text. others: what else the same phrase stands for.

    scattered: the words that stand for it where other words lie between them; empty where all do.
    """

    start: int
    end: int
    meaning: Meaning
    how: How
    phrase: str
    others: tuple[Meaning, ...] = ()
    scattered: tuple[int, ...] = ()

    @property
    def places(self) -> tuple[int, ...]:
        """The words that stand for it, ascending."""
        return self.scattered or tuple(range(self.start, self.end))

    def said(self, words: Sequence[str]) -> str:
        """Those words."""
        return " ".join(words[i] for i in self.places)


def words_of(text: str) -> list[str]:
    """Words, numbers, and the signs % and ° of a text, in lower case; hyphens part words."""
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def pauses_of(text: str) -> frozenset[int]:
    """The words, by their place in `words_of`, before which a comma, a colon or the like stands."""
    clauses = [words_of(clause) for clause in PAUSE.split(unicodedata.normalize("NFKC", text))]
    return frozenset(accumulate(map(len, clauses)))


class Lexicon:
    """Phrases and their meanings."""

    def __init__(self, phrases: Iterable[tuple[str, Meaning]]) -> None:
        self._exact: dict[str, dict[Meaning, str]] = {}
        self._stems: dict[str, dict[Meaning, list[str]]] = {}
        self._longest = 1
        self.words: set[str] = set()
        for phrase, meaning in phrases:
            self._add(phrase, meaning)

    def _add(self, phrase: str, meaning: Meaning) -> None:
        words = words_of(phrase)
        self._exact.setdefault("".join(words), {}).setdefault(meaning, phrase)
        for key in keys(words):
            self._stems.setdefault(key, {}).setdefault(meaning, []).append(phrase)
        # A phrase that is one word may be typed as two.
        self._longest = max(self._longest, len(words) + 1)
        self.words.update(words)

    def matches(self, words: Sequence[str]) -> list[Match]:
        """All phrases in the text; those that overlap are left for the reader to choose from."""
        found = []
        for start in range(len(words)):
            for end in range(start + 1, min(start + self._longest, len(words)) + 1):
                match = self._match(words, start, end)
                found += [match] if match is not None else []
        return found

    def _match(self, words: Sequence[str], start: int, end: int) -> Match | None:
        part = words[start:end]
        if hits := self._exact.get("".join(part)):
            meaning, phrase = next(iter(hits.items()))
            plain = "".join(words_of(phrase)) == "".join(words_of(meaning.name))
            also = (other for other in self._bent(part) if other.role == meaning.role == "defect")
            others = tuple(dict.fromkeys([*hits, *also]))[1:]
            return Match(start, end, meaning, "exact" if plain else "synonym", phrase, others)
        if hits := self._bent(part):
            meaning, phrase = next(iter(hits.items()))
            return Match(start, end, meaning, "inflection", phrase, tuple(hits)[1:])
        return None

    def _bent(self, part: Sequence[str]) -> dict[Meaning, str]:
        """What words of these stems can mean: one trade has the "burrs" that another calls a "burr"."""
        near = next((self._stems[key] for key in keys(part) if key in self._stems), {})
        free = {m: known for m, known in near.items() if m.role not in ("defect", "material")}
        bent = {m: [phrase for phrase in known if bends(part, phrase)] for m, known in near.items()} | free
        return {m: known[0] for m, known in bent.items() if known}


def keys(words: Sequence[str]) -> tuple[str, ...]:
    """The stem keys of a phrase: of its words, and of the one word that they may be joined to, as in "mouse bites"."""
    return tuple(dict.fromkeys(("".join(map(stem, words)), stem("".join(words)))))


def bends(part: Sequence[str], phrase: str) -> bool:
    """Whether words of these stems can mean it: what is "foxed" has "foxing", a "fox" has not; no "milk" is "milky"."""
    noun = singular(part[-1]) if len(part) == 1 else ""
    derived = noun and phrase.endswith(("ing", "ed", "y", "ness"))
    return not derived or noun.endswith(("ing", "ed", "y")) or noun in IRREGULAR


def named(role: str, owners: Mapping[str, Sequence[str]]) -> list[tuple[str, Meaning]]:
    """Phrases and all that they name, the names themselves first so that they win over equal stems."""
    return sorted(
        ((phrase, Meaning(role, name)) for phrase, names in owners.items() for name in names),
        key=lambda item: item[0].replace(" ", "-") != item[1].name,
    )
