from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from defectgen.metric import battery
from defectgen.metric.battery import score_view
from defectgen.metric.extractor import Features
from defectgen.metric.fid_infinity import smallest
from defectgen.metric.frechet import frechet_distance
from defectgen.metric.kid import kid
from defectgen.metric.result import Score
from tests.metric.feature_pieces import features, normal

NAMES = [
    "KID", "CMMD", "FID", "precision", "recall", "density", "coverage", "nearest-mean", "nearest-q05", "nearest-q50",
    "nearest-q95", "FID-infinity", "IS",
]  # fmt: skip


def score(
    synth: Features, real: Features, *, seed: int = 0, resamples: int = 30, label: str = "Lite0"
) -> dict[tuple[str, str | None], Score]:
    found = score_view(synth, real, "window", seed=seed, resamples=resamples, label=label)
    assert len({(one.metric, one.defect) for one in found}) == len(found)
    return {(one.metric, one.defect): one for one in found}


@pytest.fixture
def real(rng: np.random.Generator) -> Features:
    return features(normal(rng, 60), rng, group=2)


@pytest.fixture
def synth(rng: np.random.Generator) -> Features:
    return features(normal(rng, 40, 8, 0.5), rng)


def test_every_metric_is_there_under_its_label(synth: Features, real: Features) -> None:
    found = score(synth, real)
    assert [name for name, _ in found if "@" not in name] == [f"{name}-Lite0" for name in NAMES]
    assert {name for name, _ in score(synth, real, label="") if "@" not in name} == set(NAMES)
    assert {one.view for one in found.values()} == {"window"}
    assert all((one.n_set, one.n_real) == (40, 60) for (name, _), one in found.items() if "@" not in name)


def test_values_are_those_of_the_metrics(synth: Features, real: Features) -> None:
    found = score(synth, real)
    for name, metric in (("KID-Lite0", kid), ("FID-Lite0", frechet_distance)):
        value = found[name, None].value
        assert value is not None and value.low is not None and value.high is not None
        assert value.value == metric(synth.vectors, real.vectors)
        assert value.low < value.value < value.high


def test_floors_say_their_n_and_come_with_the_set_at_that_n(synth: Features, real: Features) -> None:
    found = score(synth, real)
    for name in ("KID-Lite0", "FID-Lite0"):
        one = found[name, None]
        assert one.floor is not None and any(flag.startswith("floor at n = 30, where the set") for flag in one.flags)
    fid, at_same = found["FID-Lite0", None], found["FID-Lite0@30", None]
    assert at_same.floor == fid.floor and (at_same.n_set, at_same.n_real) == (30, 30)
    assert at_same.value is not None and fid.value is not None and at_same.value.value > fid.value.value
    assert at_same.floor is not None and at_same.floor.high is not None and at_same.value.value > at_same.floor.high
    assert ("KID-Lite0@30", None) not in found


def test_more_real_pictures_lie_within_their_floor() -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(10):
        found = score(features(normal(rng, 60), rng), features(normal(rng, 60), rng), resamples=0)["KID-Lite0", None]
        assert found.value is not None and found.floor is not None
        assert found.floor.low is not None and found.floor.high is not None
        inside += found.floor.low <= found.value.value <= found.floor.high
    assert inside >= 7


def test_kid_and_cmmd_lead_and_a_small_fid_is_flagged(synth: Features, real: Features) -> None:
    found = score(synth, real)
    assert {name for (name, _), one in found.items() if one.leading} == {"KID-Lite0", "CMMD-Lite0"}
    assert "real images 60 < 2,048: FID is biased upwards; read KID" in found["FID-Lite0", None].flags


