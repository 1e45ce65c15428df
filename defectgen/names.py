"""Names: what a book's entries are called, indexed for finding them in text."""

from __future__ import annotations

from functools import lru_cache

from defectgen.attribute import FILLERS, phrase_words
from defectgen.book import RecipeBook
from defectgen.lexicon import Lexicon, named
from defectgen.scatter import Scatter

__all__ = ["name_lexicon", "scattered_names"]


@lru_cache(maxsize=8)
def name_lexicon(book: RecipeBook) -> Lexicon:
    """Every name and synonym of a book."""
    return Lexicon([*named("defect", book.defect_owners), *named("material", book.material_owners)])


@lru_cache(maxsize=8)
def scattered_names(book: RecipeBook) -> Scatter:
    """Every name and synonym of a defect that is more than one word."""
    return Scatter(named("defect", book.defect_owners), FILLERS, phrase_words())
