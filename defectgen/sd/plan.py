"""Forecasts for a Stable Diffusion run before anything of it is loaded: memory of the device, time, disk.

Memory is the weights that lie on the device, from the files' headers or the configurations, and the peak of the pass
that needs most, from `memory_trace`. What a GPU adds to that, CONTEXT and SLACK, is an estimate unless the table holds
the device. Time is the traced operations over the device's measured speed. A plan that does not fit names a preset
that would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from defectgen.errors import InputError
from defectgen.sd.checkpoint import SdSpec
from defectgen.sd.plan_preset import PRESETS, Preset

__all__ = [
    "SAMPLE_BYTES", "Forecast", "Sampling", "Training", "check_fits", "component_parameters", "forecast",
    "forecast_sampling", "forecast_training",
]  # fmt: skip

BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}
CONTEXT = {"cuda": 600 * 2**20, "mps": 200 * 2**20, "cpu": 700 * 2**20}
"""Of the runtime and its libraries. Estimates for cuda and mps; on a CPU the interpreter with torch and diffusers."""
SLACK = 1.15
"""Fragmentation and workspaces, over what was traced; an estimate."""
SAMPLE_BYTES = 3 * 2**20
"""On the disk, where the good part's size is not known."""
LEARNING_BYTES = 20
"""A trained parameter in float32: itself, its gradient, two moments, its average."""
TEXT_ACTIVATION = 34
"""Bytes kept a token and width in a transformer layer at 16 bits (Korthikanti et al. 2022, eq. 1, attention fused)."""
CLIP_LAYERS = {"text_encoder": 12, "text_encoder_2": 32}


@dataclass(frozen=True)
class Sampling:
    """What is to be sampled. batch: windows at once. offload: none, model or sequential. slicing: the autoencoder takes
    one window at a time. controlnet: parameters of one. sample_bytes: on the disk."""

    side: int
    dtype: str
    batch: int = 1
    steps: int = 27
    guided: bool = True
    samples: int = 1
    candidates: int = 1
    offload: str = "none"
    slicing: bool = False
    controlnet: int = 0
    sample_bytes: int = SAMPLE_BYTES


@dataclass(frozen=True)
class Training:
    """What is to be trained. steps: None where the budget ends it, in seconds."""

    side: int
    dtype: str
    batch: int
    accumulate: int
    rank: int | None
    checkpointing: bool
    text_encoder: bool = False
    windows: int = 400
    steps: int | None = None
    budget_s: float = 3600.0


@dataclass(frozen=True)
class Forecast:
    """parts: bytes on the device by what they are for; `total` adds them. flops: (work, operations) of one unit.

    unit: what `flops` are for. disk: bytes that the run adds. notes: what was estimated rather than known.
    """

    parts: Mapping[str, int]
    flops: tuple[tuple[str, float], ...]
    unit: str
    disk: int
    dtype: str
    notes: tuple[str, ...] = field(default=())

    @property
    def total(self) -> int:
        return sum(self.parts.values())


def forecast(spec: SdSpec, asked: Sampling | Training, device: str) -> Forecast:
    """Of either kind of run."""
    if isinstance(asked, Sampling):
        return forecast_sampling(spec, asked, device)
    return forecast_training(spec, asked, device)


def forecast_sampling(spec: SdSpec, asked: Sampling, device: str) -> Forecast:
    """Memory and operations of sampling; `flops` are of one window, all its candidates included."""
    from defectgen.sd.memory_trace import trace_unet, trace_vae

    counts = component_parameters(spec) | ({"controlnet": asked.controlnet} if asked.controlnet else {})
    weights = {name: count * BYTES[asked.dtype] for name, count in counts.items()}
    side, config = asked.side // spec.vae_factor, spec.configs
    unet = trace_unet(config["unet"], batch=asked.batch * (2 if asked.guided else 1), side=side, dtype=asked.dtype)
    vae_dtype = "fp32" if config["vae"].get("force_upcast") and asked.dtype == "fp16" else asked.dtype
    at_once = 1 if asked.slicing else asked.batch
    decode = trace_vae(config["vae"], batch=at_once, side=side, dtype=vae_dtype, decode=True)
    peak = max(unet.peak, decode.peak)
    parts = _resident(weights, asked.offload) | _overhead(peak, device)
    windows = (("infer", unet.flops * asked.steps / asked.batch), ("decode", 2 * decode.flops / at_once))
    flops = tuple((work, asked.candidates * each) for work, each in windows)
    disk = asked.samples * asked.sample_bytes + (sum(weights.values()) if spec.hub and not spec.files else 0)
    notes = _notes(device) + (("what the ControlNet computes is not in the time",) if asked.controlnet else ())
    return Forecast(parts, flops, "window", disk, asked.dtype, notes)


