"""Korean and Chinese: text without reliable blanks, cut into names.

Of all ways to cut it, the one that leaves the fewest characters unnamed and then has the fewest pieces is taken, by
dynamic programming over the characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from defectgen.foreign.letters import folded_script
from defectgen.foreign.names import Named, NameTable, Role
from defectgen.foreign.piece import Piece

__all__ = ["cut_script"]

PLAIN = re.compile(r"[a-z0-9µ]+(?:[.,]\d+)?[%°]?|[%°]")
UNNAMED = 1000
PIECE = 2
PARTICLE = 1


@dataclass(frozen=True)
class Cut:
    """The best way to cut the text up to some character: its cost, and the last piece and where that began."""

    cost: int
    start: int
    named: Named | None
    follows: bool
    """Whether a particle may come next."""


def cut_script(text: str, table: NameTable, *, blanks: bool) -> list[Piece]:
    """The pieces of a text. blanks: whether blanks part words, so that a name begins at a word or after a name."""
    folded, at = folded_script(text, table.traditional)
    cuts = best_cuts(folded, table, blanks=blanks)
    pieces: list[Piece] = []
    end = len(folded)
    while end > 0:
        cut = cuts[end]
        if folded[cut.start : end] != " ":
            named = cut.named
            role: Role | None = named.role if named else None
            english = named.english if named else ""
            pieces.append(Piece(at[cut.start], at[end - 1] + 1, role, english))
        end = cut.start
    return without_loose(joined(pieces[::-1]))


def best_cuts(folded: str, table: NameTable, *, blanks: bool) -> dict[int, Cut]:
    """The best cut up to every character that one can end at."""
    cuts = {0: Cut(0, 0, None, False)}

    def offer(end: int, cut: Cut) -> None:
        if end not in cuts or cut.cost < cuts[end].cost:
            cuts[end] = cut

    for i in range(len(folded)):
        here = cuts[i]
        if folded[i] == " ":
            offer(i + 1, Cut(here.cost, i, None, False))
            continue
        offer(i + 1, Cut(here.cost + UNNAMED, i, None, False))
        fresh = i == 0 or folded[i - 1] == " "
        if fresh or here.follows or not blanks:
            for end, named in names_at(folded, i, table):
                offer(end, Cut(here.cost + PIECE, i, named, True))
            if (plain := PLAIN.match(folded, i)) and (fresh or not folded[i - 1].isascii()):
                offer(plain.end(), Cut(here.cost + PIECE, i, Named("word", plain.group()), True))
        if here.follows and not fresh:
            for particle in table.file.particles:
                if folded.startswith(particle, i):
                    offer(i + len(particle), Cut(here.cost + PARTICLE, i, Named("filler", ""), True))
    return cuts


def names_at(folded: str, start: int, table: NameTable) -> list[tuple[int, Named]]:
    """The names that begin here, with or without blanks between their characters."""
    found, name = [], ""
    for end in range(start, len(folded)):
        if folded[end] == " ":
            continue
        name += folded[end]
        if len(name) > table.longest:
            break
        # A name in Latin letters ends where these end.
        whole = not (name[-1].isascii() and folded[end + 1 : end + 2].isascii() and folded[end + 1 : end + 2].isalnum())
        if name in table.names and whole:
            found.append((end + 1, table.names[name]))
    return found


def joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbouring characters without a name, as one piece."""
    kept: list[Piece] = []
    for piece in pieces:
        if kept and piece.role is None and kept[-1].role is None and kept[-1].end == piece.start:
            kept[-1] = Piece(kept[-1].start, piece.end, None, "")
        else:
            kept.append(piece)
    return kept


def without_loose(pieces: list[Piece]) -> list[Piece]:
    """A name of one character beside characters without a name is part of another word."""
    ends = {piece.end for piece in pieces if piece.role is None}
    starts = {piece.start for piece in pieces if piece.role is None}
    kept = []
    for piece in pieces:
        short = piece.role in ("defect", "material", "word") and piece.end - piece.start == 1
        loose = short and not piece.english.isdigit() and (piece.start in ends or piece.end in starts)
        kept.append(Piece(piece.start, piece.end, None, "") if loose else piece)
    return joined(kept)
