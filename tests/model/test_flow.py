"""Laws of the transform and of the noise process."""

import torch

from defectgen.model.flow import BAND_PX, band, draw_times, loss_weight, noised
from defectgen.model.transform import to_grid, to_pixels


def test_transform_is_exact_and_orthonormal() -> None:
    pixels = torch.randn(2, 3, 32, 48)
    grid = to_grid(pixels)
    assert grid.shape == (2, 48, 8, 12)
    assert torch.equal(to_pixels(grid), pixels)
    assert torch.allclose(grid.norm(), pixels.norm())


def test_band_grows_the_mask_by_its_width() -> None:
    alpha = torch.zeros(1, 1, 32, 32)
    alpha[..., 16, 16] = 1
    assert int(band(alpha).sum()) == (2 * BAND_PX + 1) ** 2
    assert int(band(torch.zeros(1, 1, 32, 32)).sum()) == 0


def test_noise_stays_in_the_band_and_spans_clean_to_noise() -> None:
    clean, noise = torch.randn(2, 3, 16, 16), torch.randn(2, 3, 16, 16)
    inside = torch.zeros(2, 1, 16, 16)
    inside[..., 4:8, 4:8] = 1
    assert torch.equal(noised(clean, noise, torch.zeros(2), inside), clean * inside)
    assert torch.equal(noised(clean, noise, torch.ones(2), inside), noise * inside)


def test_times_are_inside_the_unit_interval_and_weights_fall_with_time() -> None:
    t = draw_times(1000, torch.Generator().manual_seed(0))
    assert 0 < float(t.min()) < float(t.max()) < 1
    weights = loss_weight(torch.linspace(0, 1, 21))
    assert bool((weights[1:] <= weights[:-1]).all())
    assert torch.isfinite(weights).all()
