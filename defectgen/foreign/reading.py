"""Reading a foreign prompt: the English reader reads its translation, and answers in the user's own words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar, cast

from defectgen.book import RecipeBook
from defectgen.errors import PromptError
from defectgen.foreign.piece import Piece
from defectgen.foreign.translation import Translation, translate
from defectgen.phrase import shortened
from defectgen.spec import Reading, Understanding

__all__ = ["in_english"]

Parser = TypeVar("Parser", bound=Callable[..., Understanding])

MENDED = 0.8
"""How sure a misspelt foreign word is read, as an English one."""


def in_english(parse: Parser) -> Parser:
    """Lets a reader of English prompts read German, Korean and Chinese ones; English ones pass as they are.

    Every word that no name covers is reported as unknown. Raises PromptError when none is covered.
    """

    @wraps(parse)
    def read(text: str, book: RecipeBook, *args: Any, **kwargs: Any) -> Understanding:
        found = translate(unicodedata.normalize("NFKC", text), book)
        if found is None:
            return parse(text, book, *args, **kwargs)
        if not found.english:
            raise PromptError(nothing_known(text, found))
        try:
            understood = parse(found.english, book, *args, **kwargs)
        except PromptError as error:
            raise PromptError(str(error).replace(repr(shortened(found.english)), repr(shortened(text)))) from None
        return in_own_words(understood, found, text)

    return cast(Parser, read)


def nothing_known(text: str, found: Translation) -> str:
    words = ", ".join(map(repr, dict.fromkeys(map(shortened, found.unknown)))) or "nothing"
    return (
        f"the prompt {shortened(text)!r} names no defect that the recipes hold (read in {found.language}; "
        f"unknown: {words}); all names, in English: defectgen recipes list"
    )


def in_own_words(understood: Understanding, found: Translation, text: str) -> Understanding:
    """What was understood of the translation, told of the prompt itself."""
    unknown = tuple(dict.fromkeys([*understood.unknown, *found.unknown]))
    notices = [line for line in understood.notices if not line.startswith("not used: ")]
    notices += [f"{found.own([p])!r} read as {p.mended!r}" for p in found.pieces if p.mended]
    notices.append(f"read in {found.language} as {found.plain!r}")
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
        span = places(reading.words.split(), english, used)
        used.update(span)
        pieces: list[Piece] = [piece for i in span if (piece := found.words[i][1]) is not None]
        if not pieces:
            yield reading
        elif any(piece.mended for piece in pieces):
            yield replace(reading, words=found.own(pieces), how="typo", sure=min(reading.sure, MENDED))
        else:
            # How the English words were found is not how the user's were.
            translated = reading.how in ("exact", "inflection")
            how, sure = ("synonym", 1.0) if translated else (reading.how, reading.sure)
            yield replace(reading, words=found.own(pieces), how=how, sure=sure)  # type: ignore[arg-type]


def places(words: list[str], english: list[str], used: set[int]) -> list[int]:
    """Where words stand in the translation: side by side, or else each by itself."""
    free = [i for i in range(len(english)) if i not in used]
    starts = (i for i in free if english[i : i + len(words)] == words)
    start = next(starts, None)
    if start is not None:
        return list(range(start, start + len(words)))
    return [i for i in free if english[i] in words]
