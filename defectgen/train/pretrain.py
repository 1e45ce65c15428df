"""Pretraining of the compact model, from a YAML configuration to a model folder.

A run folder holds `state.safetensors` (to resume from), `start/` (the model that it started from, if any), `log.csv`
(to plot), `strip-*.png` (the same windows, masks and seeds every time) and `model/` (what an engine loads). Running
again with `resume` goes on where it was.
"""

from __future__ import annotations

import csv
import queue
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from defectgen.book import load_book
from defectgen.errors import InputError
from defectgen.model.captioner import ImplicitCaptioner
from defectgen.model.checkpoint import load_captioner, load_unet, save_model, verify
from defectgen.model.flow import band, draw_times, loss_weight, noised
from defectgen.model.network import WIDTHS, EditNetwork, build_unet
from defectgen.model.support import count_support, joined, read_support, save_support
from defectgen.model.text import TextEncoder
from defectgen.train.batch import Batch, Drawer, Hidden, batches, severity_quantiles
from defectgen.train.state import TrainingState

__all__ = ["PretrainConfig", "Progress", "edit_loss", "pretrain", "read_config", "train_step", "window_losses"]

_RIM_WEIGHT = 0.6
_SMALL_AREA_PX = 96.0
_LEAST_SPREAD = 1e-2
_START = "start"
_LOG = ("step", "seconds", "loss", "grad_norm", "lr", "windows_per_s")


class PretrainConfig(BaseModel):
    """One run.

    windows: how many pairs of each origin the cache gets; shares: their part in a batch.
    decay: last part of the run over which the learning rate falls. crop_px: windows are cropped to this side for the
    first `crop_until` of the run. hidden: how often what is not told, see `Hidden`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    widths: tuple[int, ...] = WIDTHS
    window_px: int = 128
    batch: int = Field(default=24, ge=1)
    lr: float = Field(default=4e-4, gt=0)
    warmup: int = 100
    steps: int = Field(default=100_000, ge=1)
    decay: float = Field(default=0.35, ge=0, le=1)
    crop_px: int | None = Field(default=None, multiple_of=16)
    crop_until: float = Field(default=0.5, ge=0, le=1)
    windows: dict[str, int] = {"rendered": 12000, "ratio": 6000, "real": 6000}
    shares: dict[str, float] = {"rendered": 0.45, "ratio": 0.25, "real": 0.3}
    hidden: Hidden = Hidden()
    save_every_s: float = 300.0
    log_every: int = 10


@dataclass(frozen=True)
class Progress:
    """One line of the log."""

    step: int
    seconds: float
    loss: float
    grad_norm: float
    lr: float
    windows_per_s: float


def read_config(path: Path) -> PretrainConfig:
    """The configuration of a YAML file; InputError names the key that is wrong."""
    try:
        return PretrainConfig.model_validate(yaml.safe_load(path.read_text()) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML ({error}); expected a training configuration") from error
    except ValidationError as error:
        first = error.errors()[0]
        allowed = ", ".join(PretrainConfig.model_fields)
        where = ".".join(str(v) for v in first["loc"])
        raise InputError(f"{path}: {where}: {first['msg']}, got {first['input']!r}; keys: {allowed}") from error


def edit_loss(prediction: Tensor, batch: Batch, t: Tensor) -> Tensor:
    """Mean of `window_losses`."""
    return window_losses(prediction, batch, t).mean()


def window_losses(prediction: Tensor, batch: Batch, t: Tensor) -> Tensor:
    """(n,): the squared error inside the band of each window, the mask weighing more than its rim.

    Each window is divided by its own area, so that a pit counts as much as a stain.
    """
    inside = (batch.alpha > 0.02).float()
    weight = inside + _RIM_WEIGHT * (band(batch.alpha) - inside)
    error = (weight * (prediction - batch.clean) ** 2).sum((1, 2, 3))
    area = 3 * (weight.sum((1, 2, 3)) + _SMALL_AREA_PX)
    return loss_weight(t) * error / area


def _done(config: PretrainConfig, state: TrainingState, budget_s: float | None) -> float:
    """The part of the run that is behind us, in [0, 1], by steps or by the budget, whichever is further."""
    return max(state.step / config.steps, state.seconds / budget_s if budget_s else 0.0)


def _rate(config: PretrainConfig, state: TrainingState, done: float) -> float:
    """Learning rate: warm-up, plateau, then linear decay over the last part of the run."""
    fall = min(1.0, (1.0 - done) / config.decay) if config.decay else 1.0
    return config.lr * min(1.0, (state.step + 1) / config.warmup) * max(fall, 0.02)


def _prefetch(source: Iterator[Batch], depth: int = 4) -> Iterator[Batch]:
    """Batches made one thread ahead of the network; an error there is raised here."""
    line: queue.Queue[Batch | BaseException] = queue.Queue(depth)

    def work() -> None:
        try:
            for item in source:
                line.put(item)
        except BaseException as error:
            line.put(error)

    threading.Thread(target=work, daemon=True).start()
    while True:
        item = line.get()
        if isinstance(item, BaseException):
            raise item
        yield item


def train_step(network: EditNetwork, batch: Batch, generator: torch.Generator) -> Tensor:
    """The loss of one batch at drawn times and noises."""
    t = draw_times(batch.good.shape[0], generator).to(batch.good.device)
    noise = torch.randn(batch.clean.shape, generator=generator).to(batch.good.device)
    noisy = noised(batch.clean, noise, t, band(batch.alpha))
    words = (batch.tokens, batch.padding, batch.vector)
    if network.captioner is not None:
        words = network.captioner.join(*words, batch.reference, batch.told)
    prediction = network(noisy, t, batch.good, batch.alpha, batch.draft, *words)
    return edit_loss(prediction, batch, t)


def pretrain(
    config: PretrainConfig, cache: Path, run: Path, *, device: str = "cpu", budget_s: float | None = None,
    resume: bool = False, weights: Path | None = None, strip: Callable[[EditNetwork, Path], None] | None = None,
) -> Iterator[Progress]:  # fmt: skip
    """Train until the steps or the budget (seconds over all runs) are used up; yields a line of progress at a time.

    weights: a model folder to start from, else from random ones; a run that goes on keeps to what it started from.
    Raises InputError when `run` holds a run and `resume` is not given, or when the cache lacks an origin.
    """
    state_path = run / "state.safetensors"
    if state_path.exists() and not resume:
        raise InputError(f"{run}: holds a training run already; go on with --resume or name another folder")
    run.mkdir(parents=True, exist_ok=True)
    drawer = Drawer(cache, config.shares, TextEncoder().encode([""]), config.seed, config.hidden)
    if not drawer.ready():
        raise InputError(f"{cache}: no windows of some origin of {list(config.shares)} yet; let the cache fill first")
    torch.manual_seed(config.seed)
    network = _network(config, drawer, _start(run, weights), device)
    state = TrainingState(network, config.lr)
    if state_path.exists():
        state.load(state_path)
    try:
        yield from _loop(config, network, state, drawer, run, device, budget_s, strip)
    finally:
        _save(network, state, drawer, run, strip)


def _start(run: Path, weights: Path | None) -> Path | None:
    """The run's own copy of the model folder that it started from; None for a run from random weights."""
    own = run / _START
    if not (run / "state.safetensors").exists():
        shutil.rmtree(own, ignore_errors=True)
        if weights is not None:
            verify(weights)
            shutil.copytree(weights, own)
    elif weights is not None and (
        not own.is_dir() or verify(own).weights_sha256 != verify(weights).weights_sha256
    ):
        raise InputError(f"{run}: did not start from {weights}; leave --weights out to go on, or name another folder")
    return own if own.is_dir() else None


