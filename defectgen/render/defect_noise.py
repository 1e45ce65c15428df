"""Fractal noise: a Gaussian field whose amplitude falls as 1/f^slope, as in things grown or spilled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fractal"]

F32 = NDArray[np.float32]


def fractal(hw: tuple[int, ...], rng: np.random.Generator, slope: float = 1.0, largest: float = 32.0) -> F32:
    """(H, W) float32, mean 0 and standard deviation 1; features up to `largest` pixels."""
    spectrum = np.fft.rfft2(rng.standard_normal(hw))
    fy, fx = np.fft.fftfreq(hw[0])[:, None], np.fft.rfftfreq(hw[1])[None, :]
    frequency = np.sqrt(fx**2 + fy**2)
    spectrum /= np.maximum(frequency, 1.0 / largest) ** slope
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=hw)
    return (field / max(float(field.std()), 1e-9)).astype(np.float32)
