"""The trade's form: what a trade calls a general defect on its own material.

"Capsule dent" names a type of pharmacy; so "dimpled gelcaps" and "a dent in this capsule" mean it too,
although their words for the dent are those of every trade and their word for the capsule is another of its names.
"""

from __future__ import annotations

from collections.abc import Sequence

from defectgen.book import RecipeBook
from defectgen.choice import LISTED, choose, fit
from defectgen.lexicon import words_of
from defectgen.names import scattered_names
from defectgen.stem import stem

__all__ = ["trade_form"]


def trade_form(words: Sequence[str], general: str, material: str, book: RecipeBook) -> str | None:
    """The type that is called by the name of the material and these words, or None.

    words: those of the prompt that say the defect. general: the type that they name on any material; the trade's form
        is only looked for where this belongs to no trade.
    """
    if book.defects[general].domain != "general":
        return None
    found = scattered_names(book).types(frozenset(stem(word) for word in (*words, *words_of(material))))
    on = book.materials[material]
    own_forms = [name for name in found if book.defects[name].domain != "general"]
    listed = [name for name in own_forms if fit(book.defects[name], on)[0] == LISTED]
    return choose(listed, material, book).name if listed else None
