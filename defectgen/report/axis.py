"""An axis: where round numbers lie, and how they are written under a figure."""

from __future__ import annotations

import math

from defectgen.report.number import MINUS

__all__ = ["round_ticks", "signed"]

STEPS = (1, 2, 5, 10)


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten in [low, high], at most `most` of them; both ends where they meet."""
    if high <= low:
        return [low]
    power = 10.0 ** (math.floor(math.log10((high - low) / most)))
    step = next((k * power for k in STEPS if (high - low) / (k * power) <= most - 1), 20 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def signed(value: float) -> str:
    """ "+5", "−2.5", "0"."""
    text = f"{value:+g}" if value else "0"
    return text.replace("-", MINUS)
