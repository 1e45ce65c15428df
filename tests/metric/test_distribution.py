"""What the defects are like: measures of known shapes, and the distance of two samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

from defectgen.metric.collection import open_collection
from defectgen.metric.distribution import compare_measures, ks_distance, measure_defects
from tests.metric.audit_sets import SIDE, write_set


def test_a_dark_block_measures_as_it_was_drawn(tmp_path: Path) -> None:
    (first, second) = measure_defects(open_collection(write_set(tmp_path / "set", 2, 0, depth=40)))
    assert (first.defect, second.defect) == ("pit", "crack")
    assert first.values["size"] == pytest.approx(100 * 12 / SIDE)
    assert first.values["aspect"] == pytest.approx(1.2, abs=0.01)
    assert second.values["aspect"] == pytest.approx(6, abs=0.01)
    assert first.values["contrast"] == pytest.approx(-40, abs=3)


def test_ks_is_that_of_scipy(rng: np.random.Generator) -> None:
    a, b = rng.normal(0, 1, 50), rng.normal(0.5, 1, 33)
    assert ks_distance(a, b) == pytest.approx(ks_2samp(a, b).statistic)
    assert ks_distance(a, a) == 0


def test_distributions_hold_all_defects_and_see_a_difference(tmp_path: Path) -> None:
    real = list(measure_defects(open_collection(write_set(tmp_path / "real", 16, 1, depth=50))))
    same = list(measure_defects(open_collection(write_set(tmp_path / "same", 16, 2, depth=50))))
    faint = list(measure_defects(open_collection(write_set(tmp_path / "faint", 16, 3, depth=15))))
    alike = {one.measure: one for one in compare_measures(same, real, None, 0)}
    other = {one.measure: one for one in compare_measures(faint, real, None, 0)}
    assert set(alike) == {"size", "aspect", "contrast"}
    for one in (*alike.values(), *other.values()):
        assert sum(one.share_set) == pytest.approx(1) and sum(one.share_real) == pytest.approx(1)
        assert len(one.edges) == len(one.share_set) + 1
    assert other["contrast"].ks == 1 and alike["contrast"].ks < 0.5
    floor = other["contrast"].floor
    assert floor is not None and floor.high is not None and other["contrast"].ks > floor.high
    assert compare_measures(same, real, "pit", 0)[0].n_set == 8
