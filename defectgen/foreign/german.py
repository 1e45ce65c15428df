"""German: words in any inflection, and compounds cut into the names that they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from defectgen.foreign.letters import folded_german
from defectgen.foreign.names import Named, NameTable
from defectgen.foreign.piece import Piece
from defectgen.lexicon import nearest_spelling

__all__ = ["cut_german", "is_german"]

MOST_WORDS = 4
SHORTEST_PART = 3
SHORTEST_HEAD = 4
SHORTEST_MENDED = 6
ADJECTIVE = ("e", "er", "es", "en", "em")


@dataclass(frozen=True)
class Word:
    """Folded characters [start, end) of the prompt."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Part:
    """A part of a compound, as characters [start, end) of the word; named: None where no name covers it."""

    start: int
    end: int
    named: Named | None


def is_german(word: str, table: NameTable) -> bool:
    """Whether a single folded word is a German one that the table knows, by itself, as a compound or in a phrase."""
    return bool(parts_of(word, table)) or not phrase_parts(table).isdisjoint(forms_of(word, table))


def cut_german(text: str, table: NameTable, is_english: Callable[[str], bool]) -> list[Piece]:
    """The pieces of a text; those of a compound follow each other without a gap. is_english: words to leave alone."""
    folded, at = folded_german(text)
    words = list(words_of(folded))
    pieces: list[Piece] = []
    i = 0
    while i < len(words):
        count, named = phrase_at(words, i, table)
        if named is not None:
            first, last = words[i], words[i + count - 1]
            pieces.append(Piece(at[first.start], at[last.end - 1] + 1, named.role, named.english))
        else:
            pieces += word_pieces(words[i], at, table, is_english)
        i += count
    return pieces


def words_of(folded: str) -> Iterator[Word]:
    start = 0
    for text in folded.split(" "):
        bare = text.strip(".,")
        if bare:
            begin = start + text.index(bare)
            yield Word(bare, begin, begin + len(bare))
        start += len(text) + 1


def phrase_at(words: list[Word], i: int, table: NameTable) -> tuple[int, Named | None]:
    """The longest name that begins at a word, and of how many words it is; names may be joined or parted."""
    phrases = phrase_index(table)
    for count in range(min(MOST_WORDS, len(words) - i), 1, -1):
        forms = [forms_of(word.text, table) for word in words[i : i + count]]
        for combination in product(*forms):
            named = phrases.get(" ".join(combination)) or table.names.get("".join(combination))
            if named is not None and named.role != "filler":
                return count, named
    return 1, None


@lru_cache(maxsize=4)
def phrase_index(table: NameTable) -> dict[str, Named]:
    """Names of several words, each also with its adjectives bare of their endings."""
    index = {}
    for name, named in table.names.items():
        words = name.split(" ")
        if len(words) > 1:
            index[" ".join([*map(without_ending, words[:-1]), words[-1]])] = named
            index[name] = named
    return index


@lru_cache(maxsize=4)
def phrase_parts(table: NameTable) -> frozenset[str]:
    """Every word of a name of several words."""
    return frozenset(word for phrase in phrase_index(table) for word in phrase.split(" "))


def without_ending(word: str) -> str:
    """An adjective without its ending."""
    return next((word[: -len(one)] for one in ADJECTIVE if word.endswith(one) and len(word) > len(one) + 3), word)


def forms_of(word: str, table: NameTable) -> list[str]:
    """The word, and what is left of it without each ending that it has."""
    bare = [
        word.removesuffix(ending)
        for ending in table.file.endings
        if word.endswith(ending) and len(word) >= SHORTEST_PART + max(len(ending), 2)
    ]
    return [word, *(one for one in bare if one != word)]


def whole(word: str, table: NameTable) -> Named | None:
    """What one name in any inflection stands for."""
    return next((table.names[form] for form in forms_of(word, table) if form in table.names), None)


def parts_of(word: str, table: NameTable) -> list[Part]:
    """The names that a word is made of: itself, or the fewest parts of a compound; none where it is no such."""
    named = whole(word, table)
    if named is not None:
        return [Part(0, len(word), named)]
    found = []
    for cut in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
        front = table.names.get(word[:cut]) or table.names.get(f"{word[:cut]}e")
        if front is None or front.role == "filler":
            continue
        for link in ("", *table.file.links):
            rest = word[cut:].removeprefix(link) if word[cut:].startswith(link) else ""
            tail = parts_of(rest, table) if len(rest) >= SHORTEST_PART else []
            if tail and not any(part.named and part.named.role == "filler" for part in tail):
                by = len(word) - len(rest)
                shifted = [Part(part.start + by, part.end + by, part.named) for part in tail]
                found.append([Part(0, by, front), *shifted])
    # Of equally many parts the longest head says most.
    return min(found, key=lambda parts: (len(parts), parts[-1].start), default=[])


def headed(word: str, table: NameTable) -> list[Part]:
    """A compound of which only the head is known, as its unknown front and the head."""
    for cut in range(SHORTEST_PART + 1, len(word) - SHORTEST_HEAD + 1):
        named = whole(word[cut:], table)
        if named is not None and named.role in ("defect", "material"):
            return [Part(0, cut, None), Part(cut, len(word), named)]
    return []


def word_pieces(word: Word, at: list[int], table: NameTable, is_english: Callable[[str], bool]) -> list[Piece]:
    """The pieces of one word: names, what is left beside a known head, or the word as one that nobody knows."""
    start, end = at[word.start], at[word.end - 1] + 1
    parts = parts_of(word.text, table)
    if not parts and (is_english(word.text) or not any(char.isalpha() for char in word.text)):
        return [Piece(start, end, "word", word.text)]
    if parts := parts or headed(word.text, table):
        spans = ((at[word.start + p.start], at[word.start + p.end - 1] + 1, p.named) for p in parts)
        return [Piece(a, b, named.role if named else None, named.english if named else "") for a, b, named in spans]
    better = nearest_spelling(word.text, table.names) if len(word.text) >= SHORTEST_MENDED else None
    if better is not None and table.names[better].role != "filler":
        return [Piece(start, end, table.names[better].role, table.names[better].english, better)]
    return [Piece(start, end, None, "")]
