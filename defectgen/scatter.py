"""Scattered phrases: names of several words that a prompt holds in another order, or with other words between them.

"The edge of the tile chipped off" holds "tile edge chip"; "tooth of the gear is cracked" holds "tooth crack". The words
are compared by their stems. Words that say how or where, such as "deep" or "edge", only count where they stand next to
the others or are joined to them by "of", since "a crack near the edge" is no "edge crack".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from defectgen.lexicon import Match, Meaning, words_of
from defectgen.stem import stem

__all__ = ["Scatter"]

LINKS = frozenset({"of", "in", "on", "the", "a", "an", "at", "to", "with", "from", "for", "by", "under", "through"})
"""Words of a phrase that may be missing or another in the text."""

JOINTS = frozenset({"of", "the", "a", "an", "is", "are", "was", "has", "been", "got", "its", "this", "that"})
"""Words between a word for a place and what it is a place of."""

DIVIDERS = frozenset({"and", "or", "but", "plus", "without", "no", "not", "next", "beside", "near"})
"""Words that part what is said of one thing from what is said of another."""

MOST_BETWEEN = 5


class Scatter:
    """Phrases of several words, known by the set of their stems.

    phrases: each with what it means. skipped: words that no scattered phrase may rest on. attributes: words that count
        where they touch the others.
    """

    def __init__(
        self, phrases: Iterable[tuple[str, Meaning]], skipped: Collection[str], attributes: Collection[str]
    ) -> None:
        self._owners: dict[frozenset[str], dict[Meaning, str]] = {}
        self._skipped, self._attributes = skipped, attributes
        for phrase, meaning in phrases:
            stems = frozenset(stem(word) for word in words_of(phrase) if word not in LINKS)
            if len(stems) > 1 and not {"s", "t"} & stems:
                self._owners.setdefault(stems, {}).setdefault(meaning, phrase)
        often = Counter(one for stems in self._owners for one in stems)
        self._by_stem: dict[str, list[frozenset[str]]] = {}
        for stems in self._owners:
            self._by_stem.setdefault(min(stems, key=lambda one: (often[one], one)), []).append(stems)

    def matches(self, words: Sequence[str]) -> list[Match]:
        """All such phrases in the text, those of most words first, then the tightest."""
        places = stem_places(words)
        held = (stems for one in places for stems in self._by_stem.get(one, ()) if stems <= places.keys())
        found = [match for stems in held for match in self._placed(stems, places, words)]
        return sorted(found, key=lambda m: (-len(m.places), m.end - m.start, m.start))

    def types(self, stems: frozenset[str]) -> tuple[str, ...]:
        """What the phrases of exactly these stems mean."""
        return tuple(meaning.name for meaning in self._owners.get(stems, ()))

    def _placed(
        self, stems: frozenset[str], places: Mapping[str, list[tuple[int, ...]]], words: Sequence[str]
    ) -> Iterator[Match]:
        used = tightest([places[one] for one in sorted(stems)])
        if used is None or not self._may_stand(used, words):
            return
        meanings = list(self._owners[stems])
        phrase = self._owners[stems][meanings[0]]
        yield Match(used[0], used[-1] + 1, meanings[0], "inflection", phrase, tuple(meanings[1:]), used)

    def _may_stand(self, used: tuple[int, ...], words: Sequence[str]) -> bool:
        between = [words[i] for i in range(used[0], used[-1]) if i not in used]
        if not between:
            return True
        if len(between) > MOST_BETWEEN or DIVIDERS & set(between) or any(words[i] in self._skipped for i in used):
            return False
        return all(joined(used, i, words) for i in used if words[i] in self._attributes)


def stem_places(words: Sequence[str]) -> dict[str, list[tuple[int, ...]]]:
    """Every stem in the text and the words that it stands for; two neighbours may be parts of one compound."""
    places: dict[str, list[tuple[int, ...]]] = {}
    for i, word in enumerate(words):
        places.setdefault(stem(word), []).append((i,))
    for i, (a, b) in enumerate(pairwise(words)):
        places.setdefault(stem(a + b), []).append((i, i + 1))
    return places


def tightest(choices: Sequence[Sequence[tuple[int, ...]]]) -> tuple[int, ...] | None:
    """One place for each stem, no word used twice, all as near to the first stem's as can be; ascending."""
    best: tuple[int, ...] | None = None
    for first in choices[0]:
        used = list(first)
        for others in choices[1:]:
            free = [place for place in others if not set(place) & set(used)]
            if not free:
                break
            used.extend(sorted(free, key=lambda place: abs(place[0] - first[0]))[0])
        else:
            ordered = tuple(sorted(used))
            if best is None or ordered[-1] - ordered[0] < best[-1] - best[0]:
                best = ordered
    return best


def joined(used: tuple[int, ...], i: int, words: Sequence[str]) -> bool:
    """Whether word i touches another used one, with nothing but joining words between them."""
    others = [j for j in used if j != i]
    return any(all(words[k] in JOINTS for k in range(min(i, j) + 1, max(i, j))) for j in others)
