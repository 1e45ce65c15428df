"""What a licence lets one do with a picture: SPDX identifiers and the plain words that data sets come with.

    own             the user's own pictures, or parts of this project's library
    commercial      a licence that allows products to be built on it, whatever else it asks for
    non-commercial  research, teaching or private use alone
    unknown         nothing stated, or words that this table does not know: ask before a product is built on it

A set is as free as its least free picture. This is a help in sorting, no legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

__all__ = ["TERMS", "Terms", "count_terms", "notice", "terms"]

Terms = Literal["own", "commercial", "non-commercial", "unknown"]
TERMS: tuple[Terms, ...] = get_args(Terms)
LEAST_FREE: tuple[Terms, ...] = ("non-commercial", "unknown", "commercial", "own")

OWN = {"own", "user"}
FREE_WORDS = {
    "0bsd", "afl", "agpl", "apache", "artistic", "bsd", "bsl", "bzip2", "cc0", "cdla", "cecill", "ecl", "epl", "eupl",
    "gfdl", "gpl", "isc", "lgpl", "mit", "mpl", "ncsa", "odbl", "odc", "ofl", "pddl", "unlicense", "wtfpl", "zlib",
}  # fmt: skip
FREE_PHRASES = ("public-domain", "cc-pddc", "cc-by")
RESTRICTED_WORDS = {"academic", "education", "educational", "evaluation", "nc", "noncommercial", "research"}
RESTRICTED_PHRASES = ("non-commercial", "not-for-commercial", "no-commercial")
# The words of a restriction that are also part of a free licence's name.
EXCEPTIONS = ("educational-community-license",)


def terms(licence: str) -> Terms:
    """The terms of one licence, or of SPDX identifiers joined by AND (all bind) and OR (one may be chosen)."""
    choices = [_all_of(part) for part in re.split(r"\s+or\s+", _plain(licence))]
    return max(choices, key=LEAST_FREE.index)


def _plain(licence: str) -> str:
    return re.sub(r"[()]", " ", licence).strip().lower()


def _all_of(text: str) -> Terms:
    return min((_one(part) for part in re.split(r"\s+and\s+", text)), key=LEAST_FREE.index)


def _one(name: str) -> Terms:
    key = re.sub(r"[^a-z0-9.]+", "-", name).strip("-. ")
    if key in OWN:
        return "own"
    words = set(key.split("-"))
    known = any(phrase in key for phrase in EXCEPTIONS)
    if not known and (words & RESTRICTED_WORDS or any(phrase in key for phrase in RESTRICTED_PHRASES)):
        return "non-commercial"
    if known or words & FREE_WORDS or any(key.startswith(phrase) for phrase in FREE_PHRASES):
        return "commercial"
    return "unknown"


def count_terms(licences: Mapping[str, int]) -> dict[Terms, int]:
    """Pictures by terms, of pictures by licence; terms without a picture are left out."""
    counts: dict[Terms, int] = {}
    for licence, count in licences.items():
        counts[terms(licence)] = counts.get(terms(licence), 0) + count
    return {key: counts[key] for key in TERMS if key in counts}


def notice(licences: Mapping[str, int]) -> str | None:
    """One line on what keeps a set out of products; None where nothing does."""
    counts, total = count_terms(licences), sum(licences.values())
    said = [
        f"{counts[key]:,} of {total:,} pictures {words} ({_names(licences, key)})"
        for key, words in (("non-commercial", "are for non-commercial use only"), ("unknown", "state no known licence"))
        if key in counts
    ]
    return f"{' and '.join(said)}: keep this set, and what is trained on it, out of products" if said else None


def _names(licences: Iterable[str], wanted: str) -> str:
    return ", ".join(repr(one) if " " in one or not one else one for one in licences if terms(one) == wanted)
