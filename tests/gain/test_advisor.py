"""The ratio advisor: where gain stops, and when it holds its tongue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from defectgen.gain.advisor import Advice, advise
from defectgen.gain.row import Row
from tests.gain.trial_rows import simulate

RATIOS = (0.5, 1.0, 2.0, 5.0)


def trial(gains: tuple[float, ...], seed: int = 1, draws: int = 5, by_draw: float = 0.01) -> list[Row]:
    """Gains at each ratio."""
    moved = dict(zip(RATIOS, gains, strict=True))
    rows = simulate({"arm": 0.0}, seed, draws, by_draw=by_draw, noise=0.005, ratios=RATIOS)
    return [replace(row, value=row.value + moved.get(row.ratio, 0.0)) for row in rows]


def only(rows: list[Row]) -> Advice:
    (found,) = advise(rows, "pixel_ap")
    return found


@pytest.mark.parametrize(
    ("gains", "state", "ratio"),
    [
        ((0.1, 0.2, 0.2, 0.2), "stops", 1.0),
        ((0.1, 0.2, 0.3, 0.15), "stops", 2.0),
        ((0.1, 0.2, 0.3, 0.45), "highest", 5.0),
        ((0.0, 0.0, 0.0, 0.0), "no gain", None),
        ((-0.2, -0.2, -0.2, -0.2), "no gain", None),
    ],
)
def test_where_gain_stops(gains: tuple[float, ...], state: str, ratio: float | None) -> None:
    found = only(trial(gains))
    assert (found.state, found.ratio) == (state, ratio), found.words
    assert [point.ratio for point in found.points] == list(RATIOS)


def test_a_fall_is_said() -> None:
    assert "takes some of it away" in only(trial((0.1, 0.2, 0.3, 0.1))).words


def test_noisy_steps_are_left_open() -> None:
    """Of equal gains nothing may be said to grow, and where that is not known it is said."""
    found = [only(trial((0.3,) * 4, seed, by_draw=0.06)) for seed in range(30)]
    assert sum("grows" in one.words for one in found) <= 3
    unsure = [one for one in found if one.state == "may go on"]
    assert unsure and all("cannot be said" in one.words and "stops" not in one.words for one in unsure)


def test_gain_that_goes_on_is_seldom_said_to_stop() -> None:
    found = [only(trial((0.1, 0.16, 0.25, 0.4), seed, by_draw=0.03)) for seed in range(60)]
    assert sum(one.state == "stops" for one in found) <= 0.05 * 60


def test_few_draws_and_single_ratios_say_nothing() -> None:
    found = only(trial((0.1, 0.2, 0.3, 0.4), draws=4))
    assert found.state == "cannot say" and found.ratio is None and "4 draws" in found.words
    assert advise(simulate({"arm": 0.3}, 1), "pixel_ap") == []
    assert advise(simulate({"zero-shot arm": 0.3}, 1, ratios=RATIOS), "pixel_ap") == []


def test_an_idle_arm_gets_advice_seldom() -> None:
    given = [only(trial((0.0,) * 4, seed)).ratio is not None for seed in range(100)]
    assert np.mean(given) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 100)
