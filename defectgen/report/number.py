"""Numbers as a reader wants them: three figures, an interval's bounds as fine as its value, thousands set apart."""

from __future__ import annotations

from collections.abc import Iterable

from defectgen.metric.result import Interval

__all__ = ["MINUS", "counted", "show_bounds", "show_interval", "show_number", "show_share", "show_value"]

MINUS = "\N{MINUS SIGN}"
STEPS = ((100.0, 0), (10.0, 1), (1.0, 2), (0.1, 3))
FINEST, LEAST = 4, 5e-4


def _digits(values: Iterable[float]) -> int | None:
    """Decimals for the largest of them; None where it is so small that only powers of ten tell it."""
    largest = max((abs(value) for value in values), default=0.0)
    if 0 < largest < LEAST:
        return None
    return next((digits for least, digits in STEPS if largest >= least), FINEST if largest else 0)


def _shown(value: float, digits: int | None) -> str:
    text = f"{value:.1e}" if digits is None else f"{value:,.{digits}f}"
    text = text.removeprefix("-") if not text.strip("-0.,") else text
    return text.replace("-", MINUS, 1) if text.startswith("-") else text


def show_number(value: float) -> str:
    """0.0123, 4.56, 789."""
    return _shown(value, _digits([value]))


def show_value(interval: Interval) -> str:
    """The value alone, as fine as its bounds are shown."""
    if interval.low is None or interval.high is None:
        return show_number(interval.value)
    return _shown(interval.value, _digits([interval.low, interval.high, interval.value]))


def show_bounds(interval: Interval) -> str:
    """The bounds alone, "0.0101 to 0.0140"; empty where there are none."""
    if interval.low is None or interval.high is None:
        return ""
    digits = _digits([interval.low, interval.high, interval.value])
    return f"{_shown(interval.low, digits)} to {_shown(interval.high, digits)}"


def show_interval(interval: Interval) -> str:
    """The value, with its bounds where it has any: "0.0123 [0.0101, 0.0140]"."""
    if interval.low is None or interval.high is None:
        return show_number(interval.value)
    digits = _digits([interval.low, interval.high, interval.value])
    shown = [_shown(value, digits) for value in (interval.value, interval.low, interval.high)]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"


def show_share(value: float) -> str:
    """A share in [0, 1] in per cent; one that is neither none nor all never looks so."""
    percent = 100 * value
    if 0 < percent < 0.1:
        return "< 0.1%"
    if 99.9 < percent < 100:
        return "> 99.9%"
    return f"{percent:.0f}%" if percent in (0, 100) or 10 <= percent < 99.5 else f"{percent:.1f}%"


def counted(n: int, noun: str) -> str:
    """ "1 picture", "1,200 pictures"."""
    return f"{n:,} {noun}{'s' * (n != 1)}"
