"""The state of a Stable Diffusion training on the disk: weights, their moving average, the optimiser, the step.

One safetensors file, written aside and renamed. Whatever an optimiser keeps is stored by kind: tensors as tensors,
numbers in the header, so that AdamW and its 8-bit form go through the same code. With it a run goes on as if it had
never stopped: on a CPU bit for bit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from defectgen.errors import InputError, WeightsError

__all__ = ["SdState", "build_optimiser"]

EMA = 0.999
BETAS, DECAY = (0.9, 0.99), 0.01


def build_optimiser(kind: str, groups: Iterable[dict[str, Any]]) -> torch.optim.Optimizer:
    """adamw, or adamw8bit (Dettmers et al. 2022), which needs bitsandbytes and a CUDA device."""
    if kind == "adamw":
        return torch.optim.AdamW(list(groups), betas=BETAS, weight_decay=DECAY)
    try:
        import bitsandbytes
    except ImportError:
        raise InputError("adamw8bit needs a package that is missing here; pip install bitsandbytes") from None
    made: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(list(groups), betas=BETAS, weight_decay=DECAY)
    return made


class SdState:
    """Trained parameters by name, their average, optimiser, step, seconds, and the best validation so far."""

    def __init__(self, network: nn.Module, optimiser: torch.optim.Optimizer, kind: str) -> None:
        trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
        self.live: dict[str, nn.Parameter] = trained
        self.ema: dict[str, Tensor] = {name: p.detach().clone() for name, p in trained.items()}
        self.optimiser, self.kind = optimiser, kind
        self.step, self.seconds, self.best, self.best_step = 0, 0.0, float("inf"), -1
        self.first: float | None = None
        self.scaler: dict[str, float] = {}

    @torch.no_grad()
    def averaged(self) -> None:
        """Take the weights as they are after a step into the average."""
        self.step += 1
        decay = min(EMA, (1 + self.step) / (10 + self.step))
        for name, p in self.live.items():
            self.ema[name].lerp_(p, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the live weights and their average."""
        for name, p in self.live.items():
            kept = p.detach().clone()
            p.copy_(self.ema[name])
            self.ema[name].copy_(kept)

    def save(self, path: Path) -> None:
        """Write the state; the file is complete or the old one stays."""
        tensors = {f"live.{name}": p.detach() for name, p in self.live.items()}
        tensors |= {f"ema.{name}": p for name, p in self.ema.items()}
        numbers: dict[str, float] = {}
        for name, p in self.live.items():
            for key, value in self.optimiser.state.get(p, {}).items():
                if isinstance(value, Tensor):
                    tensors[f"opt.{key}:{name}"] = value
                elif isinstance(value, (int, float)):
                    numbers[f"{key}:{name}"] = value
        head = {"step": self.step, "seconds": self.seconds, "best": self.best, "best_step": self.best_step,
                "first": self.first, "kind": self.kind, "numbers": numbers, "scaler": self.scaler}  # fmt: skip
        draft = path.with_suffix(".part")
        # Tensors that share memory, as the 8-bit optimiser's tables do, are stored apart
        save_file({k: v.detach().cpu().clone() for k, v in tensors.items()}, draft, metadata={"run": json.dumps(head)})
        draft.replace(path)

    @torch.no_grad()
    def load(self, path: Path) -> None:
        """Take up a saved state, but not an optimiser's of another kind. WeightsError for another run's."""
        with safe_open(path, framework="pt") as file:
            head = json.loads((file.metadata() or {}).get("run", "{}"))
            keys = set(file.keys())
            if {key.removeprefix("live.") for key in keys if key.startswith("live.")} != set(self.live):
                raise WeightsError(f"{path}: state of another training; use the same --rank, --text-encoder and words")
            for name, p in self.live.items():
                p.copy_(file.get_tensor(f"live.{name}"))
                self.ema[name].copy_(file.get_tensor(f"ema.{name}"))
            if head["kind"] == self.kind:
                self._load_optimiser(file, keys, head["numbers"])
        self.step, self.seconds, self.best = int(head["step"]), float(head["seconds"]), float(head["best"])
        self.best_step, self.first, self.scaler = int(head["best_step"]), head["first"], dict(head["scaler"])

    def _load_optimiser(self, file: Any, keys: set[str], numbers: dict[str, float]) -> None:
        for key in sorted(keys):
            if key.startswith("opt."):
                kind, name = key.removeprefix("opt.").split(":", 1)
                value = file.get_tensor(key)
                # AdamW counts its steps on the CPU
                place = "cpu" if kind == "step" else self.live[name].device
                self.optimiser.state[self.live[name]][kind] = value.to(place)
        for key, number in numbers.items():
            kind, name = key.split(":", 1)
            self.optimiser.state[self.live[name]][kind] = number
