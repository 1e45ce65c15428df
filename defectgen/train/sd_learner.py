"""The part of a Stable Diffusion pipeline that learns: low-rank updates of its UNet (LoRA, Hu et al. 2021), and
optionally of its text encoders, and of the rows of new words (textual inversion, Gal et al. 2023); or a whole UNet.

What is trained is float32; everything else keeps the dtype that the pipeline was opened with. Files are named and keyed
as diffusers names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from defectgen.errors import InputError
from defectgen.train.sd_loss import prediction_target, weighted_loss
from defectgen.train.sd_options import SdMethod

__all__ = ["EMBEDS_FILE", "LORA_FILE", "Learner", "SdBatch", "encode_texts", "encoders_of", "tokenizers_of"]

LORA_FILE, EMBEDS_FILE = "pytorch_lora_weights.safetensors", "learned_embeds.safetensors"
UNET_TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]
TEXT_TARGETS = ["q_proj", "k_proj", "v_proj", "out_proj"]
EMBED_KEYS = ("clip_l", "clip_g")


@dataclass(frozen=True)
class SdBatch:
    """clean, masked: (B, C, h, w) latents of the window and of the window without its hole. hole: (B, 1, h, w).

    weights: (B, h, w). noise: as clean. t: (B,) int. embeds: (B, L, D) and pooled: (B, P), or None where `texts` is to
    be encoded with what is being trained.
    """

    clean: Tensor
    masked: Tensor
    hole: Tensor
    weights: Tensor
    noise: Tensor
    t: Tensor
    texts: tuple[str, ...]
    embeds: Tensor | None = None
    pooled: Tensor | None = None


def encoders_of(pipe: Any) -> list[Any]:
    """The text encoders, one or two."""
    return [e for e in (getattr(pipe, name, None) for name in ("text_encoder", "text_encoder_2")) if e is not None]


def tokenizers_of(pipe: Any) -> list[Any]:
    return [t for t in (getattr(pipe, name, None) for name in ("tokenizer", "tokenizer_2")) if t is not None]


def encode_texts(pipe: Any, texts: Sequence[str], device: Any) -> tuple[Tensor, Tensor | None]:
    """(T, L, D) embeddings, and the (T, P) pooled ones of a model with two text encoders."""
    found = pipe.encode_prompt(
        prompt=list(texts), device=device, num_images_per_prompt=1, do_classifier_free_guidance=False
    )
    return found[0], (found[2] if len(found) == 4 else None)


class Learner(nn.Module):
    """The networks with what is trained of them; `forward` gives the losses of a batch."""

    def __init__(
        self, pipe: Any, method: SdMethod, rank: int, *, text_encoder: bool, new_words: Sequence[str], side: int,
        seed: int,
    ) -> None:  # fmt: skip
        """new_words: to be added to the vocabulary, each starting as the mean of its letters' own tokens."""
        from diffusers import DDPMScheduler
        from diffusers.training_utils import cast_training_params

        super().__init__()
        torch.manual_seed(seed)
        self.pipe_ref = [pipe]
        self.method, self.side, self.texts_train = method, side, text_encoder or bool(new_words)
        scheduler: Any = DDPMScheduler
        self.scheduler = scheduler.from_config(pipe.scheduler.config)
        self.unet: Any = pipe.unet.requires_grad_(method == "full")
        self.text_encoders = nn.ModuleList(e.requires_grad_(False) for e in encoders_of(pipe))
        self.new_words = tuple(new_words)
        if method == "lora":
            self.unet.add_adapter(_lora(rank, UNET_TARGETS))
        encoders: list[Any] = list(self.text_encoders)
        for encoder in encoders if text_encoder else ():
            encoder.add_adapter(_lora(rank, TEXT_TARGETS))
        self.rows = nn.ParameterList(
            _add_words(tokenizer, encoder, self.new_words)
            for tokenizer, encoder in zip(tokenizers_of(pipe), self.text_encoders, strict=True)
            if new_words
        )
        cast_training_params([self.unet, *self.text_encoders, self.rows], torch.float32)

    @property
    def inputs(self) -> int:
        """Channels that the UNet takes: 9 with mask and masked latents, 4 without."""
        return int(self.unet.config.in_channels)

    def checkpoint_gradients(self) -> None:
        self.unet.enable_gradient_checkpointing()
        encoders: list[Any] = list(self.text_encoders) if self.texts_train else []
        for encoder in encoders:
            getattr(encoder, "activation_checkpointing_enable", encoder.gradient_checkpointing_enable)()

    def forward(self, batch: SdBatch) -> Tensor:
        """(B,) losses."""
        noisy = self.scheduler.add_noise(batch.clean, batch.noise, batch.t)
        seen = torch.cat([noisy, batch.hole, batch.masked], 1) if self.inputs == 9 else noisy
        embeds, pooled = batch.embeds, batch.pooled
        if self.texts_train:
            embeds, pooled = encode_texts(self.pipe_ref[0], batch.texts, batch.clean.device)
        assert embeds is not None
        dtype = self.unet.dtype if self.method == "lora" else torch.float32
        predicted = self.unet(
            seen.to(dtype), batch.t, encoder_hidden_states=embeds.to(dtype),
            added_cond_kwargs=self._added(pooled, len(batch.t), batch.clean.device, dtype),
        ).sample  # fmt: skip
        kind = str(self.scheduler.config["prediction_type"])
        return weighted_loss(
            predicted, prediction_target(kind, self.scheduler, batch.clean, batch.noise, batch.t), batch.weights
        )

    def _added(self, pooled: Tensor | None, count: int, device: Any, dtype: torch.dtype) -> dict[str, Tensor] | None:
        """SDXL is told the size of the picture, where it was cropped, and the size to make (Podell et al. 2023)."""
        if pooled is None:
            return None
        times = torch.tensor([[self.side, self.side, 0, 0, self.side, self.side]], device=device, dtype=dtype)
        return {"text_embeds": pooled.to(dtype), "time_ids": times.repeat(count, 1)}

    def save(self, folder: Path) -> None:
        """Write what was trained: the LoRA and the words, or `unet/`."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.method == "full":
            self.unet.save_pretrained(folder / "unet", safe_serialization=True)
            return
        self._save_lora(folder)
        self._save_words(folder)

    def _save_lora(self, folder: Path) -> None:
        from diffusers.utils.state_dict_utils import convert_state_dict_to_diffusers
        from peft.utils import get_peft_model_state_dict

        def updates(network: Any) -> Any:
            # New words have files of their own
            layers = get_peft_model_state_dict(network, save_embedding_layers=False)
            return convert_state_dict_to_diffusers(layers)  # type: ignore[no-untyped-call]

        layers = {"unet_lora_layers": updates(self.unet)}
        for number, encoder in enumerate(self.text_encoders):
            if getattr(encoder, "peft_config", None):
                key = f"text_encoder{'_2' if number else ''}_lora_layers"
                layers[key] = updates(encoder)
        type(self.pipe_ref[0]).save_lora_weights(folder, safe_serialization=True, weight_name=LORA_FILE, **layers)

    def _save_words(self, folder: Path) -> None:
        """One file a word, since diffusers reads one word a file; in a folder each where there are several."""
        from safetensors.torch import save_file

        for number, word in enumerate(self.new_words):
            place = folder if len(self.new_words) == 1 else folder / "words" / word.strip("<>")
            place.mkdir(parents=True, exist_ok=True)
            rows = [row.detach()[number : number + 1].cpu().clone() for row in self.rows]
            keys = [word] if len(rows) == 1 else EMBED_KEYS
            save_file(dict(zip(keys, rows, strict=True)), place / EMBEDS_FILE)


def _lora(rank: int, targets: Sequence[str]) -> Any:
    from peft import LoraConfig

    return LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=list(targets))


def _add_words(tokenizer: Any, encoder: Any, words: Sequence[str]) -> nn.Parameter:
    """Trainable rows (words, D) of the token embedding, which the encoder uses from now on for the new words."""
    pieces = [tokenizer(word.strip("<>").replace("-", " "), add_special_tokens=False).input_ids for word in words]
    if tokenizer.add_tokens(list(words)) != len(words):
        raise InputError(f"the model knows one of the words {', '.join(words)} already; train without --new-words")
    first = len(tokenizer) - len(words)
    encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    table: nn.Embedding = encoder.get_input_embeddings()
    table.requires_grad_(False)
    rows = nn.Parameter(torch.stack([table.weight[ids].float().mean(0) for ids in pieces]))

    def replace(_: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> Tensor:
        number = inputs[0] - first
        own = rows[number.clamp(min=0)].to(out.dtype)
        return torch.where((number >= 0)[..., None], own, out)

    table.register_forward_hook(replace)
    return rows
