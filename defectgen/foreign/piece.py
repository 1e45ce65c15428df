"""A piece of a foreign prompt: a stretch of its text and what it stands for in English."""

from __future__ import annotations

from dataclasses import dataclass

from defectgen.foreign.names import Role

__all__ = ["Piece"]


@dataclass(frozen=True)
class Piece:
    """Characters [start, end) of the prompt. role: None where no name covers them; english: "" for a filler."""

    start: int
    end: int
    role: Role | None
    english: str
    mended: str = ""
    """The name that a misspelt word was taken for."""
