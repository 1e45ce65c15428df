"""Reading a foreign prompt: the English reader reads its translation, and answers in the user's own words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from defectgen.book import RecipeBook
from defectgen.errors import PromptError
from defectgen.foreign.piece import Piece
from defectgen.foreign.translation import Translation, translate
from defectgen.phrase import shortened
from defectgen.spec import Reading, Understanding

__all__ = ["in_english"]

P = ParamSpec("P")
Parser = Callable[Concatenate[str, RecipeBook, P], Understanding]

MENDED = 0.8
"""How sure a misspelt foreign word is read, as an English one."""


def in_english(parse: Parser[P]) -> Parser[P]:
    """Lets a reader of English prompts read German, Korean and Chinese ones; English ones pass as they are.

    Every word that no name covers is reported as unknown. Raises PromptError when none is covered.
    """

    @wraps(parse)
    def read(text: str, book: RecipeBook, *args: P.args, **kwargs: P.kwargs) -> Understanding:
        found = translate(unicodedata.normalize("NFKC", text), book)
        if found is None:
            return parse(text, book, *args, **kwargs)
        if not found.english:
            words = ", ".join(map(repr, dict.fromkeys(map(shortened, found.unknown)))) or "nothing"
            read_in = f"read in {found.language}; unknown: {words}"
            raise PromptError(
                f"the prompt {shortened(text)!r} names no defect that the recipes hold ({read_in}); "
                "all names, in English: defectgen recipes list"
            )
        try:
            understood = parse(found.english, book, *args, **kwargs)
        except PromptError as error:
            raise PromptError(str(error).replace(repr(shortened(found.english)), repr(shortened(text)))) from None
        return in_own_words(understood, found, text)

    return read


def in_own_words(understood: Understanding, found: Translation, text: str) -> Understanding:
    """What was understood of the translation, told of the prompt itself."""
    unknown = tuple(dict.fromkeys([*understood.unknown, *found.unknown]))
    notices = [line for line in understood.notices if not line.startswith("not used: ")]
    notices += [f"{found.own([p])!r} read as {p.mended!r}" for p in found.pieces if p.mended]
    notices.append(f"read in {found.language} as {found.english!r}")
    if unknown:
        notices.append(f"not used: {', '.join(unknown)}")
    return replace(
        understood,
        spec=understood.spec.model_copy(update={"prompt": text}),
        readings=tuple(own_readings(understood.readings, found)),
        unknown=unknown,
        notices=tuple(notices),
    )


def own_readings(readings: tuple[Reading, ...], found: Translation) -> Iterator[Reading]:
    """The readings with the user's words in place of the English ones."""
    english = [word for word, _ in found.words]
    used: set[int] = set()
    for reading in readings:
        words = reading.words.split()
        starts = (i for i in range(len(english)) if english[i : i + len(words)] == words and i not in used)
        start = next(starts, None)
        span = range(0) if start is None else range(start, start + len(words))
        used.update(span)
        pieces: list[Piece] = [piece for i in span if (piece := found.words[i][1]) is not None]
        if not pieces:
            yield reading
        elif any(piece.mended for piece in pieces):
            yield replace(reading, words=found.own(pieces), how="typo", sure=min(reading.sure, MENDED))
        else:
            # A translation is no type's own name.
            yield replace(reading, words=found.own(pieces), how="synonym" if reading.how == "exact" else reading.how)
