"""One Stable Diffusion fine-tuning job: from a defect set and a checkpoint to an adapter folder.

What it draws its windows from is settled before anything is trained, and lies in `<out>/work`: the windows as latents,
the state, the log, the strips. A job that was stopped goes on from there; when the adapter is written it is removed.
Under `accelerate launch` every process runs the job; the first writes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from defectgen.book import load_book
from defectgen.dataset.defect_set import DefectSet
from defectgen.errors import InputError
from defectgen.model.adapter_path import RECIPES
from defectgen.model.device import pick_trainer, set_threads
from defectgen.sd.card import SdAdapterInfo, files_sha256, has_sd_card, write_sd_card
from defectgen.sd.checkpoint import SdSpec, inspect
from defectgen.sd.pipeline import fetched
from defectgen.sd.plan_outlook import Outlook
from defectgen.sd.plan_preset import device_gib
from defectgen.train.finetune import quieten
from defectgen.train.job_folder import check_job_folder, claim_job
from defectgen.train.new_word import learn_words
from defectgen.train.sd_board import Board
from defectgen.train.sd_finetune import SdFinetune, SdLap
from defectgen.train.sd_learner import Learner, tokenizers_of
from defectgen.train.sd_lesson import (
    Drawer,
    Lesson,
    TextTable,
    encode_windows,
    read_lesson,
    text_table,
    write_lesson,
)  # fmt: skip
from defectgen.train.sd_opening import end_accelerator, open_accelerator, open_for_training
from defectgen.train.sd_options import SdFinetuneOptions, Settings, planned_training, settle
from defectgen.train.sd_strip import with_good, write_strip
from defectgen.train.sd_window import SdWindow, defect_window, draw_window
from defectgen.train.sd_words import Words, choose_words
from defectgen.train.shots import Shots, read_shots

__all__ = ["SdFinetuneJob", "settled"]

VAL_WINDOWS, STRIP_WINDOWS = 24, 6
STRIP_EVERY_S = 0.1
"""Strips are made this share of the budget apart."""


class SdFinetuneJob:
    """A job with everything read and checked; `run` trains, `finish` writes the adapter."""

    def __init__(
        self, source: Path, out: Path, options: SdFinetuneOptions, *, shots: int | None = None,
        blocked: Sequence[Path] = (), resume: bool = False,
    ) -> None:  # fmt: skip
        """Raises InputError for a set or a checkpoint that cannot be learned from or with."""
        check_job_folder(out, ended=has_sd_card(out), resume=resume)
        self.device = pick_trainer(options.device)
        self.out, self.work, self.options = out, out / "work", options
        self.spec: SdSpec = inspect(options.model, offline=options.offline, config=options.config)
        if self.spec.kind == "flux":
            raise InputError(f"{options.model} is a FLUX model; sd fine-tuning takes Stable Diffusion 1.x, 2.x or XL")
        self.settings: Settings = settled(options, self.spec, self.device)
        self.source = DefectSet(source)
        self.shots: Shots = read_shots(self.source, shots=shots, seed=options.seed, manifests=blocked)
        self.notices = self.shots.notices
        self._accelerator: Any = None

    @property
    def is_main(self) -> bool:
        """Whether this process writes and speaks; launchers number them in RANK before any of them has begun."""
        if self._accelerator is None:
            return os.environ.get("RANK", "0") == "0"
        return bool(self._accelerator.is_main_process)

    def outlook(self) -> Outlook:
        """What it will take of the device; nothing is loaded for that."""
        return Outlook.of(self.spec, planned_training(self.options, self.settings), self.device)

    def run(self, on_windows: Callable[[], None] = lambda: None) -> Iterator[SdLap]:
        """Trains; yields progress. on_windows: called when the windows are drawn and training begins."""
        set_threads()
        quieten()
        self._accelerator = accelerator = open_accelerator(self.device, self.settings)
        accelerator.wait_for_everyone()
        self._on_first(self._fetch)
        self.spec = fetched(self.spec, offline=True) if self.spec.hub else self.spec
        pipe = open_for_training(self.options, self.settings)
        self.words = self._words(pipe)
        self._on_first(self._claim)
        self._on_first(lambda: self._lessons(pipe))
        train, val = (_read(self.work / f"{name}.safetensors") for name in ("train", "val"))
        assert train is not None
        self.training = self._training(pipe, train, val)
        on_windows()
        yield from self._watched(pipe, self._strip_windows())

    def _watched(self, pipe: Any, strip: Sequence[SdWindow]) -> Iterator[SdLap]:
        """The laps, with the board and the strips kept up."""
        apart = STRIP_EVERY_S * self.options.budget_s
        with Board(self.out / "tensorboard" if self.options.tensorboard and self.is_main else None) as board:
            shown = self.training.state.seconds
            for lap in self.training.run():
                board.note(lap)
                yield lap
                if self.is_main and (lap.seconds - shown >= apart or not (self.out / "strip.png").is_file()):
                    self.training.state.swap()
                    write_strip(pipe, strip, self.out / "strip.png", self._accelerator)
                    self.training.state.swap()
                    board.show(lap.step, self.out / "strip.png")
                    shown = lap.seconds

    def finish(self) -> SdAdapterInfo:
        """Writes the adapter and removes what it was made from."""
        self.training.finish()
        info = self._info()
        self._on_first(lambda: self._write(info))
        end_accelerator(self._accelerator)
        return info

    def _write(self, info: SdAdapterInfo) -> None:
        for item in sorted(self.training.kept.iterdir()):
            target = self.out / item.name
            shutil.rmtree(target, ignore_errors=True)
            item.replace(target)
        if (self.work / RECIPES).is_file():
            shutil.copy(self.work / RECIPES, self.out / RECIPES)
        write_sd_card(self.out, info)
        shutil.rmtree(self.work)

    def _info(self) -> SdAdapterInfo:
        state, s = self.training.state, self.settings
        plain = self.words.speech == "plain"
        return SdAdapterInfo(
            method=self.options.method, rank=s.rank if self.options.method == "lora" else None,
            text_encoder=self.options.text_encoder, base=self.spec.name, base_sha256=self.spec.sha256,
            kind=self.spec.kind, unet_channels=self.spec.unet_channels, side=s.side,
            said={} if plain else dict(self.words.said), defects=self.shots.names,
            materials=tuple(sorted({shot.picture.material for shot in self.shots.train})),
            pictures=len(self.shots.train), good_pictures=len(self.shots.good), licences=self.shots.licences,
            set_sha256=self.shots.sha256, seed=self.options.seed, steps_trained=state.best_step,
            seconds=round(state.seconds, 1), dtype=s.dtype, optimiser=s.optimiser,
            batch=s.batch * s.accumulate * self._accelerator.num_processes,
            val_loss=None if state.first is None else (state.first, state.best),
            weights_sha256=files_sha256(self.training.kept),
        )  # fmt: skip

    def _training(self, pipe: Any, train: Lesson, val: Lesson | None) -> SdFinetune:
        options, s, accelerator = self.options, self.settings, self._accelerator
        new = [self.words.said[name] for name in self.shots.names] if options.speech == "new" else []
        learner = Learner(
            pipe, options.method, s.rank, text_encoder=options.text_encoder, new_words=new, side=s.side,
            seed=options.seed,
        )  # fmt: skip
        table = TextTable({}, None, None)
        if not learner.texts_train:
            table = text_table(pipe, [*train.texts, *(val.texts if val else ())], accelerator.device)
        times = int(learner.scheduler.config["num_train_timesteps"])
        drawer = Drawer(
            train, table, options.seed, s.batch, s.accumulate, times,
            world=accelerator.num_processes, rank=accelerator.process_index,
        )  # fmt: skip
        judge = Drawer(val, table, options.seed, 1, 1, times) if val else None
        return SdFinetune(options, s, learner, accelerator, self.work, drawer, judge)

    def _on_first(self, act: Callable[[], None]) -> None:
        """The first process acts, the others wait."""
        if self._accelerator.is_main_process:
            act()
        self._accelerator.wait_for_everyone()

    def _fetch(self) -> None:
        """The weights of a hub model, before the other processes look for them."""
        fetched(self.spec, offline=self.options.offline)

    def _words(self, pipe: Any) -> Words:
        words = choose_words(self.options.speech, self.shots.names, tokenizers_of(pipe)[0])
        texts = {shot.text for shot in (*self.shots.train, *self.shots.val)}
        long = frozenset(text for text in texts if any(_too_long(text, one) for one in tokenizers_of(pipe)))
        if long:
            self.notices = (*self.notices, f"{len(long)} captions are too long for the model; plain names are said")
        return Words(words.speech, words.said, long)

    def _claim(self) -> None:
        """The work folder is for this job alone; another's is refused."""
        o = self.options
        claim_job(self.out, {
            "set": self.shots.sha256, "base": self.spec.sha256, "method": o.method, "rank": self.settings.rank,
            "side": self.settings.side, "seed": o.seed, "text_encoder": o.text_encoder, "speech": o.speech,
        })  # fmt: skip

    def _lessons(self, pipe: Any) -> None:
        """Draw and encode the windows once; and recipes for types that the book lacks."""
        side, seed = self.settings.side, self.options.seed
        path = self.work / "train.safetensors"
        if path.exists():
            return
        book = load_book()
        learn_words(self.shots.train, book, self.work / RECIPES, seed)
        if self.shots.val:
            rngs = [np.random.default_rng([seed, 53, i]) for i in range(VAL_WINDOWS)]
            kept = [defect_window(self.shots.val, self.words, side, rng) for rng in rngs]
            write_lesson(self.work / "val.safetensors", encode_windows(pipe, kept, self._accelerator.device))
        rngs = [np.random.default_rng([seed, 29, i]) for i in range(self.options.windows)]
        windows = [draw_window(self.shots, self.words, side, rng) for rng in rngs]
        write_lesson(path, encode_windows(pipe, windows, self._accelerator.device))

    def _strip_windows(self) -> list[SdWindow]:
        found = []
        for i in range(STRIP_WINDOWS):
            rng = np.random.default_rng([self.options.seed, 71, i])
            shots = self.shots.val or self.shots.train
            window = defect_window(shots, self.words, self.settings.side, rng)
            found.append(with_good(window, rng))
        return found


def settled(options: SdFinetuneOptions, spec: SdSpec, device: str, gib: float | None = None) -> Settings:
    """What the options come to with this checkpoint. gib: memory of another device than the one here."""
    levels = len(spec.configs["unet"]["block_out_channels"])
    return settle(options, spec.side, spec.vae_factor * 2 ** (levels - 1), device, gib or device_gib(device))


def _too_long(text: str, tokenizer: Any) -> bool:
    return len(tokenizer(text).input_ids) > int(tokenizer.model_max_length)


def _read(path: Path) -> Lesson | None:
    return read_lesson(path) if path.is_file() else None
