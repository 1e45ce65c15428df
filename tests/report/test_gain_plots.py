"""The figures of a trial: marks lie where their numbers are."""

from __future__ import annotations

import re

import pytest

from defectgen.gain.paired import Paired
from defectgen.gain.verdict import Verdict
from defectgen.report.axis import round_ticks, signed
from defectgen.report.gain_plots import Band, Span, curves, paired_figure, ratio_figure, span_of


def verdict(low: float | None, high: float | None, draws: tuple[float, ...], ratio: float = 1.0) -> Verdict:
    effect = sum(draws) / len(draws)
    paired = Paired(effect, low, high, 0.5, low, high, 0.5, 0.5 + effect, tuple(enumerate(draws)), 5, 0)
    return Verdict("segment", "lite0", "arm", ratio, "all", "pixel_ap", "none", paired)


def test_dots_and_interval_lie_at_their_values() -> None:
    one = verdict(0.02, 0.10, (0.04, 0.08))
    span = span_of([one.paired])
    assert span.low < 0 < 10 < span.high
    drawn = str(paired_figure(one, span))
    dots = [float(x) for x in re.findall(r'cx="([\d.]+)"', drawn)]
    assert dots == pytest.approx([span.x(4), span.x(8)], abs=0.01)
    assert f'x1="{span.x(2):.2f}"' in drawn and f'x2="{span.x(10):.2f}"' in drawn
    assert span.x(0) < dots[0] < dots[1]


def test_without_an_interval_there_is_no_whisker() -> None:
    one = verdict(None, None, (0.04,))
    assert "whisker" not in str(paired_figure(one, span_of([one.paired])))
    still = verdict(0.0, 0.0, (0.0, 0.0))
    assert "nan" not in str(paired_figure(still, span_of([still.paired])))


def test_bands_are_means_and_deviations_at_shared_steps() -> None:
    band = Band.of([((1, 0.2), (2, 0.4)), ((1, 0.4), (2, 0.6), (3, 0.9))])
    assert band.steps == (1, 2) and band.mean == pytest.approx((30, 50))
    assert band.spread == pytest.approx((14.142, 14.142), abs=1e-3)
    assert Band.of([]) == Band((), (), ()) and Band.of([((5, 0.3),)]).spread == (0,)


def test_curves_and_ratios_draw_what_there_is() -> None:
    empty = Band((), (), ())
    drawn = str(curves(Band.of([((10, 0.2), (20, 0.4))]), empty, 40.0, "label"))
    assert "nan" not in drawn and drawn.count("curve ours") == 1
    points = [verdict(0.01, 0.05, (0.02, 0.04), 0.5), verdict(0.03, 0.09, (0.05, 0.07), 2.0)]
    drawn = str(ratio_figure(points, span_of([one.paired for one in points])))
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', drawn)]
    assert heights[0] > heights[1] and "0.5 to 1" in drawn and "2 to 1" in drawn


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (-16, 18, 5, [-10, 0, 10]), (0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (-0.3, 0.2, 5, [-0.2, 0, 0.2]),
        (0, 200, 6, [0, 50, 100, 150, 200]), (3, 3, 5, [3]),
    ],
)  # fmt: skip
def test_ticks_are_round_and_few(low: float, high: float, most: int, ticks: list[float]) -> None:
    assert round_ticks(low, high, most) == pytest.approx(ticks) and len(ticks) <= most


def test_signs() -> None:
    assert [signed(v) for v in (5, -2.5, 0)] == ["+5", "−2.5", "0"]
    assert Span(-1, 1).x(0) == pytest.approx(170)
