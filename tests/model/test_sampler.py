"""Laws of sampling, with a tiny real network."""

import itertools
from typing import Any

import pytest
import torch

from defectgen.model.condition import VECTOR_DIM
from defectgen.model.flow import band
from defectgen.model.network import EditNetwork, build_unet
from defectgen.model.sampler import Conditions, sample, times


@pytest.fixture(scope="module")
def network() -> EditNetwork:
    torch.manual_seed(0)
    unet = build_unet((32, 32), 32)
    torch.nn.init.normal_(unet.conv_out.weight, std=0.05)
    return EditNetwork(unet).eval()


def conditions(n: int, told: float = 1.0) -> Conditions:
    generator = torch.Generator().manual_seed(1)
    tokens = told * torch.randn(1, 24, 384, generator=generator).repeat(n, 1, 1)
    vector = told * torch.randn(1, VECTOR_DIM, generator=generator).repeat(n, 1)
    padding = torch.ones(n, 24, dtype=torch.bool)
    return Conditions(tokens, padding, vector, torch.zeros_like(tokens), padding, torch.zeros_like(vector))


def draw(network: EditNetwork, seeds: list[int], **options: Any) -> torch.Tensor:
    n = len(seeds)
    alpha = torch.zeros(n, 1, 32, 32)
    alpha[:, :, 10:20, 12:18] = 1
    good = torch.linspace(-1, 1, 32).expand(n, 3, 32, 32)
    generators = [torch.Generator().manual_seed(s) for s in seeds]
    settings: dict[str, Any] = {"steps": 4, "guidance": 2.0, "c": conditions(n)} | options
    c = settings.pop("c")
    return sample(network, good, alpha, c, generators, **settings)


def test_times_fall_from_strength_to_zero() -> None:
    for strength in (1.0, 0.4):
        grid = times(12, strength)
        assert grid[0] == strength and grid[-1] == pytest.approx(0)
        assert all(a > b for a, b in itertools.pairwise(grid))


def test_nothing_is_drawn_outside_the_band(network: EditNetwork) -> None:
    out = draw(network, [1])
    alpha = torch.zeros(1, 1, 32, 32)
    alpha[:, :, 10:20, 12:18] = 1
    assert float(out.abs().max()) > 0
    assert float((out * (1 - band(alpha))).abs().max()) == 0


def test_a_window_does_not_depend_on_its_company(network: EditNetwork) -> None:
    together = draw(network, [1, 2, 3])
    alone = draw(network, [2])
    assert torch.allclose(together[1], alone[0], atol=1e-4)
    assert not torch.allclose(together[0], together[1], atol=1e-2)


@pytest.mark.parametrize("change", [{"guidance": 1.0}, {"steps": 8}, {"c": conditions(1, -1.0)}])
def test_every_option_changes_the_result(network: EditNetwork, change: dict[str, Any]) -> None:
    assert not torch.allclose(draw(network, [1]), draw(network, [1], **change), atol=1e-4)


def test_a_grey_window_gets_a_grey_defect(network: EditNetwork) -> None:
    out = draw(network, [1])
    assert torch.allclose(out[:, 0], out[:, 1], atol=1e-5) and torch.allclose(out[:, 0], out[:, 2], atol=1e-5)
    tinted = torch.linspace(-1, 1, 32).expand(1, 3, 32, 32) * torch.tensor([1.0, 0.9, 0.8]).view(1, 3, 1, 1)
    alpha = torch.ones(1, 1, 32, 32)
    generator = [torch.Generator().manual_seed(1)]
    coloured = sample(network, tinted, alpha, conditions(1), generator, steps=4, guidance=2.0)
    assert float((coloured[:, 0] - coloured[:, 2]).abs().max()) > 1e-3


def test_the_draft_is_seen_at_every_strength_and_never_outside_the_band(network: EditNetwork) -> None:
    drafts = [torch.full((1, 3, 32, 32), level) for level in (-2.0, 2.0)]
    low = [draw(network, [1], strength=0.4, draft=d) for d in drafts]
    full = [draw(network, [1], strength=1.0, draft=d) for d in drafts]
    assert not torch.allclose(low[0], low[1], atol=1e-3)
    assert not torch.allclose(full[0], full[1], atol=1e-3)
    outside = 1 - band((full[0] != 0).any(1, keepdim=True).float())
    assert float(((full[0] - full[1]) * outside).abs().max()) == 0


def test_no_draft_is_a_draft_of_zeros(network: EditNetwork) -> None:
    assert torch.equal(draw(network, [1]), draw(network, [1], draft=torch.zeros(1, 3, 32, 32)))


def test_the_temperature_scales_what_seeds_change(network: EditNetwork) -> None:
    def spread(temperature: float) -> float:
        out = draw(network, [1, 2, 3, 4, 5, 6], steps=2, temperature=temperature)
        return float(out.std(0).mean())

    assert spread(0.0) == pytest.approx(0, abs=1e-5)
    assert spread(1.0) > spread(0.4) > 1e-3


def test_the_last_step_leaves_no_noise() -> None:
    class Sure(EditNetwork):
        def forward(self, x: torch.Tensor, *rest: Any) -> torch.Tensor:
            return torch.full_like(x, 0.5)

    network = Sure(build_unet((32, 32), 32)).eval()
    seen = draw(network, [1], guidance=1.0, temperature=1.0)
    assert torch.allclose(seen[:, :, 10:20, 12:18], torch.tensor(0.5), atol=1e-6)
