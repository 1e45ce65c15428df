"""What a run of `synth` can be asked for, with every default, and what of it can be refused before anything is read.

Severity runs from 0 (barely visible) to 1 (gross); size is the defect's extent as a fraction of the part's shorter
side. Either is one number or a range; None leaves it to the words, and then to the recipe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from defectgen.errors import InputError
from defectgen.model.adapter_path import parse_adapter, taught_recipes
from defectgen.model.device import DEVICES
from defectgen.sd.options import SdOptions, check_sd_options

__all__ = ["DEVICES", "ENGINES", "Options", "check_options", "parse_range"]

ENGINES = ("compact", "sd", "render", "copy-paste", "perlin", "cutpaste")
SAMPLERS = ("compact", "sd")
SAMPLED = ("steps", "guidance", "strength")
SD_ONLY = (
    "model", "model_config", "dtype", "attention", "scheduler", "offload", "slicing", "controlnet", "control", "lora",
    "offline",
)  # fmt: skip
MOST_STEPS = 100
MOST_CANDIDATES = 16
MOST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Options:
    """One run; on, mask, roi, recipe (a file) and recipes (a folder) are paths of the user's.

    blocked: manifests of splits, whose test pictures the bank must not hold (see `blocked`).
    like: pictures that the samples should resemble, each "IMAGE" or "IMAGE,MASK" (see `like`).
    masks_from: a defect set whose masks the new ones should be like (see `masks_from`).
    adapter: what fine-tuning made, each "FOLDER" or "FOLDER:SCALE" (see `model.adapter`, for engine sd `sd.learned`).
    candidates: how often each sample is tried before the best is kept (see `candidate`). From model on: engine sd
        alone, see `sd.options.SdOptions`; lora goes there as loras, after adapter.
    """

    prompt: str
    on: Path | None = None
    n: int = 8
    seed: int = 0
    engine: str = "compact"
    mask: Path | None = None
    box: str | None = None
    roi: Path | None = None
    severity: tuple[float, float] | None = None
    size: tuple[float, float] | None = None
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    recipe: Path | None = None
    bank: Path | None = None
    out: Path | None = None
    device: str = "auto"
    batch: int | None = None
    overwrite: bool = False
    strict: bool = False
    recipes: Path | None = None
    blocked: tuple[Path, ...] = ()
    like: tuple[str, ...] = ()
    adapter: tuple[str, ...] = ()
    masks_from: Path | None = None
    candidates: int = 1
    model: str | None = None
    model_config: str | None = None
    dtype: str = SdOptions.dtype
    attention: str = SdOptions.attention
    scheduler: str = SdOptions.scheduler
    offload: str = SdOptions.offload
    slicing: bool = SdOptions.slicing
    controlnet: str | None = None
    control: str = SdOptions.control
    lora: tuple[str, ...] = ()
    offline: bool = False

    @property
    def sd(self) -> SdOptions:
        """What engine sd is asked for; InputError without a model."""
        if not self.model:
            raise InputError(
                "engine sd needs a checkpoint; name a diffusers folder, a .safetensors file or a hub's OWNER/NAME "
                "with --model"
            )
        return SdOptions(
            self.model, self.device, self.dtype, self.offline, self.attention, self.scheduler, self.offload,
            self.slicing, self.model_config, (*self.adapter, *self.lora), self.controlnet, self.control, self.steps,
            self.guidance, self.strength,
        )  # fmt: skip

    @property
    def own_recipes(self) -> list[Path]:
        """The user's recipe file and folder and what the adapters teach, as far as there are any."""
        taught = taught_recipes([parse_adapter(text)[0] for text in (*self.adapter, *self.lora)])
        return [path for path in (self.recipe, self.recipes, *taught) if path is not None]


def parse_range(name: str, text: str | None) -> tuple[float, float] | None:
    """(low, high) of "0.3" or "0.2:0.6"; InputError for anything else."""
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2):
        raise InputError(f"{name} {text!r} is no number; expected one such as 0.3, or a range such as 0.2:0.6")
    return numbers[0], numbers[-1]