def _network(config: PretrainConfig, drawer: Drawer, start: Path | None, device: str) -> EditNetwork:
    """The network to train, with random weights or those of the folder that the run starts from."""
    if start is None:
        unet = build_unet(config.widths, config.window_px).to(torch.bfloat16)
        unet = unet.to(device=device, memory_format=torch.channels_last)
        captioner = None
    else:
        unet = load_unet(start, torch.bfloat16, device).requires_grad_(True)
        captioner = load_captioner(start, torch.bfloat16, device)
    captioner = _captioner(drawer).to(device) if captioner is None else captioner.requires_grad_(True)
    return EditNetwork(unet, captioner).train()


def _captioner(drawer: Drawer) -> ImplicitCaptioner:
    """A fresh captioner that knows the usual range of references; its numbers are bfloat16 but for that range."""
    captioner = ImplicitCaptioner()
    seen = torch.from_numpy(np.concatenate([np.asarray(s.arrays["reference"], np.float32) for s in drawer.shards]))
    captioner.mean.copy_(seen.mean(0))
    captioner.scale.copy_(seen.std(0).clamp(min=_LEAST_SPREAD))
    for weights in captioner.parameters():
        weights.data = weights.data.to(torch.bfloat16)
    return captioner


def _loop(
    config: PretrainConfig, network: EditNetwork, state: TrainingState, drawer: Drawer, run: Path, device: str,
    budget_s: float | None, strip: Callable[[EditNetwork, Path], None] | None,
) -> Iterator[Progress]:  # fmt: skip
    source = _prefetch(batches(drawer, state.step, config.batch))
    began, before, saved = time.monotonic(), state.seconds, time.monotonic()
    losses: list[float] = []
    last = state.seconds
    while state.step < config.steps and not (budget_s and state.seconds >= budget_s):
        done = _done(config, state, budget_s)
        drawer.crop_px = config.crop_px if done < config.crop_until else None
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + state.step)
        loss = train_step(network, next(source).to(device), generator)
        loss.backward()  # type: ignore[no-untyped-call]
        lr = _rate(config, state, done)
        norm = state.update(lr)
        losses.append(float(loss.detach()))
        state.seconds = before + time.monotonic() - began
        if state.step % config.log_every == 0:
            speed = len(losses) * config.batch / max(state.seconds - last, 1e-9)
            last = state.seconds
            line = Progress(state.step, state.seconds, sum(losses) / len(losses), norm, lr, speed)
            losses = []
            _log(run / "log.csv", line)
            yield line
        if time.monotonic() - saved > config.save_every_s:
            _save(network, state, drawer, run, strip)
            saved = time.monotonic()


def _log(path: Path, line: Progress) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(_LOG)
        writer.writerow([f"{getattr(line, name):.6g}" for name in _LOG])


def _save(
    network: EditNetwork, state: TrainingState, drawer: Drawer, run: Path,
    strip: Callable[[EditNetwork, Path], None] | None,
) -> None:  # fmt: skip
    """State, model folder (of the moving average) with the words it was trained on, and validation strip."""
    if not state.step:
        return
    state.save(run / "state.safetensors")
    state.swap(state.ema)
    severity = severity_quantiles(drawer.shards)
    start = run / _START
    before = verify(start).steps_trained if start.is_dir() else 0
    info = save_model(run / "model", network.unet, before + state.step, severity, network.captioner)
    captions = Counter(text for shard in drawer.shards for text in shard.texts)
    support = count_support(captions, load_book(), info.weights_sha256)
    older = read_support(start) if start.is_dir() else None
    save_support(run / "model", support if older is None else joined(support, older))
    if strip:
        network.eval()
        strip(network, run / f"strip-{state.step:06d}.png")
        network.train()
    state.swap(state.masters)
