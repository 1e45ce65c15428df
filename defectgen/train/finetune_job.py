"""One fine-tuning job: from a defect set to an adapter folder.

What it draws its windows from is settled before anything is trained: shots, words, windows. All of it lies in
`<out>/work`, so that a job that was stopped goes on with the same windows.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from defectgen.book import RecipeBook, load_book
from defectgen.dataset.defect_set import DefectSet
from defectgen.engine.donor import write_donors
from defectgen.model.adapter import DONORS_FILE, AdapterInfo
from defectgen.model.adapter_path import RECIPES
from defectgen.model.device import pick_trainer, set_threads
from defectgen.model.reference import ReferenceEncoder
from defectgen.model.text import TextEncoder
from defectgen.train.batch import Batch, plain_batch, severity_quantiles
from defectgen.train.donor import collect_donors
from defectgen.train.finetune import Finetune, FinetuneOptions, Lap, is_adapter
from defectgen.train.job_folder import check_job_folder, claim_job
from defectgen.train.lesson import Lesson, defect_pairs, rehearsal_pairs, write_lesson
from defectgen.train.new_word import learn_words
from defectgen.train.pair import Pair
from defectgen.train.shard import open_shards, write_shard
from defectgen.train.shots import Shots, read_shots
from defectgen.train.strip import strip_writer

__all__ = ["FinetuneJob"]

STRIP_WINDOWS, PORTION = 6, 8
STRIP_EVERY = 2


class FinetuneJob:
    """A job with everything read and checked; `run` trains, `finish` writes the adapter."""

    def __init__(
        self, source: Path, out: Path, options: FinetuneOptions, *, shots: int | None = None,
        blocked: Sequence[Path] = (), resume: bool = False, lesson: Lesson | None = None,
    ) -> None:  # fmt: skip
        """Raises InputError for a set that cannot be learned from, or a folder that holds something else."""
        check_job_folder(out, ended=is_adapter(out), resume=resume)
        pick_trainer(options.device)
        self.out, self.work, self.options, self.lesson = out, out / "work", options, lesson or Lesson()
        self.source = DefectSet(source)
        self.shots: Shots = read_shots(self.source, shots=shots, seed=options.seed, manifests=blocked)
        self.new_words: tuple[str, ...] = ()

    def run(self, on_windows: Callable[[], None] = lambda: None) -> Iterator[Lap]:
        """Trains; yields progress. on_windows: called when the windows are drawn and training begins."""
        set_threads()
        self._claim()
        book = self._book()
        encoder, eyes = TextEncoder(), ReferenceEncoder()
        self.shelf = collect_donors(self.shots.train, book, self.options.seed)
        write_lesson(self.work, self.shots, book, self.shelf, self.lesson, self.options.seed, encoder, eyes)
        val, rehearsal = (self._kept_windows(name, book, encoder, eyes) for name in ("val", "rehearsal"))
        self.training = Finetune(self.options, self.work, encoder.encode([""]), val, rehearsal)
        strip = strip_writer(self._strip_pairs(book), encoder)
        on_windows()
        for number, lap in enumerate(self.training.run()):
            yield lap
            if number % STRIP_EVERY == STRIP_EVERY - 1:
                strip(self.training.current(lap.rank), self.out / "strip.png")

    def finish(self) -> AdapterInfo:
        """Writes the adapter and removes what it was made from."""
        if (self.work / RECIPES).is_file():
            shutil.copy(self.work / RECIPES, self.out / RECIPES)
        donors = self._write_donors()
        shards = [shard for shard in open_shards(self.work) if shard.origins[0] == "real"]
        info = self.training.write(self.out, {
            "defects": self.shots.names,
            "materials": tuple(sorted({shot.picture.material for shot in self.shots.train})),
            "pictures": len(self.shots.train),
            "good_pictures": len(self.shots.good),
            "licences": self.shots.licences,
            "set_sha256": self.shots.sha256,
            "severity": severity_quantiles(shards),
            "donors_sha256": donors,
        })  # fmt: skip
        shutil.rmtree(self.work)
        return info

    def _write_donors(self) -> str | None:
        """The digest of the donors' file; None where none is asked for, or no defect has a recipe."""
        if not self.options.donors or not self.shelf.rows:
            return None
        path = self.out / DONORS_FILE
        write_donors(path, self.shelf.donors)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def _claim(self) -> None:
        """The work folder is for this job alone; another's is refused."""
        o = self.options
        claim_job(self.out, {"set": self.shots.sha256, "method": o.method, "rank": o.rank, "seed": o.seed})

    def _book(self) -> RecipeBook:
        """The shipped recipes, and those of the types that only this set knows."""
        path = self.work / RECIPES
        if not path.exists():
            learn_words(self.shots.train, load_book(), path, self.options.seed)
        book = load_book([path] if path.exists() else [])
        shipped = load_book()
        self.new_words = tuple(name for name in book.defects if name not in shipped.defects)
        return book

    def _kept_windows(
        self, name: str, book: RecipeBook, encoder: TextEncoder, eyes: ReferenceEncoder
    ) -> list[Batch]:
        """Windows that nothing is trained on, drawn once."""
        folder = self.work / name
        if not any(folder.glob("shard-*")):
            rng = np.random.default_rng([self.options.seed, 53, len(name)])
            pairs: list[Pair] = []
            if name == "rehearsal":
                pairs = rehearsal_pairs(book, self.lesson.rehearsal, rng)
            elif self.shots.val:
                pairs = defect_pairs(self.shots.val, book, self.shelf, self.lesson.val, rng)
            if not pairs:
                return []
            write_shard(folder / "shard-kept-0000", pairs, encoder, eyes, rng)
        shard = next(open_shards(folder))
        return [plain_batch(shard, range(i, min(i + PORTION, len(shard)))) for i in range(0, len(shard), PORTION)]

    def _strip_pairs(self, book: RecipeBook) -> list[Pair]:
        rng = np.random.default_rng([self.options.seed, 71])
        return defect_pairs(self.shots.val or self.shots.train, book, self.shelf, STRIP_WINDOWS, rng)
