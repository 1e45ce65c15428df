"""The trial's page: one HTML file that holds all it shows and asks nothing of a network or a script.

It looks as the audit's page does; templates and style sheets lie in templates/. Pictures are given, or left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.atomic import write_atomic
from defectgen.gain.effect import SAME_RATE, measure_of
from defectgen.gain.result import GainResult
from defectgen.gain.verdict import FEWEST_DRAWS, Verdict
from defectgen.report.gain_gallery import Gallery
from defectgen.report.gain_plots import Span, paired_axis, paired_figure, ratio_figure, span_of
from defectgen.report.gain_study import study_view
from defectgen.report.gain_terms import CAVEATS, arm_term
from defectgen.report.gain_view import LEVEL_CLASS, views_of
from defectgen.report.number import MINUS, counted
from defectgen.report.template import TEMPLATES, environment

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_gain_page", "write_gain_page"]

LARGE = 9.95
LEVEL_WORDS = {
    "trial": {"helps": "helps", "no evidence": "no evidence", "harms": "harms"},
    "rival": {"helps": "better", "no evidence": "no evidence", "harms": "worse"},
}


def write_gain_page(result: GainResult, path: Path, pictures: Sequence[Gallery] = ()) -> None:
    """Writes the page of a trial whole or not at all; without pictures where none are given."""
    write_atomic(path, render_gain_page(result, pictures).encode())


def render_gain_page(result: GainResult, pictures: Sequence[Gallery] = ()) -> str:
    """The same as HTML."""
    study, views = study_view(result), views_of(result)
    arms = list(dict.fromkeys(one.arm for view in views for one in view.verdicts))
    style = "\n".join((TEMPLATES / name).read_text("utf-8") for name in ("audit.css", "gain.css"))
    return _environment().get_template("gain.html.j2").render(
        study=study, views=views, arms=arms, galleries=pictures, style=style, caveats=CAVEATS,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    tools: dict[str, Any] = {
        "points": show_points, "hundred": show_hundred, "chance": show_chance, "counted": counted, "capital": capital,
        "small": small, "brief": brief,
    }  # fmt: skip
    functions = dict(
        paired_figure=paired_figure, paired_axis=paired_axis, ratio_figure=ratio_figure, arm_term=arm_term,
        measure_of=measure_of, level_class=LEVEL_CLASS, level_words=LEVEL_WORDS, span_of=_span,
        fewest_draws=FEWEST_DRAWS,
    )  # fmt: skip
    return environment(tools, functions)


def _span(found: Sequence[Verdict]) -> Span:
    return span_of([one.paired for one in found])


def show_points(effect: float) -> str:
    """A difference in hundredths with its sign: "+5.2", "−14"."""
    points = 100 * effect
    shown = f"{points:+.1f}" if abs(points) < LARGE else f"{points:+.0f}"
    return "0.0" if not shown.strip("+-0.") else shown.replace("-", MINUS)


def show_hundred(value: float) -> str:
    """A level in hundredths: "36.2"."""
    return f"{100 * value:.1f}"


def show_chance(p: float) -> str:
    """A probability as one reads it: "0.031", "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 1 else "1"


def capital(words: str) -> str:
    """With a capital in front, the rest as it is."""
    return words[:1].upper() + words[1:]


def brief(words: str) -> str:
    """Without what holds for all of a table."""
    return words.removesuffix(SAME_RATE)


def small(words: str) -> str:
    """With a small letter in front, unless it begins a name in capitals."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]
