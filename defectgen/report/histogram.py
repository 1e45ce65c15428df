"""A distribution as a drawing: real defects as filled columns, those of the set as a line over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from markupsafe import Markup

from defectgen.metric.result import Distribution
from defectgen.report.number import MINUS, show_number
from defectgen.report.svg import figure, line, path, rect, text

__all__ = ["histogram"]

WIDTH, HEIGHT, BASE = 320.0, 132.0, 110.0
TOP, TICKS = 8.0, 6
SIDE = 8.0


def histogram(distribution: Distribution) -> Markup:
    """Shares against the measure; dashed lines at the medians."""
    edges = distribution.edges
    scale = (WIDTH - 2 * SIDE) / (edges[-1] - edges[0])
    most = max(*distribution.share_set, *distribution.share_real)

    def x(value: float) -> float:
        return SIDE + (min(max(value, edges[0]), edges[-1]) - edges[0]) * scale

    def y(share: float) -> float:
        return BASE - share / most * (BASE - TOP)

    body = [
        rect(x(a) + 0.5, y(share), x(b) - x(a) - 1, BASE - y(share), "real")
        for a, b, share in zip(edges, edges[1:], distribution.share_real, strict=False)
    ]
    steps = [(x(edges[0]), BASE)]
    for a, b, share in zip(edges, edges[1:], distribution.share_set, strict=False):
        steps += [(x(a), y(share)), (x(b), y(share))]
    body.append(path([*steps, (x(edges[-1]), BASE)], "set"))
    body.append(line(SIDE, BASE, WIDTH - SIDE, BASE, "axis"))
    for value, kind in ((distribution.median_real, "median real"), (distribution.median_set, "median set")):
        body.append(line(x(value), TOP, x(value), BASE, kind))
    body += _ticks(edges, x)
    return figure(WIDTH, HEIGHT, body, _label(distribution), "histogram")


def _ticks(edges: tuple[float, ...], x: Callable[[float], float]) -> list[str]:
    low, high = edges[0], edges[-1]
    step = next(step for step in _round_steps((high - low) / TICKS) if step * TICKS >= high - low)
    values = [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [text(x(value), HEIGHT - 6, f"{value:g}".replace("-", MINUS), "tick") for value in values]


def _round_steps(least: float) -> Iterator[float]:
    """1, 2 and 5 times powers of ten, from somewhat below `least` upwards."""
    power = 10.0 ** (math.floor(math.log10(least)) - 1)
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def _label(distribution: Distribution) -> str:
    ours, theirs = show_number(distribution.median_set), show_number(distribution.median_real)
    return f"{distribution.measure}: half of the set's defects lie under {ours}, half of the real ones under {theirs}"
