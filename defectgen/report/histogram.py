"""A distribution as a drawing: real defects as filled columns, those of the set as a line over them."""

from __future__ import annotations

from markupsafe import Markup

from defectgen.metric.result import Distribution
from defectgen.report.number import show_number
from defectgen.report.svg import figure, line, path, rect, text

__all__ = ["histogram"]

WIDTH, HEIGHT, BASE = 320.0, 132.0, 110.0
TOP, TICKS = 8.0, 4
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


def _ticks(edges: tuple[float, ...], x: object) -> list[str]:
    assert callable(x)
    values = [edges[0] + k * (edges[-1] - edges[0]) / TICKS for k in range(TICKS + 1)]
    anchors = ["start", *["middle"] * (TICKS - 1), "end"]
    return [text(x(v), HEIGHT - 6, show_number(v), "tick", a) for v, a in zip(values, anchors, strict=True)]


def _label(distribution: Distribution) -> str:
    ours, theirs = show_number(distribution.median_set), show_number(distribution.median_real)
    return f"{distribution.measure}: half of the set's defects lie under {ours}, half of the real ones under {theirs}"
