"""ControlNets: copies of a UNet's encoder that add what a condition picture says (Zhang et al. 2023).

One fits a checkpoint whose text states have the width that it reads. It takes the 4 channels of the latents also where
the UNet takes 9; a copy of such a UNet's own first layer does not work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from defectgen.errors import InputError, WeightsError
from defectgen.sd.checkpoint import SdSpec
from defectgen.sd.components import model_files, read_json
from defectgen.sd.hub import hub_configs, is_hub_name
from defectgen.sd.options import SdOptions
from defectgen.sd.weights_file import refuse_pickle, weights_sha256

__all__ = ["check_controlnet", "controlnet_parameters", "controlnet_settings", "load_controlnet"]

CHANNELS = 4


def check_controlnet(options: SdOptions, spec: SdSpec) -> Path:
    """The folder of its configuration; refuses what is missing, a pickle, or made for another family."""
    folder = _folder(options)
    config = read_json(folder / "config.json")
    width, channels = int(config.get("cross_attention_dim") or 0), int(config.get("in_channels") or 0)
    if spec.kind == "flux":
        raise InputError("a ControlNet is for Stable Diffusion 1, 2 and XL here, and the model is FLUX; leave it out")
    if channels != CHANNELS:
        raise InputError(f"ControlNet {options.controlnet} takes {channels} channels; expected {CHANNELS}")
    if width != spec.text_width:
        raise InputError(
            f"ControlNet {options.controlnet} reads text states of width {width}, {spec.name} has {spec.text_width}; "
            "take one of the model's own family"
        )
    return folder


def load_controlnet(options: SdOptions, spec: SdSpec, dtype: Any) -> Any:
    """The network, of a folder or a hub name."""
    import diffusers

    library: Any = diffusers
    folder = check_controlnet(options, spec)
    hub = is_hub_name(str(options.controlnet))
    variant = None if hub else model_files(folder).variant or None
    try:
        return library.ControlNetModel.from_pretrained(
            options.controlnet if hub else folder, torch_dtype=dtype, variant=variant, use_safetensors=True,
            local_files_only=options.offline or not hub,
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"ControlNet {options.controlnet} cannot be opened ({reason})") from error


def controlnet_parameters(options: SdOptions) -> int:
    """How many it has, 0 where none is named; of its configuration where the weights are not here yet."""
    if options.controlnet is None:
        return 0
    folder = _folder(options)
    there = model_files(folder, needed=False).parameters
    if there:
        return there
    from diffusers import ControlNetModel

    from defectgen.sd.memory_trace import parameters_of

    return parameters_of(ControlNetModel, read_json(folder / "config.json"))


def controlnet_settings(options: SdOptions) -> dict[str, str]:
    """For the record: what it is told, its name, and the digest of its weights where they are local."""
    if options.controlnet is None:
        return {}
    control = options.control.partition(":")[0]
    if is_hub_name(options.controlnet):
        return {"control": control, "controlnet": options.controlnet}
    folder = _folder(options)
    digest = weights_sha256(model_files(folder).paths)
    return {"control": control, "controlnet": folder.name, "controlnet_sha256": digest}


def _folder(options: SdOptions) -> Path:
    name = str(options.controlnet)
    if is_hub_name(name):
        return hub_configs(name, offline=options.offline)
    path = Path(name).expanduser()
    if not path.is_dir():
        refuse_pickle(path)
        raise WeightsError(f"{path} is no ControlNet; expected a diffusers folder with config.json and .safetensors")
    model_files(path)
    return path
