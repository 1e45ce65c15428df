"""Speeds of this machine, measured on random networks of Stable Diffusion 1.5's size (Rombach et al. 2022, v1).

Random weights compute as long as learned ones. On a GPU a pass is timed between synchronisations and its peak is the
allocator's; on a CPU seconds are of the processor, so that other work on the machine does not count, and the peak is
not measured, since the system does not tell a pass's memory from the rest.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from defectgen.sd.memory_trace import Pass, trace_unet, trace_vae
from defectgen.sd.plan_speed import Speed, device_name

__all__ = ["SD15_UNET", "SD15_VAE", "measure"]

SD15_UNET: dict[str, Any] = {
    "sample_size": 64, "in_channels": 9, "out_channels": 4, "block_out_channels": [320, 640, 1280, 1280],
    "layers_per_block": 2, "cross_attention_dim": 768, "attention_head_dim": 8,
}  # fmt: skip
SD15_VAE: dict[str, Any] = {
    "sample_size": 512, "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
}  # fmt: skip
SIDE, RANK = 64, 8
NUMBERS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Case:
    """One thing to measure, as in `plan_speed.Speed`."""

    work: str
    dtype: str
    attention: str
    batch: int
    checkpointing: bool = False


def cases(device: str) -> list[Case]:
    """A GPU is measured in both half precisions, with both attentions, at each preset; a CPU at what it would do."""
    if device != "cuda":
        found = [Case("infer", "bf16", "sdpa", 2), Case("infer", "fp32", "sdpa", 2), Case("decode", "fp32", "sdpa", 1),
                 Case("train", "fp32", "sdpa", 1, True)]  # fmt: skip
        return found if device == "cpu" else [case for case in found if case.dtype == "fp32"]
    attentions = ["sdpa", *(["xformers"] if _xformers() else [])]
    return [
        *(Case("infer", dtype, attention, 2) for dtype in ("fp16", "bf16") for attention in attentions),
        *(Case("decode", dtype, "sdpa", 1) for dtype in ("fp16", "bf16")),
        *(Case("train", dtype, attention, batch, checkpointing)
          for dtype in ("fp16", "bf16") for attention in attentions
          for batch, checkpointing in ((1, True), (2, True), (4, False))),
    ]  # fmt: skip


def measure(device: str, repeats: int = 5) -> Iterator[Speed]:
    """Every case of the device, one after the other; the median of `repeats`; a GPU warms up first."""
    networks: dict[tuple[str, str], Any] = {}
    for case in cases(device):
        key = ("vae" if case.work == "decode" else case.work, case.dtype)
        if key not in networks:
            networks.clear()
            networks[key] = _network(*key, device)
        yield _measured(case, networks[key], device, repeats)


def _measured(case: Case, network: Any, device: str, repeats: int) -> Speed:
    run = _run(case, network, device)
    traced = _traced(case)
    if device != "cpu":
        run()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() if device == "cuda" else 0
    taken = sorted(_timed(run, device) for _ in range(repeats))
    peak = torch.cuda.max_memory_allocated() - before if device == "cuda" else None
    return Speed(
        device=device_name(device), work=case.work, dtype=case.dtype, attention=case.attention, batch=case.batch,
        side=8 * SIDE, checkpointing=case.checkpointing, seconds=taken[len(taken) // 2], flops=traced.flops,
        traced=traced.peak, measured=peak, versions=f"torch {torch.__version__}",
    )  # fmt: skip


def _timed(run: Callable[[], None], device: str) -> float:
    if device == "cpu":
        start = time.process_time()
        run()
        return (time.process_time() - start) / torch.get_num_threads()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize() if device == "cuda" else torch.mps.synchronize()
    return time.perf_counter() - start


def _network(kind: str, dtype: str, device: str) -> Any:
    """A random network on the device; its weights are written there directly."""
    from diffusers import AutoencoderKL, UNet2DConditionModel

    made: Any = AutoencoderKL if kind == "vae" else UNet2DConditionModel
    config = SD15_VAE if kind == "vae" else SD15_UNET
    with torch.device("meta"):
        network: Any = made.from_config(config)
    network.to_empty(device=device)
    for weights in network.parameters():
        weights.data = torch.empty_like(weights, dtype=NUMBERS[dtype]).normal_(0, 0.02)
    network.requires_grad_(False).train(kind == "train")
    if kind == "train":
        from peft import LoraConfig

        network.add_adapter(LoraConfig(r=RANK, target_modules=["to_q", "to_k", "to_v", "to_out.0"]))
    return network


def _run(case: Case, network: Any, device: str) -> Callable[[], None]:
    number = NUMBERS[case.dtype]
    if case.work == "decode":
        latents = torch.randn(case.batch, 4, SIDE, SIDE, device=device, dtype=number)

        def decode() -> None:
            with torch.no_grad():
                network.decode(latents)

        return decode
    if case.attention == "xformers":
        network.enable_xformers_memory_efficient_attention()
    else:
        network.set_default_attn_processor()
    (network.enable_gradient_checkpointing if case.checkpointing else network.disable_gradient_checkpointing)()
    x = torch.randn(case.batch, 9, SIDE, SIDE, device=device, dtype=number)
    text = torch.randn(case.batch, 77, 768, device=device, dtype=number)
    t = torch.full((case.batch,), 500, device=device)

    def step() -> None:
        with torch.set_grad_enabled(case.work == "train"):
            out = network(x, t, encoder_hidden_states=text).sample
        if case.work == "train":
            out.float().square().mean().backward()

    return step


def _traced(case: Case) -> Pass:
    if case.work == "decode":
        return trace_vae(SD15_VAE, batch=case.batch, side=SIDE, dtype=case.dtype, decode=True)
    rank = RANK if case.work == "train" else None
    return trace_unet(
        SD15_UNET, batch=case.batch, side=SIDE, dtype=case.dtype, rank=rank, checkpointing=case.checkpointing
    )


def _xformers() -> bool:
    return importlib.util.find_spec("xformers") is not None
