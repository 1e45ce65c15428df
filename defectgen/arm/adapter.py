"""Adapters: the compact model fine-tuned on the shots of one draw and nothing else, trained once for all that ask.

An adapter lies under the hash of the shots' content, the options and the base weights. Types that no recipe knows are
learned from the same shots; arms without an adapter take the same recipes, so that all know the same words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.arm.hold import hold
from defectgen.arm.options import FORMAT, AdapterOptions
from defectgen.arm.shots_set import content_sha256
from defectgen.book import load_book
from defectgen.dataset.defect_set import DefectSet
from defectgen.model.adapter_path import RECIPES
from defectgen.model.checkpoint import default_weights, verify
from defectgen.train.shots import read_shots

if TYPE_CHECKING:
    from defectgen.train.finetune import FinetuneOptions

__all__ = ["adapter_of", "adapter_path", "taught_of"]

KEY_LENGTH = 16


def adapter_of(
    shots: DefectSet, options: AdapterOptions, cache: Path, device: str = "auto",
    watch: Callable[[Any], None] = lambda lap: None,
) -> Path:  # fmt: skip
    """The folder of the adapter in `cache`; trained, or trained on where a run was stopped, unless it is there.

    watch: called with each `train.finetune.Lap`. A second process that wants the same adapter waits for the first.
    InputError where nothing can be learned from the shots, or where one of them is a test picture of a known split.
    """
    from defectgen.train.finetune import is_adapter
    from defectgen.train.finetune_job import FinetuneJob

    out = adapter_path(shots, options, cache)
    if is_adapter(out):
        return out
    with hold(cache / f".{out.name}.lock"):
        if not is_adapter(out):
            begun = (out / "work").is_dir()
            job = FinetuneJob(shots.path, out, _tuned(options, device), resume=begun, lesson=options.lesson)
            for lap in job.run():
                watch(lap)
            job.finish()
    return out


def _tuned(options: AdapterOptions, device: str) -> FinetuneOptions:
    from defectgen.model.device import pick_device
    from defectgen.train.finetune import FinetuneOptions

    budget = float("inf") if options.minutes is None else 60 * options.minutes
    return FinetuneOptions(
        "lora", options.rank, budget, options.seed, pick_device(device), options.weights, most_steps=options.steps,
        donors=options.donors,
    )  # fmt: skip


def adapter_path(shots: DefectSet, options: AdapterOptions, cache: Path) -> Path:
    """Where the adapter of these shots and options lies in `cache`, or will lie."""
    told = f"{FORMAT} {content_sha256(shots)} {_told(options)}"
    return cache / hashlib.sha256(told.encode()).hexdigest()[:KEY_LENGTH]


def _told(options: AdapterOptions) -> str:
    """The options and the base weights, wherever these lie."""
    fields = {**asdict(options), "weights": verify(options.weights or default_weights()).weights_sha256}
    return " ".join(f"{name}={value}" for name, value in sorted(fields.items()))


def taught_of(shots: DefectSet, seed: int, out: Path) -> Path | None:
    """The recipes of the types that only the shots know, as an adapter of the same seed learns them; None for none."""
    from defectgen.train.new_word import learn_words

    path = out / RECIPES
    if not (out / "done").exists():
        out.mkdir(parents=True, exist_ok=True)
        learn_words(read_shots(shots, shots=None, seed=seed).train, load_book(), path, seed)
        (out / "done").touch()
    return path if path.exists() else None
