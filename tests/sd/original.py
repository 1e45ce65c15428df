"""Single files in the layout of the original Stable Diffusion code, made of diffusers' components.

The names follow from how the original code numbers its blocks: input and output blocks in one row, resolutions of the
decoder counted from the finest.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

Weights = dict[str, torch.Tensor]
RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
UNET = {
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0", "conv_out": "out.2", "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1", "mid_block.resnets.1": "middle_block.2",
}  # fmt: skip
OPEN_CLIP = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding", "final_layer_norm": "ln_final",
    "encoder.layers": "transformer.resblocks", "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj", "self_attn.out_proj": "attn.out_proj",
}  # fmt: skip
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def save_original(pipe: Any, path: Path) -> Path:
    """Writes UNet, autoencoder and text encoders of an SD 1.x or XL pipeline as one file."""
    weights = {f"model.diffusion_model.{k}": v for k, v in _unet(pipe.unet).items()}
    weights |= {f"first_stage_model.{k}": v for k, v in _vae(pipe.vae).items()}
    text = {f"text_model.{k.removeprefix('text_model.')}": v for k, v in pipe.text_encoder.state_dict().items()}
    second = getattr(pipe, "text_encoder_2", None)
    prefix = "cond_stage_model" if second is None else "conditioner.embedders.0"
    weights |= {f"{prefix}.transformer.{k}": v for k, v in text.items()}
    if second is not None:
        weights |= {f"conditioner.embedders.1.model.{k}": v for k, v in _open_clip(second).items()}
    save_file({k: v.contiguous() for k, v in weights.items()}, path)
    return path


def _unet(unet: Any) -> Weights:
    names, layers = dict(UNET), unet.config.layers_per_block
    for i in range(len(unet.down_blocks)):
        for j in range(layers):
            for k, part in enumerate(("resnets", "attentions")):
                names[f"down_blocks.{i}.{part}.{j}"] = f"input_blocks.{1 + i * (layers + 1) + j}.{k}"
        names[f"down_blocks.{i}.downsamplers.0.conv"] = f"input_blocks.{(i + 1) * (layers + 1)}.0.op"
    for i, block in enumerate(unet.up_blocks):
        for j in range(layers + 1):
            for k, part in enumerate(("resnets", "attentions")):
                names[f"up_blocks.{i}.{part}.{j}"] = f"output_blocks.{i * (layers + 1) + j}.{k}"
        after = 2 if hasattr(block, "attentions") else 1
        names[f"up_blocks.{i}.upsamplers.0.conv"] = f"output_blocks.{i * (layers + 1) + layers}.{after}.conv"
    return {_renamed(key, names, RESNET): value for key, value in unet.state_dict().items()}


def _renamed(key: str, names: dict[str, str], inner: dict[str, str]) -> str:
    start = next(name for name in sorted(names, key=len, reverse=True) if key.startswith(f"{name}."))
    rest = key.removeprefix(f"{start}.")
    if "resnets" in start:
        part = next(name for name in inner if rest.startswith(f"{name}."))
        rest = inner[part] + rest.removeprefix(part)
    return f"{names[start]}.{rest}"


def _open_clip(encoder: Any) -> Weights:
    """The second text encoder: queries, keys and values in one matrix, the projection turned."""
    state = {k.removeprefix("text_model."): v for k, v in encoder.state_dict().items()}
    found = {"text_projection": state.pop("text_projection.weight").T, "logit_scale": torch.tensor(1.0)}
    for key, value in state.items():
        name = key
        for old, new in OPEN_CLIP.items():
            name = name.replace(old, new)
        if ".q_proj." in key:
            end = key.rpartition(".")[2]
            parts = [state[key.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")]
            found[f"{name.partition('.self_attn')[0]}.attn.in_proj_{end}"] = torch.cat(parts)
        elif not any(part in key for part in (".k_proj.", ".v_proj.", "position_ids")):
            found[name] = value
    return found


def _vae(vae: Any) -> Weights:
    last, found = len(vae.config.block_out_channels) - 1, {}
    for key, value in vae.state_dict().items():
        name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", key)
        name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
        name = re.sub(r"up_blocks\.(\d)\.resnets", lambda m: f"up.{last - int(m[1])}.block", name)
        name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{last - int(m[1])}.upsample", name)
        name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
        name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
        if "mid_block.attentions.0" in name:
            part = next(old for old in ATTENTION if f"attentions.0.{old}." in name)
            name = name.replace(f"mid_block.attentions.0.{part}", f"mid.attn_1.{ATTENTION[part]}")
            value = value[:, :, None, None] if value.ndim == 2 else value
        found[name] = value
    return found
