"""Card files: the JSON beside weights that says what they are, read strictly and of one format only."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from defectgen.errors import WeightsError

__all__ = ["read_card_file"]

Card = TypeVar("Card", bound=BaseModel)


def read_card_file(path: Path, schema: type[Card], kind: str, absent: str, known: int) -> Card:
    """The card, which has a field `format`. kind: what it is a card of. absent: the message where there is none.

    WeightsError where it is missing, damaged, or of another format than `known`.
    """
    if not path.is_file():
        raise WeightsError(absent)
    try:
        card = schema.model_validate_json(path.read_text("utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path}: not {kind} ({str(error).splitlines()[0]})") from error
    found = getattr(card, "format", None)
    if found != known:
        raise WeightsError(f"{path}: format {found}, expected {known}; install the matching defectgen")
    return card
