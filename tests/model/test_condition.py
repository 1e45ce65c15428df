"""What the condition vector tells, and measured severity."""

import numpy as np
import torch

from defectgen.model.condition import VECTOR_DIM, condition_vector, measured_severity


def test_each_part_moves_the_vector() -> None:
    def vector(pooled: float = 0.1, severity: float = 0.5, origin: int = 0) -> torch.Tensor:
        return condition_vector(torch.full((1, 384), pooled), torch.tensor([severity]), torch.tensor([origin]))

    base = vector()
    assert base.shape == (1, VECTOR_DIM)
    for other in (vector(pooled=0.2), vector(severity=0.6), vector(severity=float("nan")), vector(origin=-1)):
        assert torch.isfinite(other).all() and not torch.equal(base, other)


def test_measured_severity_grows_with_contrast_and_ignores_what_is_outside() -> None:
    alpha = np.zeros((16, 16), np.float32)
    alpha[4:8, 4:8] = 1
    levels = []
    for change in (0.02, 0.1, 0.3):
        residual = np.full((16, 16, 3), 0.9, np.float32)
        residual[4:8, 4:8] = change
        levels.append(measured_severity(residual, alpha))
    assert 0 < levels[0] < levels[1] < levels[2] < 1
    assert measured_severity(residual, np.zeros_like(alpha)) == 0
