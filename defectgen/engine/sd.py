"""The `sd` engine: Stable Diffusion inpainting through diffusers, on the edit principle.

The good window is where sampling starts (strength), the mask limits it, latents outside are held at every step, and
the decoded window is brought to the good one's tone around the mask. The model sees each window enlarged by DETAIL, so
that a hairline is more than a fraction of a latent; exact pixels outside the band are the composing's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from defectgen.band import BAND_PX, COVER_LOW, grow
from defectgen.engine.window import EngineInfo, Window
from defectgen.errors import InputError
from defectgen.model.device import set_threads
from defectgen.sd.checkpoint import SdSpec, inspect
from defectgen.sd.control import Conditioner
from defectgen.sd.learned import as_taught, check_learned
from defectgen.sd.options import SdOptions, check_sd_options
from defectgen.sd.pipeline import fetched, open_pipeline, sd_device
from defectgen.sd.rim import matched
from defectgen.sd.sampling import Scene, inpaint, sampling_of

__all__ = ["DETAIL", "SdEngine"]

F32 = NDArray[np.float32]
DETAIL = 2


class SdEngine:
    """Edits windows by a diffusers pipeline.

    together: windows sampled at once; None for one on a CPU, where a window's pixels then cannot depend on its
    company, and for all on a GPU. Raises InputError for options that cannot be followed, WeightsError for a
    checkpoint, LoRA or ControlNet that cannot be read.
    """

    def __init__(self, options: SdOptions, *, together: int | None = None) -> None:
        check_sd_options(options)
        self._device = sd_device(options)
        if self._device == "cpu":
            set_threads()
        spec = inspect(options.model, offline=options.offline, config=options.config)
        check_learned(options.loras, spec)
        self._conditioner = Conditioner(options.control, self._device) if options.controlnet else None
        self._options, self._spec = options, fetched(spec, offline=options.offline)
        with MemoryAdvice(self._spec, 0):
            self._pipe: Any = open_pipeline(self._spec, options)
        self._together = together or (1 if self._device == "cpu" else None)
        self._sampling = sampling_of(options, self._spec)

    @property
    def info(self) -> EngineInfo:
        s = self._sampling
        return EngineInfo("sd", self._spec.sha256, s.steps, s.guidance, s.strength)

    @property
    def window_px(self) -> int:
        return self._spec.side // DETAIL

    def edit(self, windows: Sequence[Window]) -> list[F32]:
        at_once = self._together or max(1, len(windows))
        parts = [windows[i : i + at_once] for i in range(0, len(windows), at_once)]
        return [edited for part in parts for edited in self._at_once(part)]

    def _at_once(self, windows: Sequence[Window]) -> list[F32]:
        with MemoryAdvice(self._spec, len(windows)):
            decoded = inpaint(self._pipe, self._spec, self._scene(windows), self._sampling)
        return [_settled(one, window) for one, window in zip(decoded.permute(0, 2, 3, 1).numpy(), windows, strict=True)]

    def _scene(self, windows: Sequence[Window]) -> Scene:
        side = self._spec.side
        goods = [_enlarged(window.good, side) for window in windows]
        return Scene(
            good=_stacked(goods), where=_stacked([_enlarged_mask(_where(w), side)[..., None] for w in windows]),
            control=self._conditions(goods, windows), texts=[as_taught(w.text, self._options.loras) for w in windows],
            seeds=[w.seed for w in windows],
        )  # fmt: skip

    def _conditions(self, goods: Sequence[F32], windows: Sequence[Window]) -> torch.Tensor | None:
        if self._conditioner is None:
            return None
        side, drawn = self._spec.side, []
        for good, window in zip(goods, windows, strict=True):
            alpha, profile = (_enlarged(part, side) for part in (window.shape.alpha, window.shape.profile))
            drawn.append(self._conditioner.draw(good, alpha, profile))
        return _stacked(drawn)


def _where(window: Window) -> NDArray[np.bool_]:
    """All that the composing may take from an edit."""
    return grow(window.shape.alpha > COVER_LOW, BAND_PX)


def _settled(decoded: F32, window: Window) -> F32:
    """The decoded window at its own size, in the good one's tone, and the good one itself away from the mask."""
    side = window.good.shape[0]
    small = np.asarray(cv2.resize(decoded, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    inside = _where(window)
    edited = matched(small, window.good, inside)
    return np.where(grow(inside, BAND_PX)[..., None], edited, window.good).astype(np.float32)


def _enlarged(image: F32, side: int) -> F32:
    return np.asarray(np.clip(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), 0, 1), np.float32)


def _enlarged_mask(mask: NDArray[np.bool_], side: int) -> F32:
    return np.asarray(cv2.resize(mask.astype(np.float32), (side, side), interpolation=cv2.INTER_NEAREST), np.float32)


def _stacked(images: Sequence[F32]) -> torch.Tensor:
    """(B, C, S, S) of (S, S, C) each."""
    return torch.from_numpy(np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2)))


class MemoryAdvice:
    """Turns a GPU's "out of memory" into what can be done about it; samples on the disk are not touched."""

    def __init__(self, spec: SdSpec, windows: int) -> None:
        self._what = f"editing {windows} window{'s' * (windows != 1)} of {spec.side} px" if windows else "loading"
        self._name = spec.name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, torch.OutOfMemoryError):
            raise InputError(
                f"out of GPU memory while {self._what} with {self._name}; add --slicing, then --offload model, then "
                "--offload sequential, or lower --batch; samples made so far are kept, and the same command goes on"
            ) from None
