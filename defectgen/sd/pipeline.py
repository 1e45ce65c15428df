"""Pipelines: a checkpoint's components in memory, in the number format, place and attention that were asked for.

diffusers' own inpainting pipelines are used as they are. Of a text-to-image checkpoint the components go into the
same classes, which hold the latents outside the mask themselves where the UNet has 4 channels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from defectgen.errors import InputError, WeightsError
from defectgen.model.device import pick_device
from defectgen.sd.attention import check_attention, set_attention
from defectgen.sd.checkpoint import SdSpec, inspect
from defectgen.sd.components import read_json
from defectgen.sd.controlnet import controlnet_settings, load_controlnet
from defectgen.sd.hub import hub_weights
from defectgen.sd.learned import learned_settings, learned_unet, load_learned
from defectgen.sd.options import SdOptions
from defectgen.sd.quiet import quiet
from defectgen.sd.scheduler import scheduler_named

__all__ = ["dtype_name", "fetched", "open_pipeline", "recorded", "sd_device"]

CLASSES = {
    ("sd", False): "StableDiffusionInpaintPipeline",
    ("sd", True): "StableDiffusionControlNetInpaintPipeline",
    ("sdxl", False): "StableDiffusionXLInpaintPipeline",
    ("sdxl", True): "StableDiffusionXLControlNetInpaintPipeline",
}
TORCH_NAMES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


def sd_device(options: SdOptions) -> str:
    """cuda, mps or cpu; InputError for what cannot run a pipeline, or cannot do so in the way that was asked for."""
    if options.device == "openvino":
        raise InputError("device openvino runs engine compact only; use --device auto or --device cpu")
    device = pick_device(options.device)
    if options.offload != "none" and device == "cpu":
        raise InputError(f"offload {options.offload} is for a GPU, and the device is cpu; leave out --offload")
    check_attention(options.attention, device)
    return device


def dtype_name(options: SdOptions, kind: str, device: str) -> str:
    """fp32, fp16 or bf16; "auto" is fp16 on CUDA (bf16 for FLUX, which overflows fp16), else fp32.

    fp16 resolves finer steps than bf16, and Stable Diffusion was trained in it.
    """
    if options.dtype == "auto":
        return ("bf16" if kind == "flux" else "fp16") if device == "cuda" else "fp32"
    if options.dtype == "fp16" and device == "cpu":
        raise InputError("dtype fp16 is not computed on a CPU; use --dtype fp32 or bf16")
    return options.dtype


def fetched(spec: SdSpec, *, offline: bool = False) -> SdSpec:
    """The same checkpoint with all of its weights on this disk; those of a hub model are fetched where needed."""
    if not spec.hub:
        return spec
    whole = inspect(str(hub_weights(spec.model, offline=offline)))
    return SdSpec(**{**whole.__dict__, "model": spec.model, "hub": True})


def open_pipeline(spec: SdSpec, options: SdOptions) -> Any:
    """A diffusers inpainting pipeline, ready to be called; nothing is loaded from a pickle.

    Raises InputError for options that this machine or this checkpoint cannot follow, WeightsError for weights that
    cannot be read.
    """
    import torch

    device = sd_device(options)
    dtype = getattr(torch, TORCH_NAMES[dtype_name(options, spec.kind, device)])
    spec = fetched(spec, offline=options.offline)
    with quiet():
        controlnet = None if options.controlnet is None else load_controlnet(options, spec, dtype)
        pipe = _loaded(spec, dtype, controlnet)
        unet = learned_unet(options.loras)
        if unet is not None:
            pipe.register_modules(unet=_unet(unet, dtype))
    pipe.scheduler = scheduler_named(options.scheduler, pipe.scheduler)
    load_learned(pipe, options.loras)
    set_attention(pipe, check_attention(options.attention, device))
    _place(pipe, options, device)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def recorded(spec: SdSpec, options: SdOptions, device: str) -> dict[str, str]:
    """What decides a pipeline's result beside weights, steps, guidance and strength, for the record."""
    own = str(read_json(spec.folder / "scheduler" / "scheduler_config.json").get("_class_name"))
    return {
        "model": spec.name, "kind": f"{spec.kind}, {spec.unet_channels} channels",
        "dtype": dtype_name(options, spec.kind, device), "attention": check_attention(options.attention, device),
        "scheduler": own if options.scheduler == "auto" else options.scheduler,
        **controlnet_settings(options), **learned_settings(options.loras),
    }  # fmt: skip


def _loaded(spec: SdSpec, dtype: Any, controlnet: Any) -> Any:
    import diffusers

    extra = {"controlnet": controlnet} if controlnet is not None else {}
    if spec.kind == "flux":
        made: Any = diffusers.FluxFillPipeline if spec.unet_channels == 384 else diffusers.AutoPipelineForInpainting
    else:
        made = getattr(diffusers, CLASSES[spec.kind, controlnet is not None])
        extra |= {"safety_checker": None} if spec.kind == "sd" else {"add_watermarker": False}
    try:
        if spec.file is not None:
            pipe = made.from_single_file(
                str(spec.file), config=str(spec.folder), torch_dtype=dtype, local_files_only=True, **extra
            )
            return _whole(pipe, spec.file)
        return made.from_pretrained(
            spec.folder, torch_dtype=dtype, variant=spec.variant, use_safetensors=True, local_files_only=True, **extra
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{spec.model} cannot be opened ({reason}); check the folder, or fetch it again") from error


def _whole(pipe: Any, file: Path) -> Any:
    """The pipeline; WeightsError where the file left a weight of it out, which the reader passes over in silence."""
    for name, part in pipe.components.items():
        state = part.state_dict() if hasattr(part, "state_dict") else {}
        for key, value in state.items():
            if getattr(value, "is_meta", False):
                raise WeightsError(f"{file} lacks {key} of {name}; fetch it again, or give a diffusers folder")
    return pipe


def _unet(folder: Path, dtype: Any) -> Any:
    import diffusers

    library: Any = diffusers
    try:
        return library.UNet2DConditionModel.from_pretrained(
            folder, torch_dtype=dtype, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{folder} cannot be opened ({' '.join(str(error).split())[:200]})") from error


def _place(pipe: Any, options: SdOptions, device: str) -> None:
    if options.slicing:
        pipe.enable_attention_slicing()
        pipe.vae.enable_slicing()
    if options.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif options.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        pipe.to(device)
