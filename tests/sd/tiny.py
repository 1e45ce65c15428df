"""Tiny real Stable Diffusion components: of the same classes as the large ones, random weights, saved as folders.

`save_tiny(folder)` writes a whole diffusers checkpoint of about a megabyte; the builders give the parts. Pictures are
128 px, latents 16 x 16: the autoencoder scales down by 8, as those of real checkpoints do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DDIMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

Kind = Literal["sd", "sdxl"]
SIDE = 128
TEXT_WIDTH, SECOND_WIDTH = 32, 48
"""Two text encoders of a real SDXL differ in width, by which readers of single files tell them apart."""
WIDTHS = (16, 32)
VAE_WIDTHS = (8, 16, 16, 16)


def tiny_tokenizer() -> CLIPTokenizer:
    """Every byte is a token; a few letters are joined, so that merging is real."""
    letters = [chr(code) if chr(code).isprintable() and code != 32 and code != 173 else "" for code in range(256)]
    hidden = iter(range(256, 512))
    letters = [letter or chr(next(hidden)) for letter in letters]
    merges = [("s", "c"), ("r", "a"), ("c", "k</w>"), ("a", "t"), ("c", "h</w>"), ("o", "n</w>")]
    tokens = [*letters, *(f"{x}</w>" for x in letters), *("".join(pair) for pair in merges)]
    vocab = {token: index for index, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77)


def tiny_text_encoder(projection: bool = False, seed: int = 0) -> CLIPTextModel | CLIPTextModelWithProjection:
    torch.manual_seed(seed)
    size = len(tiny_tokenizer())
    config = CLIPTextConfig(
        vocab_size=size, hidden_size=SECOND_WIDTH if projection else TEXT_WIDTH, intermediate_size=64,
        num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=77, projection_dim=SECOND_WIDTH, bos_token_id=size - 2, eos_token_id=size - 1,
        pad_token_id=size - 1,
    )  # fmt: skip
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config).eval()


def tiny_vae(widths: tuple[int, ...] = VAE_WIDTHS, seed: int = 0) -> AutoencoderKL:
    torch.manual_seed(seed)
    levels = len(widths)
    return AutoencoderKL(
        block_out_channels=widths, norm_num_groups=8, layers_per_block=1, sample_size=SIDE,
        down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels,
    ).eval()  # fmt: skip


def tiny_unet(
    kind: Kind = "sd", channels: int = 9, widths: tuple[int, ...] = WIDTHS, seed: int = 0
) -> UNet2DConditionModel:
    torch.manual_seed(seed)
    return UNet2DConditionModel(in_channels=channels, out_channels=4, **_shape(kind, widths)).eval()


def tiny_controlnet(kind: Kind = "sd", widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> ControlNetModel:
    """Takes 4 latent channels also beside a UNet of 9; its condition is scaled down by 8, as the pictures are.

    Its output convolutions start at zero, as those of an untrained real one; here they do not, or it would do nothing.
    """
    torch.manual_seed(seed)
    shape = {k: v for k, v in _shape(kind, widths).items() if k not in ("sample_size", "up_block_types")}
    net = ControlNetModel(in_channels=4, conditioning_embedding_out_channels=(8, 8, 16, 16), **shape).eval()
    for convolution in (*net.controlnet_down_blocks, net.controlnet_mid_block):
        torch.nn.init.normal_(convolution.weight, std=0.5)
    for module in net.controlnet_cond_embedding.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.normal_(module.weight, std=0.3)
    return net


def _shape(kind: Kind, widths: tuple[int, ...]) -> dict[str, Any]:
    deeper = len(widths) - 1
    shape: dict[str, Any] = {
        "sample_size": SIDE // 8, "block_out_channels": widths, "layers_per_block": 1, "norm_num_groups": 8,
        "attention_head_dim": 4, "cross_attention_dim": TEXT_WIDTH,
    }  # fmt: skip
    if kind == "sdxl":
        return shape | {
            "cross_attention_dim": TEXT_WIDTH + SECOND_WIDTH, "use_linear_projection": True,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 6 * 8 + SECOND_WIDTH,
            "transformer_layers_per_block": (1,) + (2,) * deeper,
            "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * deeper,
            "up_block_types": ("CrossAttnUpBlock2D",) * deeper + ("UpBlock2D",),
        }  # fmt: skip
    return shape | {
        "down_block_types": ("CrossAttnDownBlock2D",) * deeper + ("DownBlock2D",),
        "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * deeper,
    }


def tiny_scheduler() -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False,
        steps_offset=1,
    )  # fmt: skip


def tiny_pipeline(
    kind: Kind = "sd", channels: int = 9, widths: tuple[int, ...] = WIDTHS, vae: AutoencoderKL | None = None
) -> Any:
    """A pipeline of the class that such a checkpoint names: inpainting with 9 channels, text to image with 4."""
    common = {
        "vae": vae or tiny_vae(), "tokenizer": tiny_tokenizer(), "unet": tiny_unet(kind, channels, widths),
        "scheduler": tiny_scheduler(),
    }  # fmt: skip
    if kind == "sdxl":
        made = StableDiffusionXLInpaintPipeline if channels == 9 else StableDiffusionXLPipeline
        second = tiny_text_encoder(projection=True, seed=1)
        return made(text_encoder=tiny_text_encoder(), text_encoder_2=second, tokenizer_2=tiny_tokenizer(), **common)
    made = StableDiffusionInpaintPipeline if channels == 9 else StableDiffusionPipeline
    return made(
        text_encoder=tiny_text_encoder(), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        **common,
    )  # fmt: skip


def save_tiny(folder: Path, kind: Kind = "sd", channels: int = 9, **parts: Any) -> Path:
    """Writes a checkpoint as a diffusers folder; returns the folder."""
    tiny_pipeline(kind, channels, **parts).save_pretrained(folder, safe_serialization=True)
    return folder


def save_tiny_controlnet(folder: Path, kind: Kind = "sd") -> Path:
    tiny_controlnet(kind).save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_flux(fill: bool = False) -> Any:
    """A FLUX-shaped pipeline: a transformer on packed latents of 16 channels, flow matching, two text encoders."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxFillPipeline, FluxPipeline, FluxTransformer2DModel
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    torch.manual_seed(0)
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    words = Tokenizer(models.Unigram([*special, *((letter, -1.0) for letter in " abcdefghi")], 2))
    words.pre_tokenizer = pre_tokenizers.Metaspace()
    reader = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    states = T5EncoderModel(T5Config(vocab_size=16, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4)).eval()
    transformer = FluxTransformer2DModel(
        in_channels=384 if fill else 64, out_channels=64, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=TEXT_WIDTH, axes_dims_rope=(4, 4, 8),
    ).eval()  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=VAE_WIDTHS, norm_num_groups=8, layers_per_block=1, sample_size=SIDE, latent_channels=16,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, shift_factor=0.1,
    ).eval()  # fmt: skip
    return (FluxFillPipeline if fill else FluxPipeline)(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=tiny_text_encoder(),
        tokenizer=tiny_tokenizer(), text_encoder_2=states, tokenizer_2=reader, transformer=transformer,
    )  # fmt: skip