def test_fid_leads_from_enough_pictures_on(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(battery, "FID_ENOUGH", 200)
    found = score(features(normal(rng, 200, 2), rng), features(normal(rng, 200, 2), rng), resamples=2)
    fid, infinity = found["FID-Lite0", None], found["FID-infinity-Lite0", None]
    assert fid.leading and not any("biased" in flag for flag in fid.flags)
    assert infinity.value is not None and infinity.value.value == pytest.approx(0, abs=0.05)


def test_each_defect_has_scores_of_its_own_but_no_inception_score(rng: np.random.Generator) -> None:
    kinds = ("crack", "pit")
    synth = features(normal(rng, 80), rng, defects=kinds)
    real = features(normal(rng, 100), rng, group=2, defects=kinds)
    found = score(synth, real)
    crack = np.array(real.defects) == "crack"
    expected = kid(synth.vectors[np.array(synth.defects) == "crack"], real.vectors[crack])
    value = found["KID-Lite0", "crack"].value
    assert value is not None and value.value == pytest.approx(expected)
    assert found["KID-Lite0", "crack"].n_real == crack.sum()
    assert ("IS-Lite0", "crack") not in found and ("IS-Lite0", None) in found
    twins = {name for name, defect in found if defect == "pit" and name.startswith("FID")}
    assert twins == {"FID-Lite0", "FID-Lite0@24"}


def test_shuffled_labels_show_in_each_defect_and_never_overall(rng: np.random.Generator) -> None:
    kinds = np.arange(120) % 2
    apart = (kinds - 0.5)[:, None].astype(np.float32)

    def two_kinds(share: float, seed: int) -> Features:
        found = features(normal(np.random.default_rng(seed), 120) + apart, rng, defects=("crack", "pit"))
        labels = np.where(np.arange(120) < share * 120, 1 - kinds, kinds)
        return replace(found, defects=tuple(("crack", "pit")[label] for label in labels))

    real = two_kinds(0, seed=4)
    scores = [score(two_kinds(share, seed=3), real, resamples=0) for share in (0, 0.25, 0.5)]
    for defect in ("crack", "pit"):
        values = [found["KID-Lite0", defect].value for found in scores]
        numbers = [one.value for one in values if one is not None]
        assert len(numbers) == 3 and numbers == sorted(numbers) and numbers[2] > 5 * abs(numbers[0])
    assert len({found["KID-Lite0", None].value for found in scores}) == 1


def test_one_defect_alone_is_scored_once(synth: Features, real: Features) -> None:
    assert {defect for _, defect in score(synth, real)} == {None}


def test_refusals_name_the_smallest_n(rng: np.random.Generator, real: Features) -> None:
    found = score(features(normal(rng, 6), rng), real)
    assert found["KID-Lite0", None].refused == "6 in the set and 60 real; at least 10 of each are needed"
    assert found["IS-Lite0", None].refused == "6 in the set; at least 20 are needed"
    needed = f"at least {smallest(8)} of each are needed"
    assert found["FID-infinity-Lite0", None].refused == f"6 in the set and 60 real; {needed}"
    assert found["nearest-mean-Lite0", None].value is not None
    assert all((one.value is None) == (one.refused is not None) for one in found.values())


def test_a_defect_without_real_pictures_is_refused(rng: np.random.Generator, real: Features) -> None:
    found = score(features(normal(rng, 40), rng, defects=("crack", "dent")), real)
    assert found["KID-Lite0", "dent"].refused == "20 in the set and 0 real of dent; at least 10 of each are needed"


def test_few_groups_have_no_interval_and_do_not_lead(rng: np.random.Generator, synth: Features) -> None:
    found = score(synth, features(normal(rng, 60), rng, group=20))["KID-Lite0", None]
    assert found.value is not None and found.value.low is None and not found.leading
    assert "3 groups; 8 of each are needed for an interval" in found.flags


def test_one_group_has_no_floor(rng: np.random.Generator, synth: Features) -> None:
    found = score(synth, features(normal(rng, 60), rng, group=60))["KID-Lite0", None]
    assert found.floor is None and not found.leading
    assert "no floor: halves of the real set, no group torn, hold 0; 10 are needed" in found.flags


def test_the_inception_score_says_its_splits_and_what_it_is(synth: Features, real: Features) -> None:
    one = score(synth, real)["IS-Lite0", None]
    assert one.flags[0] == "1 split of n = 40" and one.flags[1].startswith("40 real images score")
    assert "different things" in one.flags[2] and one.floor is None and one.better == "neither"
    assert one.value is not None and one.value.low is not None and 1 <= one.value.low < one.value.value


def test_the_same_seed_gives_the_same_and_every_option_changes_something(synth: Features, real: Features) -> None:
    plain = score(synth, real)
    assert score(synth, real) == plain
    for other in (score(synth, real, seed=1), score(synth, real, resamples=40)):
        assert other["KID-Lite0", None].value != plain["KID-Lite0", None].value
        assert other["FID-Lite0", None].value != plain["FID-Lite0", None].value
    assert score(synth, real, resamples=0)["KID-Lite0", None].value.low is None  # type: ignore[union-attr]
