"""An outlook: the forecast of a run beside the device that it is for, in words, and the refusal of what cannot fit.

`defectgen plan` shows all of it; a run says its line before any weights are loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

from defectgen.sd.checkpoint import SdSpec
from defectgen.sd.controlnet import controlnet_parameters
from defectgen.sd.options import GUIDANCE, STEPS, STRENGTH, SdOptions
from defectgen.sd.pipeline import dtype_name
from defectgen.sd.plan import SAMPLE_BYTES, Forecast, Sampling, Training, check_fits, forecast
from defectgen.sd.plan_preset import device_gib, main_gib

__all__ = ["Outlook", "planned_sampling"]


@dataclass(frozen=True)
class Outlook:
    """gib: the device's memory, None where the system does not say."""

    spec: SdSpec
    asked: Sampling | Training
    device: str
    gib: float | None
    found: Forecast

    @staticmethod
    def of(spec: SdSpec, asked: Sampling | Training, device: str, gib: float | None = None) -> Outlook:
        """gib: memory of another device than the one here. InputError for a model whose networks are not known."""
        here = device_gib(device) or (main_gib() if device == "cpu" else None)
        return Outlook(spec, asked, device, gib or here, forecast(spec, asked, device))

    def check(self) -> None:
        """InputError, with what would fit, where the device's memory does not suffice."""
        check_fits(self.spec, self.asked, self.found, self.device, self.gib)

    @property
    def memory(self) -> str:
        need = f"about {self.found.total / 2**30:.2f} GiB"
        return f"{need} of {self.gib:.1f} GiB" if self.gib else need

    @property
    def disk(self) -> str:
        return f"{self.found.disk / 1e6:,.0f} MB"

    @property
    def time(self) -> str:
        """That it is not known, where no device like this was measured."""
        import torch

        from defectgen.sd.plan_speed import device_name

        if self.device == "cuda" and not torch.cuda.is_available():
            return f"not known for a GPU of {self.gib:g} GiB: none is here (eval/speed/SD.md lists those measured)"
        name = device_name(self.device)
        seconds = self._unit_s(name)
        if seconds is None:
            return f"not known, {name} was not measured in {self.found.dtype} (defectgen plan --engine sd --measure)"
        return f"about {self._amount(seconds)}: {lasting(seconds)} a {self.found.unit} on {name}, by its measured speed"

    @property
    def line(self) -> str:
        """Memory, time and disk."""
        return f"{self.memory} on {self.device}; time {self.time}; {self.disk} on the disk"

    def _unit_s(self, name: str) -> float | None:
        """Seconds of a window or a step; None where the device of this name was not measured."""
        from defectgen.sd.plan_speed import speed_of

        checkpointing = isinstance(self.asked, Training) and self.asked.checkpointing
        seconds = 0.0
        for work, flops in self.found.flops:
            speed = speed_of(name, work, self.found.dtype, checkpointing=checkpointing)
            if speed is None:
                return None
            seconds += flops / speed.rate
        return seconds

    def _amount(self, seconds: float) -> str:
        """How long it takes; or how much of it the budget holds, where that is what ends it."""
        if isinstance(self.asked, Sampling):
            return lasting(self.asked.samples * seconds)
        within = int(self.asked.budget_s / seconds)
        if self.asked.steps is not None and self.asked.steps <= within:
            return lasting(self.asked.steps * seconds)
        return f"{within} steps in {self.asked.budget_s / 60:g} min"


def planned_sampling(
    options: SdOptions, spec: SdSpec, device: str, *, samples: int, candidates: int = 1, batch: int = 1,
    side: int | None = None, sample_bytes: int = SAMPLE_BYTES,
) -> Sampling:  # fmt: skip
    """What a run with these options samples. side: pixels of a window, None for the model's own."""
    steps = STEPS if options.steps is None else options.steps
    strength = STRENGTH if options.strength is None else options.strength
    guidance = GUIDANCE if options.guidance is None else options.guidance
    side = side or spec.side
    return Sampling(
        side - side % spec.vae_factor, dtype_name(options, spec.kind, device), batch, max(1, int(steps * strength)),
        guidance > 1, samples, candidates, options.offload, options.slicing, controlnet_parameters(options),
        sample_bytes,
    )  # fmt: skip


def lasting(seconds: float) -> str:
    """A duration in words."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