def forecast_training(spec: SdSpec, asked: Training, device: str) -> Forecast:
    """Memory and operations of a fine-tuning; `flops` are of one optimiser step."""
    from defectgen.sd.memory_trace import trace_unet, trace_vae

    counts, config, side = component_parameters(spec), spec.configs, asked.side // spec.vae_factor
    full = asked.rank is None
    step = trace_unet(
        config["unet"], batch=asked.batch, side=side, dtype=asked.dtype, rank=asked.rank, full=full,
        checkpointing=asked.checkpointing,
    )  # fmt: skip
    encode = trace_vae(config["vae"], batch=2, side=side, dtype=asked.dtype, decode=False)
    each, trained = 4 if full else BYTES[asked.dtype], step.trained * LEARNING_BYTES
    parts = {f"weights of {name}": counts[name] * each for name in _frozen(counts, asked)}
    parts["trained weights, gradients, optimiser"] = trained
    # The windows are encoded before the training, without its gradients and activations
    before = encode.peak + counts["vae"] * each - trained
    parts |= _overhead(max(step.peak + _beside(spec, counts, asked), before), device)
    flops = (("train", float(step.flops * asked.accumulate)),)
    return Forecast(parts, flops, "step", _written(spec, counts, asked, step.trained), asked.dtype, _notes(device))


def _frozen(counts: Mapping[str, int], asked: Training) -> list[str]:
    """Components that stay on the device as they are; the text encoders are gone once the captions are encoded."""
    texts = [name for name in counts if name.startswith("text_encoder")] if asked.text_encoder else []
    return ["unet", *texts] if asked.rank is not None else texts


def _beside(spec: SdSpec, counts: Mapping[str, int], asked: Training) -> int:
    """Bytes at the peak beside the UNet's activations: of the text encoders, or of a whole UNet cast to 16 bits."""
    if asked.text_encoder:
        return sum(_text_activations(spec, name, asked) for name in counts if name.startswith("text_encoder"))
    return counts["unet"] * BYTES[asked.dtype] if asked.rank is None and asked.dtype != "fp32" else 0


