"""The state of a training run: float32 masters of bfloat16 weights, their moving average, and the optimiser.

The network computes in bfloat16, about an eighth faster than autocast on a CPU; every update is made on the masters.
The state is saved as one safetensors file, written aside and renamed.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from defectgen.errors import WeightsError

__all__ = ["TrainingState"]

_EMA = 0.999


class TrainingState:
    """Masters, moving average and AdamW moments of what is trained of a network, with step and seconds trained."""

    def __init__(self, network: nn.Module, lr: float) -> None:
        trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        self.names = [name for name, _ in trained]
        self.live: list[Tensor] = [p for _, p in trained]
        self.buffers = dict(network.named_buffers())
        self.masters = [p.detach().float().clone() for p in self.live]
        self.ema = [m.clone() for m in self.masters]
        fused = self.masters[0].device.type in ("cpu", "cuda")
        self.optimiser = torch.optim.AdamW(self.masters, lr=lr, betas=(0.9, 0.99), weight_decay=0.01, fused=fused)
        self.step = 0
        self.seconds = 0.0

    def update(self, lr: float, clip: float = 1.0) -> float:
        """One optimiser step from the gradients of the live weights; returns the norm before clipping."""
        for master, p in zip(self.masters, self.live, strict=True):
            master.grad = p.grad.float() if p.grad is not None else None
            p.grad = None
        norm = float(nn.utils.clip_grad_norm_(self.masters, clip))
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        self.optimiser.step()
        self.step += 1
        decay = min(_EMA, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.ema, self.masters, 1 - decay)
            torch._foreach_copy_(self.live, self.masters)
        return norm

    @torch.no_grad()
    def swap(self, weights: list[Tensor]) -> None:
        """Put `weights` (the masters or their average) into the live network."""
        torch._foreach_copy_(self.live, weights)

    def save(self, path: Path) -> None:
        """Write the state; the file is complete or the old one stays."""
        tensors: dict[str, Tensor] = {}
        for name, master, mean in zip(self.names, self.masters, self.ema, strict=True):
            moments = self.optimiser.state[master]
            tensors |= {f"master.{name}": master.detach(), f"ema.{name}": mean}
            tensors |= {f"{k}.{name}": moments[k] for k in ("exp_avg", "exp_avg_sq")}
        tensors |= {f"buffer.{name}": buffer for name, buffer in self.buffers.items()}
        meta = {"run": json.dumps({"step": self.step, "seconds": self.seconds})}
        draft = path.with_suffix(".part")
        save_file({k: v.contiguous().cpu() for k, v in tensors.items()}, draft, metadata=meta)
        draft.replace(path)

    @torch.no_grad()
    def load(self, path: Path) -> None:
        """Take up a saved state; WeightsError when it is of another network."""
        with safe_open(path, framework="pt") as file:
            run = json.loads((file.metadata() or {}).get("run", "{}"))
            wanted = {f"{k}.{n}" for k in ("master", "ema", "exp_avg", "exp_avg_sq") for n in self.names}
            if set(file.keys()) != wanted | {f"buffer.{name}" for name in self.buffers}:
                raise WeightsError(f"{path}: state of another network; start a new run or give the matching config")
            for name, master, mean in zip(self.names, self.masters, self.ema, strict=True):
                master.copy_(file.get_tensor(f"master.{name}"))
                mean.copy_(file.get_tensor(f"ema.{name}"))
                moments = {k: file.get_tensor(f"{k}.{name}").to(master) for k in ("exp_avg", "exp_avg_sq")}
                self.optimiser.state[master] = {"step": torch.tensor(float(run["step"])), **moments}
            for name, buffer in self.buffers.items():
                buffer.copy_(file.get_tensor(f"buffer.{name}"))
        self.step, self.seconds = int(run["step"]), float(run["seconds"])
        self.swap(self.masters)
