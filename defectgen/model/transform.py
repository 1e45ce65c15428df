"""Pixels to grid and back, exactly.

The network works on a grid four times coarser than the window. The transform is space-to-depth: a permutation, so it
is orthonormal, loses nothing, and a one-pixel hairline survives it. There is no autoencoder to blur anything.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

__all__ = ["BLOCK", "to_grid", "to_pixels"]

BLOCK = 4


def to_grid(pixels: Tensor) -> Tensor:
    """(B, C, H, W) to (B, 16 C, H / 4, W / 4); H and W are multiples of 4."""
    return pixel_unshuffle(pixels, BLOCK)


def to_pixels(grid: Tensor) -> Tensor:
    """The inverse of `to_grid`."""
    return pixel_shuffle(grid, BLOCK)
