"""A score as a bar: its value from 0, a whisker for its interval, and behind it the band of its floor."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from defectgen.metric.result import Interval, Score
from defectgen.report.number import show_interval
from defectgen.report.svg import figure, line, rect

__all__ = ["chance_bar", "floor_bar"]

Axis = Callable[[float], float]
WIDTH, HEIGHT, THICK, CAP = 240.0, 26.0, 8.0, 4.0
ROOM = 1.06
CHANCE = 0.5


def floor_bar(score: Score) -> Markup:
    """The drawing of one score that has a value."""
    assert score.value is not None
    low, high = _span(score)
    scale = (WIDTH - 2) / (high - low)

    def x(value: float) -> float:
        return 1 + (value - low) * scale

    body = [] if score.floor is None else _band(score.floor, x)
    left, right = sorted((x(0), x(score.value.value)))
    body.append(rect(left, (HEIGHT - THICK) / 2, max(right - left, 1.5), THICK, "value"))
    body.append(line(x(0), 2, x(0), HEIGHT - 2, "axis"))
    body += _whisker(score.value, x)
    return figure(WIDTH, HEIGHT, body, _label(score), "bar")


def _ends(interval: Interval) -> tuple[float, float]:
    if interval.low is None or interval.high is None:
        return interval.value, interval.value
    return interval.low, interval.high


def _span(score: Score) -> tuple[float, float]:
    """The axis: from 0 to the largest number in sight; of shares, to 1 at least."""
    assert score.value is not None
    seen = [0.0, score.value.value, *_ends(score.value), *(_ends(score.floor) if score.floor else ())]
    low, high = min(seen), max([*seen, *([1.0] if score.better == "higher" else [])])
    room = (ROOM - 1) * (high - low or 1.0)
    return low - (room if low < 0 else 0), high + room


def _whisker(value: Interval, x: Axis) -> list[str]:
    if value.low is None or value.high is None:
        return []
    a, b, middle = x(value.low), x(value.high), HEIGHT / 2
    ends = [line(at, middle - CAP, at, middle + CAP, "whisker") for at in (a, b)]
    return [line(a, middle, b, middle, "whisker"), *ends]


def _label(score: Score) -> str:
    assert score.value is not None
    floor = "" if score.floor is None else f"; two halves of the real pictures: {show_interval(score.floor)}"
    return f"{score.metric}: {show_interval(score.value)}{floor}"


def chance_bar(value: Interval, floor: Interval | None, label: str) -> Markup:
    """An AUROC on an axis from 0 to 1: a bar from chance, 0.5, with its whisker, and the band of its floor."""

    def x(at: float) -> float:
        return 1 + min(max(at, 0.0), 1.0) * (WIDTH - 2)

    body = [] if floor is None else _band(floor, x)
    left, right = sorted((x(CHANCE), x(value.value)))
    body.append(rect(left, (HEIGHT - THICK) / 2, max(right - left, 1.5), THICK, "value"))
    body += [line(x(end), HEIGHT / 2 - 3, x(end), HEIGHT / 2 + 3, "axis") for end in (0.0, 1.0)]
    body += [line(x(0), HEIGHT / 2, x(1), HEIGHT / 2, "axis"), line(x(CHANCE), 0, x(CHANCE), HEIGHT, "axis")]
    return figure(WIDTH, HEIGHT, [*body, *_whisker(value, x)], f"{label}: {show_interval(value)}", "bar")


def _band(floor: Interval, x: Axis) -> list[str]:
    start, end = (x(at) for at in _ends(floor))
    return [
        rect(start, 0, max(end - start, 2), HEIGHT, "band"), line(x(floor.value), 0, x(floor.value), HEIGHT, "mid"),
    ]  # fmt: skip