def _written(spec: SdSpec, counts: Mapping[str, int], asked: Training, trained: int) -> int:
    """Bytes on the disk: the state, the windows as latents, and what a hub still has to send."""
    state, cells = trained * 16 + 2 * trained * 4, (asked.side // spec.vae_factor) ** 2
    lesson = asked.windows * cells * 4 * (2 * spec.latent_channels + 2)
    return state + lesson + (sum(counts.values()) * 2 if spec.hub and not spec.files else 0)


def component_parameters(spec: SdSpec) -> dict[str, int]:
    """Parameters by component: of the files here, else of the networks that the configurations describe."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    from defectgen.sd.memory_trace import parameters_of

    if spec.kind == "flux":
        raise InputError(f"{spec.name} is a FLUX model; plan knows Stable Diffusion 1.x, 2.x and XL")
    found = dict(spec.parameters)
    found.setdefault("unet", 0)
    for name, kind in (("unet", UNet2DConditionModel), ("vae", AutoencoderKL)):
        if not found.get(name):
            found[name] = parameters_of(kind, spec.configs[name])
    for name in ("text_encoder", "text_encoder_2"):
        if name in spec.configs and not found.get(name):
            import torch

            made = CLIPTextModelWithProjection if name.endswith("2") else CLIPTextModel
            with torch.device("meta"):
                model = made(CLIPTextConfig.from_dict(dict(spec.configs[name])))
            found[name] = sum(p.numel() for p in model.parameters())
    return found


def check_fits(
    spec: SdSpec, asked: Training | Sampling, found: Forecast, device: str, gib: float | None
) -> None:
    """InputError where the forecast exceeds the device's memory, with what would fit. gib: None where it is unknown."""
    if gib is None or found.total <= gib * 2**30:
        return
    need = f"this needs about {found.total / 2**30:.1f} GiB on {device}, which has {gib:.1f} GiB"
    if isinstance(asked, Sampling):
        raise InputError(f"{need}; {_lighter_sampling(spec, asked, device, gib)}")
    raise InputError(f"{need}; {_lighter_training(spec, asked, device, gib)}")


def _lighter_training(spec: SdSpec, asked: Training, device: str, gib: float) -> str:
    tries = _presets(asked)
    for words, lighter in tries:
        total = 0 if lighter == asked else forecast_training(spec, lighter, device).total
        if 0 < total <= gib * 2**30:
            return f"{words} would take {total / 2**30:.1f} GiB"
    words, least = tries[-1]
    for side in (768, 512, 384, 256):
        smaller = replace(least, side=side)
        if side < asked.side and forecast_training(spec, smaller, device).total <= gib * 2**30:
            return f"no preset fits at {asked.side} px; {words} --size {side} would"
    return "no preset fits; take a smaller checkpoint or a larger device"


def _presets(asked: Training) -> list[tuple[str, Training]]:
    """The same with each preset, the largest first, then with these in 16 bits; and how to ask for it."""
    halves = [("", asked.dtype)]
    if asked.rank is not None and asked.dtype == "fp32":
        halves.append((" --dtype bf16", "bf16"))
    return [
        (f"--preset {preset.name}{said}", _with(asked, preset, dtype))
        for said, dtype in halves for preset in reversed(PRESETS)
    ]  # fmt: skip


def _with(asked: Training, preset: Preset, dtype: str) -> Training:
    return replace(
        asked, batch=preset.batch, accumulate=preset.accumulate, checkpointing=preset.checkpointing,
        rank=asked.rank and preset.rank, dtype=dtype,
    )  # fmt: skip


def _lighter_sampling(spec: SdSpec, asked: Sampling, device: str, gib: float) -> str:
    tries = {
        "--batch 1": replace(asked, batch=1),
        "--dtype fp16 --batch 1": replace(asked, batch=1, dtype="fp16"),
        "--offload model --batch 1": replace(asked, batch=1, offload="model"),
        "--offload sequential --batch 1": replace(asked, batch=1, offload="sequential"),
    }
    for words, lighter in tries.items():
        on_gpu = device == "cuda" or "offload" not in words
        if on_gpu and lighter != asked and forecast_sampling(spec, lighter, device).total <= gib * 2**30:
            return f"{words} would fit"
    return "nothing at this size would fit; take a smaller checkpoint or a larger device"


def _resident(weights: Mapping[str, int], offload: str) -> dict[str, int]:
    if offload == "none":
        return {f"weights of {name}": size for name, size in weights.items()}
    if offload == "model":
        name = max(weights, key=lambda key: weights[key])
        return {f"weights of {name}, the largest part": weights[name]}
    return {"weights of one layer at a time": max(weights.values()) // 50}


def _overhead(peak: int, device: str) -> dict[str, int]:
    return {"activations at the peak": peak, "fragmentation and workspaces": round((SLACK - 1) * peak),
            "runtime": CONTEXT.get(device, CONTEXT["cpu"])}  # fmt: skip


def _text_activations(spec: SdSpec, name: str, asked: Training) -> int:
    config = spec.configs[name]
    layers = 1 if asked.checkpointing else int(config.get("num_hidden_layers", CLIP_LAYERS[name]))
    width = int(config.get("hidden_size", 768))
    return TEXT_ACTIVATION * BYTES[asked.dtype] // 2 * asked.batch * 77 * width * layers


def _notes(device: str) -> tuple[str, ...]:
    if device == "cpu":
        return ("fragmentation is estimated",)
    return (f"runtime and fragmentation on {device} are estimated",)
