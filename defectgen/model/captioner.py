"""The implicit captioner: a reference picture becomes pseudo words, as many as a short caption.

The trained half is a small network on the reference's vector (see `reference`): TOKENS pseudo tokens that join those of
the text in cross-attention, and a pooled vector that joins the text's. It is trained with the generator, with words,
reference, both or neither told. Xu et al. 2023, "Open-Vocabulary Panoptic Segmentation with Text-to-Image Diffusion
Models", eq. 4; taken up for defects by IMDD-1M (arXiv 2512.24160).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from defectgen.model.condition import TEXT_DIM
from defectgen.model.reference import REFERENCE_DIM

__all__ = ["TOKENS", "ImplicitCaptioner"]

TOKENS = 4
_WIDTH = 128
_CLIP = 4.0


class ImplicitCaptioner(nn.Module):
    """Vectors of references to pseudo tokens; the pooled part starts at zero. mean, scale: their usual range."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(REFERENCE_DIM))
        self.register_buffer("scale", torch.ones(REFERENCE_DIM))
        self.squeeze = nn.Linear(REFERENCE_DIM, _WIDTH)
        self.speak = nn.Linear(_WIDTH, (TOKENS + 1) * TEXT_DIM)
        nn.init.normal_(self.speak.weight, std=0.02)
        nn.init.zeros_(self.speak.bias)
        with torch.no_grad():
            self.speak.weight[TOKENS * TEXT_DIM :].zero_()

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """(B, TOKENS, 384) pseudo tokens and (B, 384) pooled, of vectors (B, REFERENCE_DIM)."""
        dtype = self.squeeze.weight.dtype
        plain = ((vectors.float() - self.mean.float()) / self.scale.float()).clamp(-_CLIP, _CLIP)
        words = self.speak(nn.functional.gelu(self.squeeze(plain.to(dtype))))
        tokens, pooled = words.split((TOKENS * TEXT_DIM, TEXT_DIM), 1)
        return tokens.view(-1, TOKENS, TEXT_DIM), pooled

    def join(
        self, tokens: Tensor, padding: Tensor, vector: Tensor, references: Tensor, told: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Conditions with the pseudo words added where a reference is told.

        tokens: (B, L, 384). padding: (B, L), True on real tokens. vector: (B, 400). references: (B, REFERENCE_DIM).
        told: (B,) bool. Returns tokens (B, L + TOKENS, 384), padding (B, L + TOKENS) and vector (B, 400).
        """
        words, pooled = self(references)
        shown = told.view(-1, 1)
        words = words * shown.unsqueeze(2).to(words)
        pooled = nn.functional.pad(pooled * shown.to(pooled), (0, vector.shape[1] - pooled.shape[1]))
        return (
            torch.cat([tokens.to(words), words], 1),
            torch.cat([padding, shown.expand(-1, TOKENS)], 1),
            vector + pooled.to(vector),
        )
