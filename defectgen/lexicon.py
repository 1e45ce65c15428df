"""The lexicon: phrases that mean something, found in text whatever their inflection, spelling or spacing.

A phrase is compared by its *stem key*: each word in American spelling, stripped of plural, participle and adjective
endings, all joined without blanks, so that "blow holes", "blow-hole" and "blowhole" are one. Misspelt words are mended
by edit distance (Damerau 1964: insertion, deletion, substitution, transposition), only where one repair is plausible.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

__all__ = ["How", "Lexicon", "Match", "Meaning", "american", "nearest_spelling", "stem", "words_of"]

How = Literal["exact", "synonym", "inflection", "typo", "nearest"]

SPELLINGS = {
    "aluminium": "aluminum", "alu": "aluminum", "aluminimum": "aluminum", "grey": "gray", "fibre": "fiber",
    "fibres": "fibers", "mould": "mold", "moulded": "molded", "centre": "center", "tyre": "tire", "disc": "disk",
    "sulphide": "sulfide", "metre": "meter", "draught": "draft", "plough": "plow", "checker": "checker",
}  # fmt: skip
IRREGULAR = {
    "broken": "break", "broke": "break", "torn": "tear", "tore": "tear", "burnt": "burn", "bent": "bend",
    "corroded": "corrosion", "corrode": "corrosion", "corrodes": "corrosion", "corroding": "corrosion",
    "oxidized": "oxidation", "oxidizing": "oxidation", "wooden": "wood", "metallic": "metal", "porous": "pore",
    "abraded": "abrasion", "eroded": "erosion", "worn": "wear", "woven": "woven", "knitted": "knit", "wavy": "wave",
    "swollen": "swell", "split": "split", "leaves": "leaf", "leathery": "leather", "eyelashes": "eyelash",
    "inclusions": "inclusion", "included": "inclusion", "discolored": "discoloration", "soiled": "soil",
}  # fmt: skip
VOWELS = frozenset("aeiouy")
WORD = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[%°]")
TYPO_LENGTHS = ((9, 2), (5, 1))
"""(shortest word, edits allowed): shorter words have too many neighbours."""


@dataclass(frozen=True)
class Meaning:
    """What a phrase stands for: a role (defect, material, severity, ...) and the entry's name within it."""

    role: str
    name: str


@dataclass(frozen=True)
class Match:
    """A phrase found at words [start, end) of the text. others: what else the same phrase stands for."""

    start: int
    end: int
    meaning: Meaning
    how: How
    phrase: str
    others: tuple[Meaning, ...] = ()


def words_of(text: str) -> list[str]:
    """Words, numbers, and the signs % and ° of a text, in lower case; hyphens part words."""
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def american(word: str) -> str:
    """The American spelling."""
    if word in SPELLINGS:
        return SPELLINGS[word]
    word = re.sub(r"(?<=[a-z]{3})is(e|ed|es|ing|ation)$", r"iz\1", word) if len(word) > 6 else word
    return re.sub(r"(col|harb|lab|vap|od)our", r"\1or", word)


@cache
def stem(word: str) -> str:
    """The word without plural, participle, noun and adjective endings; not always a word itself."""
    word = american(word)
    word = IRREGULAR.get(word, word)
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("ches", "shes", "sses", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word[:-1]
    word = SPELLINGS.get(word, word)
    for ending, least in (("ing", 3), ("ed", 3), ("ion", 4), ("y", 3)):
        base = word.removesuffix(ending)
        if base != word and len(base) >= least and VOWELS & set(base):
            word = undoubled(base)
            break
    if word.endswith("at") and len(word) >= 7:
        word = word[:-2]
    return word.removesuffix("e") if len(word) > 3 else word


def undoubled(base: str) -> str:
    doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeioulsz"
    return base[:-1] if doubled else base


class Lexicon:
    """Phrases and their meanings."""

    def __init__(self, phrases: Iterable[tuple[str, Meaning]]) -> None:
        self._exact: dict[str, dict[Meaning, str]] = {}
        self._stems: dict[str, dict[Meaning, str]] = {}
        self._longest = 1
        self.words: set[str] = set()
        for phrase, meaning in phrases:
            self._add(phrase, meaning)

    def _add(self, phrase: str, meaning: Meaning) -> None:
        words = words_of(phrase)
        self._exact.setdefault("".join(words), {}).setdefault(meaning, phrase)
        self._stems.setdefault("".join(map(stem, words)), {}).setdefault(meaning, phrase)
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
        near = self._stems.get("".join(map(stem, part)), {})
        return {m: phrase for m, phrase in near.items() if m.role != "defect" or bends(part, phrase)}


def bends(part: Sequence[str], phrase: str) -> bool:
    """Whether words of a defect's stems can mean it: what is "foxed" has "foxing", a "fox" has not."""
    noun = part[-1] if len(part) == 1 else ""
    return not noun or not phrase.endswith("ing") or noun.endswith(("ing", "ed", "y")) or noun in IRREGULAR


def nearest_spelling(word: str, known: Iterable[str]) -> str | None:
    """The one known word that `word` misspells, or None: the first letter must stand, and the repair be unique."""
    allowed = next((edits for least, edits in TYPO_LENGTHS if len(word) >= least), 0)
    if not allowed:
        return None
    near: dict[int, list[str]] = {}
    for other in known:
        if other[0] == word[0] and abs(len(other) - len(word)) <= allowed and len(other) >= 4:
            near.setdefault(edit_distance(word, other), []).append(other)
    best = min(near, default=allowed + 1)
    if best > allowed or len({stem(other) for other in near[best]}) > 1:
        return None
    return sorted(near[best])[0]


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


def named(role: str, owners: Mapping[str, Sequence[str]]) -> list[tuple[str, Meaning]]:
    """Phrases and all that they name, the names themselves first so that they win over equal stems."""
    return sorted(
        ((phrase, Meaning(role, name)) for phrase, names in owners.items() for name in names),
        key=lambda item: item[0].replace(" ", "-") != item[1].name,
    )
