from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_fidelity.metric_isc import isc_features_to_metric

from defectgen.errors import InputError
from defectgen.metric.inception_score import NOTE, inception_score, score_draws, splits_for


@pytest.mark.parametrize(("splits", "seed"), [(10, 2020), (3, 2020), (10, 5), (1, None)])
def test_equals_torch_fidelity(splits: int, seed: int | None, rng: np.random.Generator) -> None:
    logits = torch.from_numpy(3 * rng.normal(size=(205, 30)))
    ours = inception_score(logits.softmax(1).numpy(), splits, seed)
    theirs = isc_features_to_metric(logits, splits, seed is not None, seed)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-9)
    assert ours.deviation == pytest.approx(theirs["inception_score_std"], rel=1e-7, abs=1e-12)


def test_known_values() -> None:
    assert inception_score(np.eye(7)[np.arange(70) % 7], 1).mean == pytest.approx(7)
    assert inception_score(np.full((40, 9), 1 / 9), 1).mean == pytest.approx(1)
    assert inception_score(np.tile([[0.9, 0.1], [0.1, 0.9]], (50, 1)), 1).mean == pytest.approx(
        2 * 0.9**0.9 * 0.1**0.1
    )


def test_splits_and_seed_change_the_score(rng: np.random.Generator) -> None:
    p = rng.dirichlet(np.full(20, 0.1), 200)
    found = {inception_score(p, s, seed).mean for s, seed in ((2, 1), (4, 1), (4, 2), (4, None))}
    assert len(found) == 4


def test_fewer_splits_where_there_are_few_pictures() -> None:
    assert [splits_for(n) for n in (20, 199, 200, 999, 1000, 50000)] == [1, 1, 2, 9, 10, 10]


def test_draws_of_everything_once_are_the_score_in_one_split(rng: np.random.Generator) -> None:
    p = rng.dirichlet(np.full(6, 0.2), 50)
    p[0] = np.eye(6)[0]
    twice_the_first = np.ones(50)
    twice_the_first[0] = 2
    found = score_draws(p, np.stack([np.ones(50), twice_the_first], 1))
    assert found[0] == pytest.approx(inception_score(p, 1).mean)
    assert found[1] == pytest.approx(inception_score(np.concatenate([p, p[:1]]), 1).mean)


def test_says_what_does_not_fit() -> None:
    with pytest.raises(InputError, match=r"IS: 10 splits of 5 pictures; expected 1 to 5"):
        inception_score(np.full((5, 2), 0.5), 10)
    with pytest.raises(InputError, match=r"expected \(n, classes\) probabilities"):
        inception_score(np.zeros((5, 2)))


def test_the_note_names_both_scales() -> None:
    assert "near 100" in NOTE and "near 2" in NOTE
