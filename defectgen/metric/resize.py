"""Resizing before a network sees a picture, by name.

    clean         bicubic with a support that grows with the reduction, each channel on its own as a float, never
                  rounded back to 8 bits, held to 0..255 (Parmar, Zhang and Zhu, "On Aliased Resizing and Surprising
                  Subtleties in GAN Evaluation", 2022). The default of everything here.
    tf-bilinear   the two-tap bilinear of TensorFlow 1, that aliases when it reduces. Only for setting numbers beside
                  those of tools that use it: torch-fidelity and the first FID code.

A picture is resized whole, to a square: nothing at its rim is cut away, and its proportions may change.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from defectgen.errors import InputError
from defectgen.metric.optional_package import load_optional

__all__ = ["RESIZES", "Resize", "clean_resize", "resize_to", "tf_bilinear_resize"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Resize = Literal["clean", "tf-bilinear"]
RESIZES: tuple[Resize, ...] = get_args(Resize)


def resize_to(picture: U8, side: int, how: Resize = "clean") -> F32:
    """(H, W, 3) uint8 to (side, side, 3) float32 in 0..255; InputError for an unknown way."""
    if how == "clean":
        return clean_resize(picture, (side, side))
    if how == "tf-bilinear":
        return tf_bilinear_resize(picture, (side, side))
    raise InputError(f"unknown resize {how!r}; expected one of {', '.join(RESIZES)}")


def clean_resize(picture: U8, hw: tuple[int, int]) -> F32:
    """(H, W, C) uint8 to (h, w, C) float32 in 0..255, not rounded."""
    out = np.empty((*hw, picture.shape[2]), np.float32)
    for channel in range(picture.shape[2]):
        plane = Image.fromarray(picture[..., channel].astype(np.float32))
        out[..., channel] = np.asarray(plane.resize((hw[1], hw[0]), Image.Resampling.BICUBIC))
    return np.clip(out, 0, 255, out=out)


def tf_bilinear_resize(picture: U8, hw: tuple[int, int]) -> F32:
    """(H, W, C) uint8 to (h, w, C) float32 in 0..255 as TensorFlow 1 did: corners at 0, two taps an axis."""
    import torch

    legacy = load_optional("torch_fidelity.interpolate_compat_tensorflow")
    planes = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].to(torch.float32)
    small = legacy.interpolate_bilinear_2d_like_tensorflow1x(planes, size=hw, align_corners=False)
    return np.ascontiguousarray(small[0].permute(1, 2, 0).numpy(), np.float32)
