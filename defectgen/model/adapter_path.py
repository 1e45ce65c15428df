"""Where adapters are, and how strongly they act: "FOLDER" or "FOLDER:SCALE". Reading them is `adapter`'s business."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from defectgen.errors import InputError

__all__ = ["RECIPES", "parse_adapter", "taught_recipes"]

RECIPES = "recipes.yaml"
MOST_SCALE = 2.0


def taught_recipes(folders: Sequence[Path]) -> list[Path]:
    """The recipe files of those adapters that teach new types; the same file once."""
    return list(dict.fromkeys(path for path in (folder / RECIPES for folder in folders) if path.is_file()))


def parse_adapter(text: str) -> tuple[Path, float]:
    """Folder and scale of "FOLDER" or "FOLDER:SCALE"; InputError for a scale that is none."""
    folder, colon, number = text.rpartition(":")
    if not colon or Path(text).exists():
        return Path(text), 1.0
    try:
        scale = float(number)
    except ValueError:
        return Path(text), 1.0
    if not 0 < scale <= MOST_SCALE:
        raise InputError(f"adapter scale is {number}; expected more than 0 and at most {MOST_SCALE:g}")
    return Path(folder), scale
