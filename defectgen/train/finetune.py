"""Fine-tuning of the compact model on a few real defects, to an adapter folder.

Low-rank updates (LoRA, Hu et al. 2021) by peft, or all weights. Several ranks start; each gets TRIAL of the budget, the
one with the lowest validation loss goes on alone. Windows of other defects are rehearsed throughout, and the loss on
some of them says what was forgotten. What is kept is the moving average at the step with the lowest validation loss,
or the last one where nothing could be kept to validate on.

The folder holds `work/` while the training runs: windows, states, log and strips. A run that was stopped goes on from
there; when the adapter is written, it is removed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from defectgen.errors import InputError
from defectgen.model.adapter import CARD, LORA_FILE, AdapterInfo, weights_file, write_card
from defectgen.model.checkpoint import default_weights, load_captioner, load_unet, save_unet, verify
from defectgen.model.flow import band, noised
from defectgen.model.network import EditNetwork
from defectgen.train.batch import Batch, Drawer, batches
from defectgen.train.pretrain import train_step, window_losses
from defectgen.train.state import TrainingState

__all__ = ["RANKS", "Finetune", "FinetuneOptions", "Lap", "Method", "fixed_losses"]

Method = Literal["lora", "full"]
RANKS = (8, 32)
TARGETS = [
    "conv1", "conv2", "conv_shortcut", "time_emb_proj", "to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out",
    "conv_in", "conv_out", "linear_1", "linear_2",
]  # fmt: skip
TRIAL = 0.2
LR: dict[str, float] = {"lora": 1e-3, "full": 1.5e-4}
WARMUP, DECAY = 20, 0.4
BATCH = 8
SHARES = {"real": 0.7, "ratio": 0.15, "rendered": 0.15}
VAL_TIMES = (0.2, 0.45, 0.7, 0.9)
EVERY = 40
"""Steps between validations, and lines of progress."""


@dataclass(frozen=True)
class FinetuneOptions:
    """budget_s: seconds of training over all runs. rank: None to choose by validation. weights: of the base model.

    donors: keep what the real defects changed in the adapter, for samples to start from (`engine.donor`).
    most_steps: optimiser steps over all ranks and runs, so that a busy machine trains as much as an idle one; None for
    as many as the budget allows. What is used up first ends it.
    """

    method: Method = "lora"
    rank: int | None = None
    budget_s: float = 360.0
    seed: int = 0
    device: str = "cpu"
    weights: Path | None = None
    most_steps: int | None = None
    donors: bool = False

    def share(self, steps: float, seconds: float) -> float:
        """What share of the budget so many steps and seconds are."""
        return max(seconds / self.budget_s, 0.0 if self.most_steps is None else steps / self.most_steps)


@dataclass(frozen=True)
class Lap:
    """One line of progress. seconds: over all runs. val_loss: None where nothing was kept to validate on."""

    rank: int | None
    step: int
    seconds: float
    loss: float
    val_loss: float | None


class Finetune:
    """One training with everything in `work`; `run` yields its progress, `write` makes the adapter of it."""

    def __init__(
        self, options: FinetuneOptions, work: Path, null: tuple[Tensor, Tensor, Tensor],
        val: Sequence[Batch], rehearsal: Sequence[Batch],
    ) -> None:  # fmt: skip
        """work: holds the lesson's shards. null: the text encoder's words for nothing. val, rehearsal: what the
        losses of the card are measured on."""
        self.options, self.work, self.val, self.rehearsal = options, work, list(val), list(rehearsal)
        self.folder = options.weights or default_weights()
        self.base = verify(self.folder)
        self.drawer = Drawer(work, SHARES, null, options.seed)
        have = {shard.origins[0] for shard in self.drawer.shards}
        self.drawer.shares = {name: share for name, share in SHARES.items() if name in have}
        self._live: tuple[EditNetwork, TrainingState] | None = None
        self.log: dict[str, dict[str, float]] = _read_log(work)

    def run(self) -> Iterator[Lap]:
        """Train until the budget is used up."""
        ranks = self._ranks()
        if len(ranks) > 1:
            for rank in ranks:
                yield from self._train(rank, TRIAL)
        best = self.best_rank
        others = [entry for name, entry in self.log.items() if name != _name(best)]
        spent = [sum(entry.get(what, 0.0) for entry in others) for what in ("trained", "seconds")]
        yield from self._train(best, 1.0 - self.options.share(*spent))

    @property
    def best_rank(self) -> int | None:
        """The rank with the lowest validation loss, of those tried."""
        ranks = self._ranks()
        tried = [rank for rank in ranks if _name(rank) in self.log]
        return min(tried, key=lambda rank: self.log[_name(rank)]["best"]) if len(ranks) > 1 else ranks[0]

    def _ranks(self) -> tuple[int | None, ...]:
        if self.options.method == "full":
            return (None,)
        if self.options.rank is not None:
            return (self.options.rank,)
        return RANKS if self.val else (RANKS[0],)

    def network(self, rank: int | None) -> EditNetwork:
        """The base network with what is to be trained added to it."""
        torch.manual_seed(self.options.seed)
        quieten()
        unet = load_unet(self.folder, torch.bfloat16, self.options.device)
        if rank is None:
            unet.requires_grad_(True)
        else:
            _add_lora(unet, rank)
        captioner = load_captioner(self.folder, torch.float32, self.options.device)
        return EditNetwork(unet, captioner).train()

    def current(self, rank: int | None) -> EditNetwork:
        """The network that `run` has just trained, with its moving average in it until it trains on."""
        assert self._live is not None
        network, state = self._live
        state.swap(state.ema)
        return network

    def _train(self, rank: int | None, until: float) -> Iterator[Lap]:
        """Go on with one rank until it has had that share of the budget."""
        network = self.network(rank)
        state = TrainingState(network, LR[self.options.method])
        entry = self.log.setdefault(_name(rank), {"seconds": 0.0, "best": self._validate(network)})
        if self._state_file(rank).exists():
            state.load(self._state_file(rank))
        self._live = network, state
        source = batches(self.drawer, state.step, BATCH)
        began, before = time.monotonic(), state.seconds
        losses: list[float] = []
        while not self._had(state, until):
            generator = torch.Generator().manual_seed(self.options.seed * 1_000_003 + state.step)
            loss = train_step(network, next(source).to(self.options.device), generator)
            loss.backward()  # type: ignore[no-untyped-call]
            state.update(self._rate(state))
            losses.append(float(loss.detach()))
            state.seconds = before + time.monotonic() - began
            if state.step % EVERY == 0 or self._had(state, until):
                yield self._lap(rank, network, state, entry, losses)
                began, before = time.monotonic(), state.seconds
                losses = []
                state.swap(state.masters)
                network.train()

    def _lap(
        self, rank: int | None, network: EditNetwork, state: TrainingState, entry: dict[str, float],
        losses: list[float],
    ) -> Lap:  # fmt: skip
        state.swap(state.ema)
        found = self._validate(network)
        if not self.val or found < entry["best"] or not self._kept(rank).exists():
            entry["best"] = min(found, entry["best"]) if self.val else found
            entry["steps"] = state.step
            self._keep(rank, network)
        state.swap(state.masters)
        entry["seconds"], entry["trained"] = state.seconds, state.step
        state.save(self._state_file(rank))
        _write_log(self.work, self.log)
        mean = sum(losses) / len(losses)
        return Lap(rank, state.step, sum(e["seconds"] for e in self.log.values()), mean, found if self.val else None)

    def _had(self, state: TrainingState, share: float) -> bool:
        # A step's share added up may fall short of a whole by rounding.
        return self.options.share(state.step, state.seconds) >= share - 1e-9

    def _rate(self, state: TrainingState) -> float:
        left = 1.0 - min(1.0, self.options.share(state.step, state.seconds))
        fall = min(1.0, left / DECAY)
        return LR[self.options.method] * min(1.0, (state.step + 1) / WARMUP) * max(fall, 0.05)

    def _validate(self, network: EditNetwork) -> float:
        return mean_loss(network, self.val, self.options.device) if self.val else 0.0

    def _state_file(self, rank: int | None) -> Path:
        return self.work / f"state-{_name(rank)}.safetensors"

    def _kept(self, rank: int | None) -> Path:
        return self.work / f"kept-{_name(rank)}"

    def _keep(self, rank: int | None, network: EditNetwork) -> None:
        """Put the weights as they are now where `write` will find them."""
        folder = self._kept(rank)
        shutil.rmtree(folder, ignore_errors=True)
        if rank is None:
            save_unet(network.unet, folder / "unet")
        else:
            network.unet.save_lora_adapter(folder, adapter_name="default", weight_name=LORA_FILE)

    def write(self, out: Path, about: dict[str, Any]) -> AdapterInfo:
        """The adapter of the best weights, in `out`. about: the fields of the card that the caller knows."""
        rank = self.best_rank
        kept, method = self._kept(rank), self.options.method
        if not kept.is_dir():
            raise InputError(f"{self.work}: nothing was trained yet; give a larger --budget")
        losses = self._losses(rank, kept)
        for item in sorted(kept.iterdir()):
            item.rename(out / item.name)
        entry = self.log[_name(rank)]
        info = AdapterInfo.model_validate({
            "method": method, "rank": rank, "base_weights_sha256": self.base.weights_sha256,
            "weights_sha256": hashlib.sha256(weights_file(out, method).read_bytes()).hexdigest(),
            "seed": self.options.seed, "steps_trained": int(entry["steps"]),
            "seconds": round(sum(e["seconds"] for e in self.log.values()), 1), **losses, **about,
        })  # fmt: skip
        write_card(out, info)
        return info

    def _losses(self, rank: int | None, kept: Path) -> dict[str, tuple[float, float] | None]:
        """Validation and rehearsal losses of the base weights and of those that were kept."""
        from defectgen.model.checkpoint import unet_class

        base = EditNetwork(load_unet(self.folder, torch.bfloat16, self.options.device))
        if rank is None:
            unet = unet_class().from_pretrained(kept / "unet", torch_dtype=torch.bfloat16).to(self.options.device)
        else:
            unet = load_unet(self.folder, torch.bfloat16, self.options.device)
            unet.load_lora_adapter(kept, prefix=None, weight_name=LORA_FILE, adapter_name="default")
        tuned = EditNetwork(unet.eval())
        pairs = {
            name: (mean_loss(base, part, self.options.device), mean_loss(tuned, part, self.options.device))
            for name, part in (("val_loss", self.val), ("rehearsal_loss", self.rehearsal))
            if part
        }
        return {"val_loss": pairs.get("val_loss"), "rehearsal_loss": pairs["rehearsal_loss"]}


def quieten() -> None:
    """diffusers warns of casts that keep an empty list of modules in float32."""
    from diffusers.utils import logging

    logging.set_verbosity_error()


def _add_lora(unet: Any, rank: int) -> None:
    from peft import LoraConfig

    unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=TARGETS, init_lora_weights="gaussian"))
    for weights in unet.parameters():
        if weights.requires_grad:
            weights.data = weights.data.to(torch.bfloat16)


def mean_loss(network: EditNetwork, windows: Sequence[Batch], device: str) -> float:
    """Mean of `fixed_losses`."""
    return float(fixed_losses(network, windows, device).mean())


@torch.no_grad()
def fixed_losses(network: EditNetwork, windows: Sequence[Batch], device: str) -> Tensor:
    """(n,) float32: of each window, the mean over VAL_TIMES at a fixed noise, so that two networks can be compared."""
    found = []
    for number, batch in enumerate(windows):
        part = batch.to(device)
        rows = torch.zeros(len(part.good), device=device)
        for k, time_ in enumerate(VAL_TIMES):
            generator = torch.Generator().manual_seed(1000 * number + k)
            t = torch.full((len(part.good),), time_, device=device)
            noise = torch.randn(batch.clean.shape, generator=generator).to(device)
            noisy = noised(part.clean, noise, t, band(part.alpha))
            out = network(noisy, t, part.good, part.alpha, part.draft, part.tokens, part.padding, part.vector)
            rows += window_losses(out, part, t) / len(VAL_TIMES)
        found.append(rows.cpu())
    return torch.cat(found)


def _name(rank: int | None) -> str:
    return "full" if rank is None else f"rank{rank}"


def _read_log(work: Path) -> dict[str, dict[str, float]]:
    path = work / "log.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def _write_log(work: Path, log: dict[str, dict[str, float]]) -> None:
    draft = work / "log.part"
    draft.write_text(json.dumps(log, indent=2) + "\n")
    draft.replace(work / "log.json")


def is_adapter(folder: Path) -> bool:
    """Whether a fine-tuning has ended here."""
    return (folder / CARD).is_file()