def check_options(options: Options) -> None:
    """InputError for the first option that no run could use."""
    _at_least("n", options.n, 1)
    if options.batch is not None:
        _at_least("batch", options.batch, 1)
    _within("seed", options.seed, 0, MOST_SEED)
    _one_of("engine", options.engine, ENGINES)
    _one_of("device", options.device, DEVICES)
    _check_range("severity", options.severity, above_zero=False)
    _check_range("size", options.size, above_zero=True)
    _check_sampling(options)
    if options.recipes is not None and not options.recipes.is_dir():
        raise InputError(
            f"recipes {options.recipes} is no folder; expected one with YAML files, or one file with --recipe"
        )
    if options.mask is not None and options.box is not None:
        raise InputError("got both a mask and a box; a mask says already where the defect is: leave one out")
    _check_sd(options)
    if (options.engine == "copy-paste" and options.bank is None) or not _takes_bank(options):
        raise InputError(
            "engine copy-paste copies from a bank of real defects, and no other engine does; "
            "use --engine copy-paste together with --bank FOLDER (images/ and masks/ of the same names)"
        )
    if options.like and options.engine != "compact":
        raise InputError(f"engine {options.engine} takes no reference; leave out --like, or use engine compact")
    if options.masks_from is not None and (options.mask is not None or options.size is not None):
        raise InputError("--masks-from gives shapes and sizes; leave out --mask and --size, or leave it out")
    if options.adapter and options.engine not in SAMPLERS:
        raise InputError(f"engine {options.engine} has no weights to adapt; leave out --adapter, or use engine compact")
    for text in options.adapter:
        parse_adapter(text)
    if options.blocked and not (options.bank or options.like or options.masks_from):
        raise InputError("--blocked guards what --bank, --like and --masks-from name, and there is none; leave it out")


def _takes_bank(options: Options) -> bool:
    """copy-paste copies from a bank; where there are candidates, it shows what real defects look like."""
    return options.bank is None or options.engine == "copy-paste" or options.candidates > 1


def _check_sd(options: Options) -> None:
    _within("candidates", options.candidates, 1, MOST_CANDIDATES)
    if options.candidates > 1 and options.engine not in SAMPLERS:
        raise InputError(f"engine {options.engine} samples nothing; leave out --candidates, or use compact or sd")
    if options.engine == "sd":
        check_sd_options(options.sd)
        return
    given = [name for name in SD_ONLY if getattr(options, name) != getattr(Options, name)]
    if given:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise InputError(f"{flags}: for engine sd only, and it is {options.engine}; add --engine sd, or leave it out")


def _check_sampling(options: Options) -> None:
    given = [name for name in SAMPLED if getattr(options, name) is not None]
    if given and options.engine not in SAMPLERS:
        raise InputError(f"engine {options.engine} has no sampler; leave out {', '.join(given)}, or use engine compact")
    if options.steps is not None:
        _within("steps", options.steps, 1, MOST_STEPS)
    if options.guidance is not None:
        _within("guidance", options.guidance, 0, 30)
    if options.strength is not None and not 0 < options.strength <= 1:
        raise InputError(f"strength is {options.strength:g}; expected more than 0 and at most 1")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InputError(f"{name} is {value}; expected at least {least}")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not (low <= value <= high and math.isfinite(value)):
        raise InputError(f"{name} is {value:g}; expected {low:g} to {high:g}")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} {value!r} is unknown; use one of {', '.join(allowed)}")


def _check_range(name: str, span: tuple[float, float] | None, above_zero: bool) -> None:
    if span is None:
        return
    low, high = span
    lowest_fits = low > 0 if above_zero else low >= 0
    if not (lowest_fits and low <= high <= 1):
        floor = "above 0" if above_zero else "from 0"
        raise InputError(f"{name} is {low:g} to {high:g}; expected numbers {floor} to 1, the smaller one first")
