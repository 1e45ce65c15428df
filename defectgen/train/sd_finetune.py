"""The training loop of a Stable Diffusion fine-tuning, on one device or on several through accelerate.

Steps are counted over all runs. Every EVERY steps the moving average of the weights is judged on windows that nothing
is trained on, at fixed times and noises, and kept where it is the best so far; what cannot be judged is kept at the
end. The learning rate depends on the step alone, so that a stopped run goes on as it would have.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from defectgen.errors import InputError
from defectgen.sd.plan_preset import PRESETS
from defectgen.train.sd_learner import Learner, SdBatch
from defectgen.train.sd_lesson import Drawer
from defectgen.train.sd_options import WORD_LR, SdFinetuneOptions, Settings
from defectgen.train.sd_state import SdState, build_optimiser

__all__ = ["EVERY", "SdFinetune", "SdLap"]

EVERY, SAVE_S = 25, 60.0
WARMUP = 20
VAL_TIMES = (0.15, 0.4, 0.65, 0.9)
VAL_BATCH = 4
LOG = "log.jsonl"


@dataclass(frozen=True)
class SdLap:
    """One line of progress. seconds: over all runs. val_loss: None where nothing was kept to judge by."""

    step: int
    seconds: float
    loss: float
    val_loss: float | None


class SdFinetune:
    """One training with its state in `work`; `run` yields its progress, `finish` leaves the best weights in `kept`."""

    def __init__(
        self, options: SdFinetuneOptions, settings: Settings, learner: Learner, accelerator: Any, work: Path,
        train: Drawer, val: Drawer | None,
    ) -> None:  # fmt: skip
        self.options, self.settings, self.accelerator, self.work = options, settings, accelerator, work
        self.learner = learner.to(accelerator.device)
        if settings.checkpointing:
            learner.checkpoint_gradients()
        self.train, self.val = train, val
        words = set(learner.rows)
        rest = [p for p in learner.parameters() if p.requires_grad and p not in words]
        groups = [{"params": rest, "lr": settings.lr}, {"params": list(words), "lr": WORD_LR, "weight_decay": 0.0}]
        self._rates = [settings.lr, WORD_LR]
        optimiser = build_optimiser(settings.optimiser, [group for group in groups if group["params"]])
        self.state = SdState(learner, optimiser, settings.optimiser)
        self._model, self._optimiser = accelerator.prepare(learner, optimiser)
        if self.state_file.exists():
            self._resume()
        self._saved = time.monotonic()

    @property
    def state_file(self) -> Path:
        return self.work / "state.safetensors"

    @property
    def kept(self) -> Path:
        return self.work / "kept"

    def _resume(self) -> None:
        self.state.load(self.state_file)
        scaler = self.accelerator.scaler
        if scaler is not None and self.state.scaler:
            scaler.load_state_dict(self.state.scaler)

    def run(self) -> Iterator[SdLap]:
        """Train until the budget or the steps are used up. InputError where the memory does not suffice."""
        if self.state.first is None and self.val is not None:
            self.state.first = self.state.best = self._validate()
        began, before, losses = time.monotonic(), self.state.seconds, [0.0][:0]
        self.learner.train()
        while not self._done():
            losses.append(self._guarded_step())
            self.state.seconds = before + time.monotonic() - began
            if self.state.step % EVERY == 0 or self._done():
                found = self._judge() if self.state.step % EVERY == 0 else None
                self.state.seconds = before + time.monotonic() - began
                self._save(force=self._done())
                mean = sum(losses) / len(losses)
                self._note(mean, found)
                yield SdLap(self.state.step, self.state.seconds, mean, found)
                losses = []
                began, before = time.monotonic(), self.state.seconds
                self.learner.train()

    def finish(self) -> None:
        """Judge the last weights where that was not done, and have the best in `kept`."""
        if self.state.step == 0:
            raise InputError(f"{self.work}: nothing was trained yet; give a larger --budget")
        if self.state.step % EVERY or not self.kept.is_dir():
            self._judge(force=not self.kept.is_dir())

    def _done(self) -> bool:
        """Whether to stop; all processes must agree, so the first one's clock counts."""
        steps = self.options.steps
        over = self.state.seconds >= self.options.budget_s or (steps is not None and self.state.step >= steps)
        if self.accelerator.num_processes == 1:
            return over
        from accelerate.utils import broadcast

        flag = torch.tensor([float(over)], device=self.accelerator.device)
        return bool(broadcast(flag).item())

    def _guarded_step(self) -> float:
        try:
            return self._step()
        except torch.OutOfMemoryError:
            self._optimiser.zero_grad()
            self._save(force=True)
            raise InputError(self._smaller()) from None

    def _step(self) -> float:
        """One optimiser step of `accumulate` parts; returns its mean loss."""
        total = 0.0
        for part in range(self.settings.accumulate):
            batch = _on(self.train.batch(self.state.step, part), self.accelerator.device)
            with self.accelerator.accumulate(self._model):
                with self.accelerator.autocast():
                    loss = self._model(batch).mean()
                self.accelerator.backward(loss)
                if self.accelerator.sync_gradients:
                    self.accelerator.clip_grad_norm_([*self.state.live.values()], 1.0)
                for group, rate in zip(self.state.optimiser.param_groups, self._rates, strict=False):
                    group["lr"] = rate * min(1.0, (self.state.step + 1) / WARMUP)
                self._optimiser.step()
                self._optimiser.zero_grad()
            total += float(loss.detach())
        self.state.averaged()
        return total / self.settings.accumulate

    def _judge(self, *, force: bool = False) -> float | None:
        """Validate the averaged weights and keep them where they are the best, or cannot be judged."""
        self.state.swap()
        found = self._validate() if self.val is not None else None
        if force or found is None or found < self.state.best:
            self.state.best = found if found is not None else self.state.best
            self.state.best_step = self.state.step
            if self.accelerator.is_main_process:
                shutil.rmtree(self.kept, ignore_errors=True)
                self.learner.save(self.kept)
        self.state.swap()
        return found

    @torch.no_grad()
    def _validate(self) -> float:
        assert self.val is not None
        self.learner.eval()
        rows, losses = range(len(self.val.lesson)), []
        for start in range(0, len(rows), VAL_BATCH):
            for share in VAL_TIMES:
                batch = _on(self.val.fixed(rows[start : start + VAL_BATCH], share), self.accelerator.device)
                with self.accelerator.autocast():
                    losses += [float(loss) for loss in self.learner(batch)]
        return sum(losses) / len(losses)

    def _save(self, *, force: bool) -> None:
        if not self.accelerator.is_main_process or not (force or time.monotonic() - self._saved > SAVE_S):
            return
        scaler = self.accelerator.scaler
        self.state.scaler = dict(scaler.state_dict()) if scaler is not None else {}
        self.state.save(self.state_file)
        self._saved = time.monotonic()

    def _note(self, loss: float, val: float | None) -> None:
        if not self.accelerator.is_main_process:
            return
        line = {"step": self.state.step, "seconds": round(self.state.seconds, 2), "loss": loss, "val_loss": val}
        with (self.work / LOG).open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _smaller(self) -> str:
        """What to do where the memory did not suffice."""
        s = self.settings
        names = [preset.name for preset in PRESETS]
        lower = names[: names.index(s.preset)]
        advice = f"--preset {lower[-1]}" if lower else "--batch 1"
        if not lower and s.batch == 1:
            advice = f"a smaller --size than {s.side} in another folder"
        return (
            f"out of memory at step {self.state.step} with batch {s.batch} at {s.side} px (preset {s.preset}); nothing "
            f"is lost: go on with --resume and {advice}"
        )


def _on(batch: SdBatch, device: Any) -> SdBatch:
    moved: dict[str, Any] = {
        field.name: value.to(device)
        for field in fields(batch)
        if isinstance(value := getattr(batch, field.name), torch.Tensor)
    }
    return replace(batch, **moved)
