"""What one pass through a network takes, found by tracing it without memory: peak bytes and floating-point operations.

The network is built from its configuration on the meta device and run on fake tensors, which have shapes and no
contents. Every storage that an operation makes is counted while it lives, so that the peak includes what is kept for
the backward pass and what gradient checkpointing throws away. Weights and inputs are not in it. Attention is taken to
be fused (SDPA or xformers), which keeps no matrix of all pairs. What a real device adds, its context, workspaces of its
convolutions and fragmentation, is not in it either.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["Pass", "parameters_of", "trace_unet", "trace_vae"]

TOKENS = 77


@dataclass(frozen=True)
class Pass:
    """peak: bytes beyond weights and inputs. flops: of the forward, and of the backward pass where there is one.
    trained: parameters that learn."""

    peak: int
    flops: int
    trained: int = 0


class Living(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of every storage that operations make, from its making to its end."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        for tensor in tree_leaves((args, kwargs or {})):
            self._meet(tensor, new=False)
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            self._meet(tensor, new=True)
        return out

    def _meet(self, tensor: Any, *, new: bool) -> None:
        if not isinstance(tensor, Tensor):
            return
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known:
            return
        size = storage.nbytes() if new else 0
        self._known.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._end, key, size)

    def _end(self, key: int, size: int) -> None:
        self.now -= size
        self._known.discard(key)


def parameters_of(kind: type[Any], config: Mapping[str, Any]) -> int:
    """Parameters of a network, from its configuration alone."""
    return sum(p.numel() for p in _built(kind, config).parameters())


def trace_unet(
    config: Mapping[str, Any], *, batch: int, side: int, dtype: str, rank: int | None = None, full: bool = False,
    checkpointing: bool = False,
) -> Pass:  # fmt: skip
    """One pass of a UNet over (batch, C, side, side) latents; forward and backward where rank or full is given."""
    from diffusers import UNet2DConditionModel

    unet = _built(UNet2DConditionModel, config)
    train = full or rank is not None
    unet.requires_grad_(full).train(train)
    if rank is not None:
        from peft import LoraConfig

        unet.add_adapter(LoraConfig(r=rank, target_modules=["to_q", "to_k", "to_v", "to_out.0"]))
    if checkpointing:
        unet.enable_gradient_checkpointing()
    shape = (batch, int(config["in_channels"]), side, side)

    def run(number: torch.dtype) -> Tensor:
        text = torch.empty(batch, TOKENS, _width(config), dtype=number)
        latents = torch.empty(shape, dtype=number)
        found = unet(latents, torch.empty(batch), text, added_cond_kwargs=_added(config, batch))
        return found.sample  # type: ignore[no-any-return]

    return _traced(unet, run, dtype, train)


def trace_vae(config: Mapping[str, Any], *, batch: int, side: int, dtype: str, decode: bool) -> Pass:
    """Decoding of (batch, C, side, side) latents, or the encoding of the pictures that have so many latents."""
    from diffusers import AutoencoderKL

    vae = _built(AutoencoderKL, config).requires_grad_(False).eval()
    factor = 2 ** (len(config["block_out_channels"]) - 1)

    def run(number: torch.dtype) -> Tensor:
        if decode:
            found = vae.decode(torch.empty(batch, int(config["latent_channels"]), side, side, dtype=number))
            return found.sample  # type: ignore[no-any-return]
        picture = torch.empty(batch, 3, side * factor, side * factor, dtype=number)
        return vae.encode(picture).latent_dist.mean  # type: ignore[no-any-return]

    return _traced(vae, run, dtype, False)


def _built(kind: type[Any], config: Mapping[str, Any]) -> Any:
    with torch.device("meta"):
        return kind.from_config(dict(config))


def _traced(network: nn.Module, run: Callable[[torch.dtype], Tensor], dtype: str, train: bool) -> Pass:
    number = {"fp32": torch.float32, "fp16": torch.bfloat16, "bf16": torch.bfloat16}[dtype]
    with FakeTensorMode(allow_non_fake_inputs=True):
        for module in network.modules():
            for name, weights in module._parameters.items():
                if weights is not None:
                    fake = torch.empty(weights.shape, dtype=number)
                    module._parameters[name] = nn.Parameter(fake, requires_grad=weights.requires_grad)
        living, counter = Living(), FlopCounterMode(display=False)
        with torch.set_grad_enabled(train), counter, living:
            out = run(number)
            if train:
                out.float().square().mean().backward()  # type: ignore[no-untyped-call]
    learning = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return Pass(living.peak, counter.get_total_flops(), learning if train else 0)


def _width(config: Mapping[str, Any]) -> int:
    width = config["cross_attention_dim"]
    return int(width if isinstance(width, int) else width[0])


def _added(config: Mapping[str, Any], batch: int) -> dict[str, Tensor] | None:
    """What SDXL is told beside the words."""
    if config.get("addition_embed_type") != "text_time":
        return None
    pooled = int(config["projection_class_embeddings_input_dim"]) - 6 * int(config["addition_time_embed_dim"])
    return {"text_embeds": torch.empty(batch, pooled), "time_ids": torch.empty(batch, 6)}
