"""Card files: the JSON beside weights that says what they are, read strictly and of one format only."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from defectgen.errors import WeightsError

__all__ = ["AdapterCard", "read_card_file"]

Card = TypeVar("Card", bound=BaseModel)


class AdapterCard(BaseModel):
    """What fine-tuning says of an adapter, whatever the model.

    rank: None for method full. defects, materials: names that it was trained on. pictures, good_pictures, licences:
    what it was trained on, with the counts of each licence. val_loss: before and after, on windows kept from training;
    None where there were none to keep.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    method: Literal["lora", "full"]
    rank: int | None
    defects: tuple[str, ...]
    materials: tuple[str, ...]
    pictures: int
    good_pictures: int
    licences: dict[str, int]
    set_sha256: str
    seed: int
    steps_trained: int
    seconds: float
    val_loss: tuple[float, float] | None

    @property
    def lines(self) -> str:
        """For a card in words: the pictures, and how well it does."""
        licences = ", ".join(f"{name} ({count})" for name, count in sorted(self.licences.items()))
        val = "none kept" if self.val_loss is None else f"{self.val_loss[0]:.4f} before, {self.val_loss[1]:.4f} after"
        return (
            f"- trained on {self.pictures} pictures with defects and {self.good_pictures} good ones; licences: "
            f"{licences}\n- loss on windows kept from training: {val}\n"
        )


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
