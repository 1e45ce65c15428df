"""A prompt in another language as English words, each with the stretch of the prompt that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from defectgen.attribute import FILLERS, phrase_words
from defectgen.book import RecipeBook
from defectgen.foreign.alternative import settled
from defectgen.foreign.german import cut_german, is_german
from defectgen.foreign.letters import folded_german, has_han, has_hangul
from defectgen.foreign.names import NameTable, load_names
from defectgen.foreign.piece import Piece
from defectgen.foreign.script import cut_script
from defectgen.lexicon import stem, words_of

__all__ = ["Translation", "translate"]

NAMES = ("defect", "material")
JOINTS = {"material": "on", "defect": "with", "word": "at"}
"""Words that mean nothing to the reader and keep apart what the prompt keeps apart."""


@dataclass(frozen=True)
class Translation:
    """A prompt and its pieces. language: its English name."""

    text: str
    language: str
    pieces: tuple[Piece, ...]

    @cached_property
    def words(self) -> tuple[tuple[str, Piece | None], ...]:
        """English words, each with the piece that it stands for; None for a word that only parts two names."""
        return tuple(english_words(self.pieces))

    @property
    def english(self) -> str:
        """The prompt in English, without what no name covers."""
        return " ".join(word for word, _ in self.words)

    @property
    def plain(self) -> str:
        """The same as one would write it: "deep scratch", not "deep with scratch"."""
        before = [None, *(piece for _, piece in self.words)]
        shown = zip(self.words, before, strict=False)
        return " ".join(
            word for (word, piece), last in shown if piece is not None or last is None or last.role != "word"
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """The user's words that no name covers."""
        return tuple(self.text[piece.start : piece.end] for piece in self.pieces if piece.role is None)

    def own(self, pieces: Sequence[Piece]) -> str:
        """The user's own words from the first to the last of some pieces."""
        return self.text[min(p.start for p in pieces) : max(p.end for p in pieces)]


def english_words(pieces: Sequence[Piece]) -> Iterator[tuple[str, Piece | None]]:
    before: Piece | None = None
    parted = False
    for piece in pieces:
        if not piece.english:
            parted = True
            continue
        if before is not None and piece.role is not None and needs_joint(before, piece, parted=parted):
            yield JOINTS[piece.role], None
        yield from ((word, piece) for word in words_of(piece.english))
        before, parted = piece, False


def needs_joint(before: Piece, piece: Piece, *, parted: bool) -> bool:
    """Whether two pieces would make another name together, "fine" and "hairline crack", that nobody has written."""
    if piece.role == "defect":
        return before.role != "defect" or parted
    return before.role == "defect" if piece.role == "material" and not parted else parted and before.role in NAMES


def translate(text: str, book: RecipeBook) -> Translation | None:
    """A Korean, Chinese or German prompt in English; None for any other."""
    if has_hangul(text):
        table = load_names("ko")
        return Translation(text, table.language, settled(text, cut_script(text, table, blanks=True), table, book))
    if has_han(text):
        table = load_names("zh")
        return Translation(text, table.language, settled(text, cut_script(text, table, blanks=False), table, book))
    known = english_stems(book)

    def is_english(word: str) -> bool:
        return all(one in FILLERS or stem(one) in known for one in words_of(word) if one.isalpha())

    words = [word for word in text.split() if any(map(str.isalpha, word))]
    # Whoever writes in English need not wait for the German names to be read.
    if all(map(is_english, words)) or not speaks_german(words, load_names("de"), is_english):
        return None
    table = load_names("de")
    return Translation(text, table.language, settled(text, cut_german(text, table, is_english), table, book))


def speaks_german(words: Sequence[str], table: NameTable, is_english: Callable[[str], bool]) -> bool:
    """Whether more words are German and not English than the other way round."""
    german = [is_german(folded_german(word)[0].strip(".,"), table) for word in words]
    english = list(map(is_english, words))
    return sum(g and not e for g, e in zip(german, english, strict=True)) > sum(
        e and not g for g, e in zip(german, english, strict=True)
    )


@lru_cache(maxsize=8)
def english_stems(book: RecipeBook) -> frozenset[str]:
    """Stems of every word that stands in a name of the book or says how a defect looks."""
    phrases = (*book.defect_owners, *book.material_owners)
    return frozenset(map(stem, phrase_words())) | {stem(word) for phrase in phrases for word in words_of(phrase)}
