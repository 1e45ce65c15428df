"""Drawing in SVG: elements as text, escaped, in the page's own colours by class names.

Lengths are user units. Every figure is a `role="img"` with a sentence for those who cannot see it.
"""

from __future__ import annotations

from html import escape

from markupsafe import Markup

__all__ = ["circle", "figure", "line", "path", "rect", "text"]


def figure(width: float, height: float, body: list[str], label: str, kind: str) -> Markup:
    """The whole drawing. label: what it shows, in words. kind: its class."""
    opening = f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}">'
    return Markup(f"{opening}{''.join(body)}</svg>")


def rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{height:.2f}"/>'


def line(x0: float, y0: float, x1: float, y1: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x0:.2f}" y1="{y0:.2f}" x2="{x1:.2f}" y2="{y1:.2f}"/>'


def circle(x: float, y: float, radius: float, kind: str) -> str:
    return f'<circle class="{kind}" cx="{x:.2f}" cy="{y:.2f}" r="{radius:g}"/>'


def path(points: list[tuple[float, float]], kind: str) -> str:
    """An open line through the points."""
    steps = " ".join(f"{'L' if k else 'M'}{x:.2f} {y:.2f}" for k, (x, y) in enumerate(points))
    return f'<path class="{kind}" d="{steps}"/>'


def text(x: float, y: float, words: str, kind: str, anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}">{escape(words)}</text>'
