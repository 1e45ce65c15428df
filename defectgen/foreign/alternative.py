"""What a name means beside a material: a Riss is a crack in steel and a tear in cloth, a Lackriss is in paint.

Where a name stands under several English phrases, parted by " / ", it means the one whose type is the most at home on
the prompt's material, as `choice.fit` ranks them; of equals, and without a material, the first. Where a prompt names no
material but a defect whose name begins with one that the type is at home on, that material is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from defectgen.book import RecipeBook, phrase_key
from defectgen.choice import LISTED, fit
from defectgen.foreign.names import NameTable
from defectgen.foreign.piece import Piece
from defectgen.recipe import Material

__all__ = ["PARTED", "settled"]

PARTED = " / "


def settled(text: str, pieces: Sequence[Piece], table: NameTable, book: RecipeBook) -> tuple[Piece, ...]:
    """The pieces of a text with one meaning each, and the material that they imply."""
    if not any(piece.role == "material" or " with " in piece.english for piece in pieces):
        pieces = with_implied(text, pieces, table, book)
    material = next(named_materials(pieces, book), None)

    def rank(phrase: str) -> tuple[int, int]:
        return min(fit(book.defects[name], material) for name in owners_of(phrase, book))

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


def with_implied(text: str, pieces: Sequence[Piece], table: NameTable, book: RecipeBook) -> list[Piece]:
    """The pieces with the material before the first defect whose name begins with one."""
    for i, piece in enumerate(pieces):
        name = table.fold(text[piece.start : piece.end]) if piece.role == "defect" else ""
        types = (
            [book.defects[one] for part in piece.english.split(PARTED) for one in owners_of(part, book)] if name else []
        )
        for end in range(len(name) - 1, 0, -1):
            found = table.names.get(name[:end])
            alias = book.material_aliases.get(phrase_key(found.english)) if found and found.role == "material" else None
            if found and alias and any(fit(one, book.materials[alias])[0] == LISTED for one in types):
                return [*pieces[:i], Piece(piece.start, piece.end, "material", found.english), *pieces[i:]]
    return list(pieces)


def owners_of(phrase: str, book: RecipeBook) -> tuple[str, ...]:
    return book.defect_owners[phrase_key(phrase)]
