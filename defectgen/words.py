"""What the words of a prompt or a caption mean in numbers: the one vocabulary that both read.

Severity runs from 0, barely visible, to 1, gross. A size word places a defect on the logarithmic scale of its own
type's usual sizes, 0 the smallest and 1 the largest, so that a small stain may be larger than a large pore.
Directions are degrees counter-clockwise from the x axis, modulo 180.
"""

from __future__ import annotations

import math

from defectgen.recipe import Range

__all__ = [
    "COUNT", "DIRECTION", "ELONGATED", "LENGTH", "REGIONS", "SEVERITY", "SIZE", "direction_word", "size_from_relative",
    "size_to_relative", "words_at",
]  # fmt: skip

SEVERITY: dict[str, Range] = {
    "barely visible": (0.0, 0.12),
    "faint": (0.0, 0.25),
    "subtle": (0.02, 0.25),
    "slight": (0.05, 0.3),
    "light": (0.1, 0.35),
    "shallow": (0.1, 0.35),
    "mild": (0.1, 0.4),
    "minor": (0.1, 0.4),
    "moderate": (0.35, 0.65),
    "visible": (0.4, 0.7),
    "clear": (0.45, 0.75),
    "pronounced": (0.6, 0.85),
    "strong": (0.65, 0.9),
    "deep": (0.65, 0.95),
    "heavy": (0.7, 0.95),
    "severe": (0.75, 1.0),
    "gross": (0.85, 1.0),
    "extreme": (0.9, 1.0),
}

SIZE: dict[str, Range] = {
    "tiny": (-0.35, 0.12),
    "small": (0.0, 0.35),
    "medium": (0.35, 0.65),
    "medium-sized": (0.35, 0.65),
    "large": (0.65, 1.0),
    "big": (0.65, 1.0),
    "huge": (0.9, 1.35),
}

LENGTH: dict[str, Range] = {"short": (0.0, 0.35), "long": (0.65, 1.1)}
"""Size words of elongated kinds."""

ELONGATED = frozenset({"crack", "scratch", "fibre", "fold", "weave"})

COUNT: dict[str, tuple[int, int]] = {
    "a": (1, 1),
    "an": (1, 1),
    "one": (1, 1),
    "single": (1, 1),
    "two": (2, 2),
    "pair of": (2, 2),
    "couple of": (2, 2),
    "both": (2, 2),
    "three": (3, 3),
    "four": (4, 4),
    "five": (5, 5),
    "six": (6, 6),
    "seven": (7, 7),
    "eight": (8, 8),
    "nine": (9, 9),
    "ten": (10, 10),
    "twelve": (12, 12),
    "dozen": (12, 12),
    "few": (2, 4),
    "some": (2, 4),
    "several": (3, 6),
    "multiple": (3, 6),
    "various": (3, 6),
    "cluster of": (4, 9),
    "group of": (3, 6),
    "scattered": (4, 9),
    "lots of": (6, 12),
    "many": (6, 12),
    "numerous": (6, 12),
    "countless": (9, 16),
}

DIRECTION: dict[str, float] = {"horizontal": 0.0, "diagonal": 45.0, "vertical": 90.0}

REGIONS = (
    "edge", "corner", "centre", "top", "bottom", "left", "right",
    "top-left", "top-right", "bottom-left", "bottom-right",
)  # fmt: skip

MIN_SPREAD = 2.0
"""Ratio of largest to smallest size that size words need to mean something; narrower types are widened to it."""


def words_at(table: dict[str, Range], value: float) -> list[str]:
    """The words whose range holds the value."""
    return [word for word, (low, high) in table.items() if low <= value <= high]


def direction_word(degrees: float, tolerance: float = 15.0) -> str | None:
    """The word for a direction, or None when it lies between the words; both diagonals are called diagonal."""
    folded = abs((degrees + 90.0) % 180.0 - 90.0)
    for word, angle in DIRECTION.items():
        if abs(folded - angle) <= tolerance:
            return word
    return None


def size_from_relative(usual: Range, relative: float) -> float:
    """The size at a place of the type's logarithmic scale, as a fraction of the part's shorter side, at most 0.95."""
    low, high = log_span(usual)
    return min(math.exp(low + relative * (high - low)), 0.95)


def size_to_relative(usual: Range, size: float) -> float:
    """The place of a size on the type's logarithmic scale; inverse of `size_from_relative`."""
    low, high = log_span(usual)
    return (math.log(size) - low) / (high - low)


def log_span(usual: Range) -> Range:
    low, high = math.log(usual[0]), math.log(usual[1])
    short = max(0.0, math.log(MIN_SPREAD) - (high - low)) / 2
    return low - short, high + short
