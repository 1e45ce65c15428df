"""Paired differences: hand-computed values, laws, and the share of false alarms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from defectgen.gain.paired import compare, student
from defectgen.gain.row import Cells, Row, cells_of
from tests.gain.trial_rows import simulate

BASE = {(d, s): 0.4 + 0.1 * d + 0.01 * s for d in range(5) for s in range(3)}
STEP = {0: 0.10, 1: 0.12, 2: 0.08, 3: 0.11, 4: 0.09}
ARM = {(d, s): value + STEP[d] + (-0.02, 0.0, 0.02)[s] for (d, s), value in BASE.items()}


def of(rows: list[Row], arm: str) -> dict[tuple[int, int], float]:
    return cells_of(row for row in rows if row.arm == arm)


def test_it_is_the_t_interval_over_the_means_of_draws() -> None:
    found = compare(BASE, ARM)
    assert found is not None
    # Of 0.10, 0.12, 0.08, 0.11, 0.09: mean 0.1, deviation sqrt(0.001 / 4), quantile 2.776445 of Student's t with 4
    reach = 2.7764451 * np.sqrt(0.001 / 4 / 5)
    assert found.effect == pytest.approx(0.1) and found.draws == 5 and found.pairs == 15 and found.lonely == 0
    assert (found.low, found.high) == pytest.approx((0.1 - reach, 0.1 + reach), abs=1e-8)
    assert found.p == pytest.approx(stats.ttest_1samp(list(STEP.values()), 0).pvalue)
    assert dict(found.per_draw) == pytest.approx(STEP)
    assert (found.base, found.arm) == pytest.approx((0.61, 0.71))


def test_mirrored_effects_mirror() -> None:
    rows = simulate({"arm": 0.03}, 5)
    base, arm = of(rows, "none"), of(rows, "arm")
    one, other = compare(base, arm), compare(arm, base)
    flipped = compare({k: -v for k, v in base.items()}, {k: -v for k, v in arm.items()})
    assert one is not None and other is not None and flipped is not None
    assert one.low is not None and one.high is not None and one.boot_low is not None
    for back in (other, flipped):
        assert back.low is not None and back.high is not None
        assert (back.effect, back.low, back.high, back.p) == pytest.approx((-one.effect, -one.high, -one.low, one.p))


def test_what_moves_both_arms_alike_cancels() -> None:
    moved = {k: {c: v + 7 * c[0] - 3 * c[1] for c, v in held.items()} for k, held in (("b", BASE), ("a", ARM))}
    one, other = compare(BASE, ARM), compare(moved["b"], moved["a"])
    assert one is not None and other is not None
    assert (one.low, one.high, one.p) == pytest.approx((other.low, other.high, other.p))


def test_equal_arms_differ_by_nothing() -> None:
    found = compare(BASE, BASE)
    assert found is not None and (found.effect, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_few_draws_and_draws_that_do_not_differ_have_no_interval() -> None:
    one: Cells = {(0, s): 0.5 for s in range(3)}
    shifted = {key: value + 0.25 for key, value in BASE.items()}
    two = {key: value for key, value in BASE.items() if key[0] < 2}
    for base, arm in ((one, {key: 0.6 for key in one}), (two, ARM), (BASE, shifted)):
        found = compare(base, arm)
        assert found is not None and found.low is None and found.high is None and found.p == 1
        assert found.boot_low is None


def test_only_pairs_count() -> None:
    torn = {key: value for key, value in ARM.items() if key != (4, 2)} | {(9, 0): 1.0, (0, 0): float("nan")}
    found = compare(BASE, torn)
    assert found is not None and found.pairs == 13 and found.lonely == 3 and found.draws == 5
    assert dict(found.per_draw)[0] == pytest.approx(0.11)
    assert compare(BASE, {(7, 7): 0.3}) is None and compare({}, {}) is None


@pytest.mark.parametrize("draws", [3, 5, 10])
@pytest.mark.parametrize("uneven", [0.0, 1.0])
def test_false_alarms_are_at_most_five_in_a_hundred(draws: int, uneven: float) -> None:
    """Differences of zero mean; uneven: each draw of its own spread, which keeps the test on the safe side."""
    rng = np.random.default_rng(1)
    repeats = 2000
    values = rng.normal(0, 1, (repeats, draws)) * np.exp(rng.normal(0, uneven, (repeats, draws)))
    share = np.mean([student(one)[2] <= 0.05 for one in values])
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)
    if not uneven:
        assert share >= 0.035


def test_the_interval_holds_the_truth_and_the_bootstrap_nearly_so() -> None:
    held, boot = 0, 0
    for repeat in range(300):
        rows = simulate({"arm": 0.05}, repeat)
        found = compare(of(rows, "none"), of(rows, "arm"))
        assert found is not None and found.low is not None and found.high is not None
        assert found.boot_low is not None and found.boot_high is not None
        held += found.low <= 0.05 <= found.high
        boot += found.boot_low <= 0.05 <= found.boot_high
    assert held >= 0.95 * 300 - 12 and boot >= 0.80 * 300


def test_power_rises_with_the_effect() -> None:
    def power(effect: float) -> float:
        found = [simulate({"arm": effect}, repeat) for repeat in range(150)]
        pairs = [compare(of(rows, "none"), of(rows, "arm")) for rows in found]
        return float(np.mean([pair is not None and pair.p <= 0.05 for pair in pairs]))

    powers = [power(effect) for effect in (0.0, 0.03, 0.06, 0.12)]
    assert powers == sorted(powers) and powers[0] <= 0.1 and powers[-1] >= 0.95


def test_the_bootstrap_is_the_same_twice() -> None:
    rows = simulate({"arm": 0.03}, 5)
    base, arm = of(rows, "none"), of(rows, "arm")
    assert compare(base, arm, 3) == compare(base, arm, 3) != compare(base, arm, 4)


@pytest.mark.parametrize(("pictures", "share"), [(9, 0.05), (9, 0.9), (30, 0.5)])
def test_shares_of_few_pictures_raise_no_more_false_alarms(pictures: int, share: float) -> None:
    """Both arms find each of a class's few test pictures with the same chance: values are coarse and ties common."""
    rng, repeats = np.random.default_rng(2), 1500
    found = [rng.binomial(pictures, share, (repeats, 5, 3)).mean(axis=2) / pictures for _ in range(2)]
    alarms = np.mean([student(one)[2] <= 0.05 for one in found[1] - found[0]])
    assert alarms <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)
