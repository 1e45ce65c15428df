"""The camera: linear radiance in, an 8-bit sRGB picture out.

Defocus, vignette, photon and read noise, a soft shoulder and the sRGB curve (IEC 61966-2-1). Exposure and noise are
drawn apart from the picture, so that a good part and its defective twin share both: pixels whose surround has the
same radiance come out the same, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["Camera", "develop", "draw_camera", "draw_noise", "expose", "exposure_for"]

F32 = NDArray[np.float32]

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
SHOULDER = 0.65


@dataclass(frozen=True)
class Camera:
    """One camera's settings.

    exposure: stops added to the automatic exposure. defocus: blur sigma, pixels.
    shot, read: noise sigma is sqrt(shot^2 x + read^2) at linear value x.
    vignette: share of light lost in the corner. mono: a grey sensor (three equal channels).
    balance: linear gain of each channel, what the white balance got wrong.
    """

    exposure: float = 0.0
    defocus: float = 0.5
    shot: float = 0.012
    read: float = 0.002
    vignette: float = 0.08
    mono: bool = False
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)


def draw_camera(rng: np.random.Generator, mono: bool | None = None) -> Camera:
    """An industrial camera: mostly sharp, mildly noisy; one in eight is grey unless `mono` says which."""
    grey = bool(rng.random() < 0.125)
    red, blue = rng.normal(0, 0.012, 2)
    return Camera(
        exposure=float(rng.normal(0, 0.25)),
        defocus=float(rng.uniform(0.35, 0.85)),
        shot=float(np.exp(rng.uniform(np.log(0.006), np.log(0.02)))),
        read=float(np.exp(rng.uniform(np.log(0.001), np.log(0.003)))),
        vignette=float(rng.uniform(0.02, 0.2)),
        mono=grey if mono is None else mono,
        balance=(float(1 + red), 1.0, float(1 + blue)),
    )


def exposure_for(radiance: F32) -> float:
    """Automatic exposure of (H, W, 3) radiance: a factor that keeps dark parts dark and pale ones unclipped."""
    luma = radiance[::2, ::2] @ LUMA
    mean = max(float(luma.mean()), 1e-4)
    top = max(float(np.percentile(luma, 97)), 1e-4)
    return float(min(0.5 * mean**-0.45, 0.8 / top))


def draw_noise(hw: tuple[int, int], rng: np.random.Generator) -> F32:
    """Noise of unit sigma, (H, W, 3) float32: white in brightness, softer in colour as demosaicking leaves it."""
    grey = rng.standard_normal((*hw, 1), np.float32)
    colour = gaussian_filter(rng.standard_normal((*hw, 3), np.float32), (0.9, 0.9, 0))
    return np.asarray(np.float32(0.9) * grey + np.float32(1.3) * colour, np.float32)


def expose(radiance: F32, camera: Camera, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One picture, (H, W, 3) uint8 sRGB, with its own exposure and noise."""
    return develop(radiance, camera, exposure_for(radiance), draw_noise(_size(radiance), rng))


def develop(radiance: F32, camera: Camera, exposure: float, noise: F32) -> NDArray[np.uint8]:
    """A picture, (H, W, 3) uint8 sRGB, at the given exposure factor and noise field (H, W, 3)."""
    gain = np.array(camera.balance, np.float32) * np.float32(exposure * 2.0**camera.exposure)
    light = radiance * gain * _falloff(_size(radiance), camera.vignette)[..., None]
    if camera.mono:
        light = np.repeat((light @ LUMA)[..., None], 3, axis=2)
        noise = np.repeat(noise[..., :1], 3, axis=2)
    light = gaussian_filter(light, (camera.defocus, camera.defocus, 0), truncate=3.0)
    light = _shoulder(light)
    light = light + noise * np.sqrt(np.float32(camera.shot**2) * np.maximum(light, 0) + np.float32(camera.read**2))
    return np.asarray(np.rint(_srgb(light) * 255), np.uint8)


def _size(image: F32) -> tuple[int, int]:
    return int(image.shape[0]), int(image.shape[1])


def _falloff(hw: tuple[int, int], loss: float) -> F32:
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in hw)
    return np.asarray(1 - np.float32(loss / 2) * (y[:, None] ** 2 + x[None, :] ** 2), np.float32)


def _shoulder(light: F32) -> F32:
    """Linear up to SHOULDER, then bending towards 1 as a sensor's tone curve does."""
    room = np.float32(1 - SHOULDER)
    over = np.maximum(light - np.float32(SHOULDER), 0)
    return np.asarray(np.minimum(light, np.float32(SHOULDER)) + room * (1 - np.exp(-over / room)), np.float32)


def _srgb(light: F32) -> F32:
    light = np.clip(light, 0, 1)
    curve = np.float32(1.055) * light ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.asarray(np.where(light <= 0.0031308, 12.92 * light, curve), np.float32)
