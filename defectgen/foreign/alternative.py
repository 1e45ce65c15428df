"""Names of several meanings: a Riss is a crack in steel and a tear in cloth.

Where a name stands under several English phrases, parted by " / ", it means the one whose type is the most at home on
the prompt's material, as `choice.fit` ranks them; of equals, and without a material, the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from defectgen.book import RecipeBook, phrase_key
from defectgen.choice import fit
from defectgen.foreign.piece import Piece
from defectgen.recipe import Material

__all__ = ["PARTED", "settled"]

PARTED = " / "


def settled(pieces: Sequence[Piece], book: RecipeBook) -> tuple[Piece, ...]:
    """The pieces with one meaning each."""
    material = next(named_materials(pieces, book), None)

    def rank(phrase: str) -> tuple[int, int]:
        return min(fit(book.defects[name], material) for name in book.defect_owners[phrase_key(phrase)])

    return tuple(
        replace(piece, english=min(piece.english.split(PARTED), key=rank)) if PARTED in piece.english else piece
        for piece in pieces
    )


def named_materials(pieces: Sequence[Piece], book: RecipeBook) -> Iterator[Material]:
    """The materials of the prompt, each read together with the word before it where that makes another one."""
    for before, piece in zip([None, *pieces], pieces, strict=False):
        if piece.role == "material":
            qualified = phrase_key(f"{before.english} {piece.english}") if before is not None else ""
            alias = book.material_aliases.get(qualified) or book.material_aliases.get(phrase_key(piece.english))
            if alias is not None:
                yield book.materials[alias]
