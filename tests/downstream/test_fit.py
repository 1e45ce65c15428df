"""Training: its looks, its schedule, the step it keeps, and its own random numbers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from defectgen.downstream.batch import Batch, Batches
from defectgen.downstream.fit import _schedule, fit, looks, seeded
from defectgen.downstream.task import TrainOptions
from defectgen.errors import InputError
from tests.downstream.small_pool import small_trial


@pytest.mark.parametrize(("steps", "evaluations", "due"), [
    (100, 5, [20, 40, 60, 80, 100]), (7, 3, [3, 5, 7]), (2, 5, [1, 2]), (9, 1, [9]),
])  # fmt: skip
def test_looks_are_evenly_spaced_and_end_with_the_last_step(steps: int, evaluations: int, due: list[int]) -> None:
    assert looks(steps, evaluations) == due


def test_the_rate_rises_then_falls_to_nothing() -> None:
    factor = [_schedule(100)(step) for step in range(101)]
    assert factor[:10] == sorted(factor[:10]) and factor[10:] == sorted(factor[10:], reverse=True)
    assert max(factor) == 1.0 and factor[100] == pytest.approx(0.0)


def test_the_step_that_was_best_on_val_is_kept() -> None:
    network, values, weights = nn.Linear(1, 1), iter([0.2, 0.7, 0.5]), []

    def loss_of(batch: Batch) -> torch.Tensor:
        return network(batch.pixels[:, 0, 0, :1] / 255).square().mean()

    def look() -> float:
        weights.append(network.weight.detach().clone())
        return next(values)

    options, seen = TrainOptions(steps=6, batch=4, evaluations=3), []
    groups: list[dict[str, object]] = [{"params": list(network.parameters()), "lr": 0.1}]
    fitted = fit(network, groups, loss_of, look, Batches(small_trial(), options), options, lambda s, _: seen.append(s))
    assert fitted.best_step == 4 and fitted.val == 0.7 and seen == [1, 2, 3, 4, 5, 6]
    assert torch.equal(network.weight, weights[1]) and not torch.equal(network.weight, weights[2])
    assert [(row["step"], row["val"]) for row in fitted.curve] == [(2, 0.2), (4, 0.7), (6, 0.5)]


def test_a_seed_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    with seeded(5):
        inside = torch.rand(3)
    assert torch.equal(torch.rand(3), expected) and not torch.equal(inside, expected)


def test_no_steps_are_refused() -> None:
    options = TrainOptions(steps=0)
    with pytest.raises(InputError, match="steps is 0"):
        fit(nn.Linear(1, 1), [], lambda b: b.pixels, lambda: 0.0, Batches(small_trial(), options), options, print)
