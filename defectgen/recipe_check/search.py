"""Search: entries of the book by the words of their names, synonyms and descriptions, whatever their inflection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from defectgen.book import RecipeBook
from defectgen.lexicon import stem, words_of
from defectgen.recipe import Defect, Material

__all__ = ["Hit", "search"]

LEAST = 3


@dataclass(frozen=True)
class Hit:
    """An entry that holds every word, and the phrase of it that holds most of them."""

    entry: Defect | Material
    phrase: str
    score: int


def search(text: str, book: RecipeBook) -> list[Hit]:
    """Entries that hold every word of the text, those that are called so first."""
    wanted = [stem(word) for word in words_of(text)]
    entries: list[Defect | Material] = [*book.defects.values(), *book.materials.values()]
    hits = [hit for entry in entries if wanted and (hit := hit_of(entry, wanted)) is not None]
    return sorted(hits, key=lambda hit: -hit.score)


def hit_of(entry: Defect | Material, wanted: list[str]) -> Hit | None:
    names = (entry.name, *entry.synonyms)
    counts = [matched(wanted, words_of(phrase)) for phrase in names]
    everywhere = [word for phrase in (*names, entry.description) for word in words_of(phrase)]
    if matched(wanted, everywhere) < len(wanted):
        return None
    best = max(counts)
    phrase = names[counts.index(best)] if best else "its description"
    called = any(sorted(map(stem, words_of(name))) == sorted(wanted) for name in names)
    return Hit(entry, phrase, 3 * best + 2 * called + (counts[0] == best))


def matched(wanted: Iterable[str], words: Iterable[str]) -> int:
    """How many of the stems are, or begin, one of the words."""
    stems = {stem(word) for word in words}
    return sum(any(s == w or (len(w) >= LEAST and s.startswith(w)) for s in stems) for w in wanted)
