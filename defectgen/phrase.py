"""Phrases: names and synonyms as they are compared, and the entries that they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["aliases", "owners", "phrase_key", "shortened"]


def phrase_key(phrase: str) -> str:
    """A name as it is compared: lower case, words parted by single blanks."""
    return " ".join(phrase.lower().replace("-", " ").replace("_", " ").split())


def owners(entries: Iterable[Any]) -> Mapping[str, tuple[str, ...]]:
    """Every name and synonym to the names of all entries that it names: those called so first, then the general
    domain's, then the others."""
    found: dict[str, list[tuple[bool, bool, int, str]]] = {}
    for i, entry in enumerate(entries):
        own = phrase_key(entry.name)
        for phrase in dict.fromkeys([own, *map(phrase_key, entry.synonyms)]):
            found.setdefault(phrase, []).append((phrase != own, entry.domain != "general", i, entry.name))
    return MappingProxyType({phrase: tuple(one[-1] for one in sorted(ranks)) for phrase, ranks in found.items()})


def aliases(entries: Iterable[Any]) -> Mapping[str, str]:
    """Every name and synonym to the first of its owners, so that a name always means itself."""
    return MappingProxyType({phrase: names[0] for phrase, names in owners(entries).items()})


def shortened(text: str, most: int = 60) -> str:
    """The text in one line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 3]}..."
