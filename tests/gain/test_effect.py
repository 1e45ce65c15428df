"""Effects in plain words."""

from __future__ import annotations

import pytest

from defectgen.gain.effect import MEASURES, effect_in_words, measure_of, range_in_words


@pytest.mark.parametrize(
    ("metric", "effect", "defect", "words"),
    [
        ("caught", 0.14, "crack", "finds 14 more of 100 cracks at the same false-alarm rate"),
        ("recall", -0.031, "scratch", "finds 3.1 fewer of 100 scratches"),
        ("found", 0.004, "all", "finds 0.4 more of 100 defects"),
        ("found", 0.0004, "all", "changes nothing that shows"),
        ("recall", 0.2, "uneven", "finds 20 more of 100 uneven defects"),
        ("pixel_ap", 0.052, "all", "pixel AP 5.2 points higher"),
        ("pixel_ap", -0.25, "all", "pixel AP 25 points lower"),
        ("false_per_good", -0.3, "all", "raises 30 fewer false alarms on 100 good pictures"),
        ("balanced_accuracy", -0.1, "all", "names 10 fewer of 100 pictures right, all types counting alike"),
        ("no_such_metric", 0.1, "all", "no such metric 10 points higher"),
    ],
)
def test_effects(metric: str, effect: float, defect: str, words: str) -> None:
    assert effect_in_words(metric, effect, defect) == words


@pytest.mark.parametrize(
    ("metric", "low", "high", "words"),
    [
        ("recall", 0.06, 0.22, "6 to 22 more"),
        ("recall", -0.03, 0.06, "3 fewer to 6 more"),
        ("recall", -0.22, -0.06, "6 to 22 fewer"),
        ("map50", -0.005, 0.0112, "0.5 lower to 1.1 higher"),
    ],
)
def test_ranges(metric: str, low: float, high: float, words: str) -> None:
    assert range_in_words(metric, low, high) == words


@pytest.mark.parametrize("metric", MEASURES)
def test_rise_and_fall_differ_and_all_blanks_are_filled(metric: str) -> None:
    up, down = (effect_in_words(metric, sign * 0.2, "crack") for sign in (1, -1))
    assert up != down and "20" in up and "20" in down and "{" not in up + down
    assert measure_of(metric).meaning.endswith(".")
