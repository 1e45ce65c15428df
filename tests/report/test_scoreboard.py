"""The scoreboard: one row a metric, judged at the floor's n, and not at all where too few groups were there."""

from __future__ import annotations

from typing import Any

import pytest

from defectgen.metric.result import Interval, Score
from defectgen.report.glossary import METRICS, explain
from defectgen.report.scoreboard import flags_of, rows_of


def score(metric: str, low: float, value: float, high: float, **rest: Any) -> Score:
    fields: dict[str, Any] = {"view": "window", "defect": None, "better": "higher", "n_set": 50, "n_real": 60, **rest}
    return Score(metric=metric, value=Interval(value=value, low=low, high=high), **fields)


FLOOR = Interval(value=0.9, low=0.8, high=1.0)


def test_a_metric_that_depends_on_n_is_judged_at_the_floors() -> None:
    whole = score("recall-Lite0", 0.1, 0.2, 0.3, floor=FLOOR)
    matched = score("recall-Lite0@30", 0.7, 0.8, 0.85, floor=FLOOR)
    (row,) = rows_of([whole, matched], "window")
    assert row.score == whole and row.shown == matched and row.verdict.level == "good"


def test_leading_scores_come_first_and_quantiles_stand_with_their_mean() -> None:
    mean, low = score("nearest-mean-Lite0", 0.7, 0.8, 0.9), score("nearest-q05-Lite0", 0.5, 0.6, 0.7)
    kid = score("KID-Lite0", 0.1, 0.2, 0.3, leading=True, better="lower")
    rows = rows_of([mean, low, kid], "window")
    assert [row.score.metric for row in rows] == ["KID-Lite0", "nearest-mean-Lite0"]
    assert rows[1].parts == (low,)


def test_too_few_groups_make_no_verdict() -> None:
    bare = Score(
        metric="KID", view="window", defect=None, better="lower", n_set=9, n_real=9, value=Interval(value=0.1),
        floor=Interval(value=0.1, low=0.0, high=0.5),
    )  # fmt: skip
    (row,) = rows_of([bare], "window")
    assert row.verdict.level == "none" and row.verdict.words == "too few to say"


def test_flags_stand_once_with_all_their_metrics() -> None:
    rows = rows_of([score(name, 0, 1, 2, flags=("few", "floor at n = 3")) for name in ("a", "b")], "window")
    assert flags_of(rows) == [("a, b", "few")]


@pytest.mark.parametrize(
    ("metric", "stem"),
    [("KID", "kid"), ("FID-infinity-Lite0", "fid-infinity"), ("IS-domain-Lite0", "is-domain"), ("IS-Lite0", "is"),
     ("nearest-mean", "nearest-mean"), ("accuracy-domain-Lite0", "accuracy-domain")],
)  # fmt: skip
def test_every_metric_is_explained_whatever_its_features(metric: str, stem: str) -> None:
    assert explain(metric) is METRICS[stem]
    assert explain("something else").title == "something else"
