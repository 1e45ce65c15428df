"""Power: what a trial can notice, against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from defectgen.gain.paired import Paired, student
from defectgen.gain.power import noticeable, noticeable_by
from defectgen.gain.verdict import judge
from tests.gain.trial_rows import simulate


def paired(draws: int, error: float) -> Paired:
    """With an interval of this standard error."""
    reach = float(stats.t.ppf(0.975, draws - 1)) * error
    return Paired(0.0, -reach, reach, 1.0, None, None, 0.5, 0.5, tuple((d, 0.0) for d in range(draws)), draws, 0)


@pytest.mark.parametrize(("draws", "family"), [(5, 1), (10, 7)])
def test_four_of_five_trials_notice_it(draws: int, family: int) -> None:
    effect = noticeable(paired(draws, 1 / np.sqrt(draws)), family)
    assert effect is not None
    rng = np.random.default_rng(3)
    found = [student(one)[2] <= 0.05 / family for one in rng.normal(effect, 1, (2000, draws))]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


def test_more_draws_notice_less_and_more_arms_ask_for_more() -> None:
    few, many = noticeable(paired(5, 0.02), 1), noticeable(paired(20, 0.01), 1)
    among = noticeable(paired(5, 0.02), 7)
    assert few is not None and many is not None and among is not None and many < few < among


def test_without_a_verdict_there_is_none() -> None:
    assert noticeable(paired(4, 0.02), 1) is None and noticeable(paired(5, 0.0), 1) is None
    assert noticeable_by([]) is None
    found = noticeable_by(judge(simulate({"a": 0.0, "b": 0.1}, 1), {"segment": "pixel_ap"}))
    assert found is not None and 0 < found < 0.3
