"""Verdicts: what helps, what harms, and how seldom an idle arm is taken for either."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from defectgen.gain.row import ALL, Row
from defectgen.gain.verdict import compare_arms, holm, judge
from tests.gain.trial_rows import simulate

LEADS = {"segment": "pixel_ap"}
IDLE = {f"arm{k}": 0.0 for k in range(7)}


def level_of(rows: list[Row], arm: str = "arm", defect: str = ALL) -> str:
    (found,) = [one for one in judge(rows, LEADS) if one.arm == arm and one.defect == defect]
    return found.level


def test_holm_by_hand() -> None:
    # Holm 1979: 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.20 x 1, never falling
    assert holm([0.20, 0.01, 0.03, 0.02]) == pytest.approx([0.20, 0.04, 0.06, 0.06])
    assert holm([0.04, 0.03]) == pytest.approx([0.06, 0.06]) and holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03] and holm([]) == []


@pytest.mark.parametrize(("effect", "level"), [(0.15, "helps"), (-0.15, "harms"), (0.0, "no evidence")])
def test_large_effects_are_called_and_none_is_not(effect: float, level: str) -> None:
    assert level_of(simulate({"arm": effect}, 1)) == level


def test_less_is_better_where_it_is() -> None:
    rows = simulate({"arm": -0.15}, 1, metric="false_per_good")
    (found,) = judge(rows, {"segment": "false_per_good"})
    assert found.level == "helps" and "fewer false alarms" in found.words


@pytest.mark.parametrize("draws", [1, 2, 3, 4])
def test_few_draws_never_decide(draws: int) -> None:
    found = judge(simulate({"arm": 0.5}, 2, draws), LEADS)
    assert [one.level for one in found] == ["no evidence"]
    assert found[0].reason.startswith(f"{draws} draw") and "5" in found[0].reason


def test_equal_draws_do_not_decide() -> None:
    rows = [Row("segment", arm, 0.0, ALL, "pixel_ap", d, s, v) for arm, v in (("none", 0.2), ("arm", 0.4))
            for d in range(5) for s in range(3)]  # fmt: skip
    (found,) = judge(rows, LEADS)
    assert found.level == "no evidence" and "same difference" in found.range_words


@pytest.mark.parametrize("uneven", [0.0, 1.0])
def test_of_idle_studies_at_most_five_in_a_hundred_decide_anything(uneven: float) -> None:
    """Seven arms, each as good as real only: any verdict at all counts as false."""
    repeats = 150
    found = [judge(simulate(IDLE, k, uneven=uneven), LEADS) for k in range(repeats)]
    wrong = [any(one.level != "no evidence" for one in study) for study in found]
    assert np.mean(wrong) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / repeats)


def test_only_the_leading_metric_decides() -> None:
    rows = simulate({"arm": 0.0}, 3)
    rows += simulate({"arm": 0.4}, 3, metric="iou")
    assert {(one.metric, one.level) for one in judge(rows, LEADS)} == {("pixel_ap", "no evidence")}
    evidence = compare_arms([row for row in rows if row.metric == "iou"])
    assert evidence[0].paired.boot_low is None and judge(rows, LEADS)[0].paired.boot_low is not None
    assert [(one.level, one.leading) for one in evidence] == [("no evidence", False)]


def test_defects_are_a_family_of_their_own() -> None:
    rows = simulate({"a": 0.2, "b": 0.0}, 4, defects=(ALL, "crack", "pit"))
    found = judge(rows, LEADS)
    assert {one.family for one in found if one.defect == ALL} == {2}
    assert {one.family for one in found if one.defect != ALL} == {4}
    assert all(one.level == "helps" for one in found if one.arm == "a")


def test_more_arms_ask_for_more() -> None:
    """An effect that is enough alone is not enough among many."""
    rows = simulate({"arm": 0.05} | IDLE, 6)
    alone = judge([row for row in rows if row.arm in ("none", "arm")], LEADS)[0]
    among = next(one for one in judge(rows, LEADS) if one.arm == "arm")
    assert alone.paired == among.paired and among.p_holm > alone.p_holm == alone.paired.p


def test_arms_are_judged_at_one_ratio() -> None:
    rows = simulate({"arm": 0.2}, 7, ratios=(0.5, 1.0, 2.0)) + [
        replace(row, arm="classical", ratio=0.0) for row in simulate({"arm": 0.0}, 7) if row.arm == "arm"
    ]
    assert {(one.arm, one.ratio) for one in judge(rows, LEADS)} == {("arm", 1.0), ("classical", 0.0)}
    assert {one.ratio for one in judge(rows, LEADS, ratio=2.0) if one.arm == "arm"} == {2.0}


def test_an_arm_can_be_held_against_another() -> None:
    rows = simulate({"compact": 0.2, "copy-paste": 0.0}, 8)
    found = {one.arm: one.level for one in judge(rows, LEADS, base="copy-paste")}
    assert found == {"compact": "helps", "none": "no evidence"}


def test_it_says_so_in_plain_words() -> None:
    rows = simulate({"arm": 0.14}, 9, by_draw=0, noise=0, defects=(ALL, "crack"), metric="recall")
    rows = [replace(row, value=row.value + 0.01 * row.draw * (row.arm == "arm")) for row in rows]
    found = judge(rows, {"segment": "recall"})
    assert [one.words for one in found] == ["finds 16 more of 100 defects", "finds 16 more of 100 cracks"]
    assert found[0].range_words == "14 to 18 more"
