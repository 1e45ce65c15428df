"""How stored levels become what a network takes: (level * factor - mean) / std, by channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from defectgen.errors import InputError
from defectgen.metric.reason import reason_of

if TYPE_CHECKING:
    from torch import Tensor

    from defectgen.metric.network_extractor import Forward

__all__ = ["PixelScale", "dimensions_of"]


@dataclass(frozen=True)
class PixelScale:
    """mean, std: of R, G and B after the factor. Its text belongs into a fingerprint."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    factor: float

    def __call__(self, pixels: Tensor) -> Tensor:
        """(n, 3, H, W) in 0..255 to the same shape."""
        mean, std = (pixels.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return (pixels * self.factor - mean) / std

    def __str__(self) -> str:
        mean, std = (" ".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
        return f"(x * {self.factor:g} - [{mean}]) / [{std}]"


def dimensions_of(forward: Forward, side: int, what: str) -> int:
    """Length of the vectors, by one black picture; InputError where they are none."""
    import torch

    with torch.inference_mode():
        try:
            vectors = forward(torch.zeros((1, 3, side, side)))[0]
        except (RuntimeError, ValueError, AssertionError) as error:
            raise InputError(f"{what} cannot take {side} px ({reason_of(error)}); expected an image model") from None
    if vectors.ndim != 2:
        raise InputError(f"{what} gives features of shape {tuple(vectors.shape)}; expected one vector a picture")
    return int(vectors.shape[1])
