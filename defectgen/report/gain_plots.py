"""The figures of a trial: paired differences, learning curves, and gain against the ratio of synthetic pictures.

All are in hundredths of the metric ("points"); leading metrics are better where they are higher.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from defectgen.gain.effect import effect_in_words
from defectgen.gain.paired import Paired
from defectgen.gain.verdict import Verdict
from defectgen.report.axis import round_ticks, signed
from defectgen.report.svg import circle, figure, line, path, text

__all__ = ["Band", "Span", "curves", "paired_axis", "paired_figure", "ratio_figure", "span_of"]

Axis = Callable[[float], float]
WIDTH, HEIGHT, AXIS_HEIGHT = 340.0, 34.0, 20.0
SIDE, CAP = 10.0, 4.0
DOTS_Y, WHISKER_Y = 10.0, 24.0
ROOM = 0.06
LEAST = 1.0
"""Points to each side that an axis shows at least, so that next to nothing looks like it."""
CARD_W, CARD_H = 300.0, 170.0
LEFT, RIGHT, TOP, BASE = 34.0, 8.0, 8.0, 146.0
TICKS = 5


@dataclass(frozen=True)
class Span:
    """What an axis of differences covers, in points; holds 0."""

    low: float
    high: float

    def x(self, value: float, width: float = WIDTH, left: float = SIDE, right: float = SIDE) -> float:
        return left + (value - self.low) / (self.high - self.low) * (width - left - right)


def span_of(found: Sequence[Paired]) -> Span:
    """One axis for all of them, at least LEAST points to each side."""
    seen = [-LEAST, LEAST]
    for one in found:
        seen += [100 * value for _, value in one.per_draw]
        seen += [100 * value for value in (one.low, one.high) if value is not None]
    low, high = min(seen), max(seen)
    room = ROOM * (high - low)
    return Span(low - room, high + room)


def paired_figure(one: Verdict, span: Span) -> Markup:
    """A dot for each draw, the mean as a bar, and its interval below them."""
    paired = one.paired
    body = [line(span.x(0), 0, span.x(0), HEIGHT, "zero")]
    body += [circle(span.x(100 * value), DOTS_Y, 3.5, "dot") for _, value in paired.per_draw]
    if paired.low is not None and paired.high is not None:
        low, high = span.x(100 * paired.low), span.x(100 * paired.high)
        body.append(line(low, WHISKER_Y, high, WHISKER_Y, "whisker"))
        body += [line(at, WHISKER_Y - CAP, at, WHISKER_Y + CAP, "whisker") for at in (low, high)]
    middle = span.x(100 * paired.effect)
    body.append(line(middle, WHISKER_Y - 7, middle, WHISKER_Y + 7, "middle"))
    return figure(WIDTH, HEIGHT, body, f"{one.arm}: {one.words}; {one.range_words}", "paired")


def paired_axis(span: Span) -> Markup:
    """The numbers under the figures of a table."""
    body = [line(SIDE, 1, WIDTH - SIDE, 1, "axis")]
    for value in round_ticks(span.low, span.high, TICKS):
        body += [line(span.x(value), 1, span.x(value), 5, "axis"), text(span.x(value), 17, signed(value), "tick")]
    return figure(WIDTH, AXIS_HEIGHT, body, "difference to real pictures alone, in points", "paired")


@dataclass(frozen=True)
class Band:
    """Curves of one arm, at the steps that its trainings share: mean and deviation of the metric on val, in points."""

    steps: tuple[float, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]

    @classmethod
    def of(cls, runs: Sequence[Sequence[tuple[float, float]]]) -> Band:
        """runs: (step, value) of each training; steps that not all have are left out."""
        tables = [dict(run) for run in runs]
        shared = sorted(set.intersection(*(set(table) for table in tables))) if tables else []
        if not shared:
            return cls((), (), ())
        values = 100 * np.array([[table[step] for step in shared] for table in tables])
        spread = values.std(axis=0, ddof=1) if len(tables) > 1 else np.zeros(len(shared))
        return cls(tuple(shared), tuple(map(float, values.mean(axis=0))), tuple(map(float, spread)))

    @property
    def top(self) -> float:
        return max((m + s for m, s in zip(self.mean, self.spread, strict=True)), default=0.0)


def curves(ours: Band, base: Band, top: float, label: str) -> Markup:
    """The arm's band and line over those of real only. top: of the axis, the same for the figures of a task."""
    last = max([*ours.steps, *base.steps, 1.0])

    def x(step: float) -> float:
        return LEFT + step / last * (CARD_W - LEFT - RIGHT)

    def y(value: float) -> float:
        return BASE - min(max(value, 0.0), top) / top * (BASE - TOP)

    body = _grid(round_ticks(0, top, 5), y)
    for band, kind in ((base, "base"), (ours, "ours")):
        upper = [(x(s), y(m + d)) for s, m, d in zip(band.steps, band.mean, band.spread, strict=True)]
        lower = [(x(s), y(m - d)) for s, m, d in zip(band.steps, band.mean, band.spread, strict=True)]
        body.append(path([*upper, *reversed(lower)], f"area {kind}"))
        body.append(path([(x(s), y(m)) for s, m in zip(band.steps, band.mean, strict=True)], f"curve {kind}"))
    body += [text(x(step), CARD_H - 8, f"{step:g}", "tick") for step in round_ticks(0, last, 6)]
    return figure(CARD_W, CARD_H, body, label, "chart")


def ratio_figure(points: Sequence[Verdict], span: Span) -> Markup:
    """Effect with its interval at each ratio, evenly spaced. span: of the upright axis."""

    def y(value: float) -> float:
        return BASE - (value - span.low) / (span.high - span.low) * (BASE - TOP)

    places = [LEFT + (k + 0.5) / len(points) * (CARD_W - LEFT - RIGHT) for k in range(len(points))]
    body = [*_grid(round_ticks(span.low, span.high, TICKS), y, signed), line(LEFT, y(0), CARD_W - RIGHT, y(0), "zero")]
    body.append(path([(at, y(100 * one.paired.effect)) for at, one in zip(places, points, strict=True)], "curve ours"))
    for at, one in zip(places, points, strict=True):
        if one.paired.low is not None and one.paired.high is not None:
            low, high = y(100 * one.paired.low), y(100 * one.paired.high)
            body.append(line(at, low, at, high, "whisker"))
            body += [line(at - CAP, end, at + CAP, end, "whisker") for end in (low, high)]
        body.append(circle(at, y(100 * one.paired.effect), 4, "dot"))
        body.append(text(at, CARD_H - 8, f"{one.ratio:g} to 1", "tick"))
    said = "; ".join(f"{one.ratio:g} to 1: {effect_in_words(one.metric, one.paired.effect)}" for one in points)
    return figure(CARD_W, CARD_H, body, f"{points[0].arm}: {said}", "chart")


def _grid(ticks: Sequence[float], y: Axis, show: Callable[[float], str] = "{:g}".format) -> list[str]:
    body = []
    for value in ticks:
        body.append(line(LEFT, y(value), CARD_W - RIGHT, y(value), "grid"))
        body.append(text(LEFT - 5, y(value) + 4, show(value), "tick", "end"))
    return body
