"""The network: a small conditional U-Net that sees the good window.

Input grid, 160 channels: the noisy residual (48), the good window (48), the mask (16), the rendered draft of the
residual (48), each through `transform`; a draft of zeros leaves everything to the words.
Output, 96 channels: two pictures, one for the whole band and one that is multiplied by the mask at full resolution
before they are added. The second carries hairlines: the network says how strong, the mask says exactly where. The
backbone is diffusers' `UNet2DConditionModel`, so the weights are an ordinary diffusers folder.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from defectgen.model.captioner import ImplicitCaptioner
from defectgen.model.condition import TEXT_DIM, VECTOR_DIM
from defectgen.model.flow import band
from defectgen.model.transform import BLOCK, to_grid, to_pixels

__all__ = ["WIDTHS", "EditNetwork", "build_unet"]

WIDTHS = (96, 160, 224)
_CHANNELS = 3 * BLOCK * BLOCK


def build_unet(widths: tuple[int, ...] = WIDTHS, window_px: int = 128, layers: int = 1) -> Any:
    """A freshly initialised `UNet2DConditionModel`; attention to the words at the coarsest level and in the middle."""
    from diffusers import UNet2DConditionModel

    coarse = len(widths) - 1
    config: dict[str, Any] = {
        "sample_size": window_px // BLOCK,
        "in_channels": 3 * _CHANNELS + BLOCK * BLOCK,
        "out_channels": 2 * _CHANNELS,
        "block_out_channels": widths,
        "layers_per_block": layers,
        "down_block_types": ("DownBlock2D",) * coarse + ("CrossAttnDownBlock2D",),
        "up_block_types": ("CrossAttnUpBlock2D",) + ("UpBlock2D",) * coarse,
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "cross_attention_dim": TEXT_DIM,
        "attention_head_dim": 32,
        "class_embed_type": "projection",
        "projection_class_embeddings_input_dim": VECTOR_DIM,
    }
    unet: Any = UNet2DConditionModel(**config)  # type: ignore[no-untyped-call]
    nn.init.zeros_(unet.conv_out.weight)
    return unet


class EditNetwork(nn.Module):
    """Predicts the clean residual from its noisy version, the good window, the mask, a draft and the words.

    captioner: the trained half of the implicit captioner, which turns references to words; None where there is none.
    """

    def __init__(self, unet: Any, captioner: ImplicitCaptioner | None = None) -> None:
        super().__init__()
        self.unet = unet
        self.captioner = captioner

    def forward(
        self, noisy: Tensor, t: Tensor, good: Tensor, alpha: Tensor, draft: Tensor, tokens: Tensor, padding: Tensor,
        vector: Tensor,
    ) -> Tensor:  # fmt: skip
        """x_0 prediction, (B, 3, S, S), zero outside the band.

        noisy, draft: (B, 3, S, S) residual units. t: (B,) in [0, 1]. good: (B, 3, S, S) in [-1, 1].
        alpha: (B, 1, S, S). tokens: (B, L, 384) with padding (B, L), True on real tokens.
        vector: (B, 400), see `condition_vector`.
        """
        grid = torch.cat([to_grid(noisy), to_grid(good), to_grid(2 * alpha - 1), to_grid(band(alpha) * draft)], dim=1)
        dtype = self.unet.conv_in.weight.dtype
        grid = grid.to(dtype).contiguous(memory_format=torch.channels_last)
        out = self.unet(
            grid,
            1000 * t,
            encoder_hidden_states=tokens.to(dtype),
            encoder_attention_mask=padding,
            class_labels=vector.to(dtype),
        ).sample
        everywhere, masked = to_pixels(out).float().chunk(2, dim=1)
        return (everywhere + alpha * masked) * band(alpha)
