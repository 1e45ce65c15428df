"""Captioning a whole set: descriptions and captions into the set, questions and boxes into chat files.

    metadata.jsonl        text: the caption; all else stays
    descriptions.jsonl    one `Description` a line, in the same order
    vqa.jsonl             questions and answers, see `question`
    grounding.jsonl       boxes to be found, see `grounding`

What is drawn for a picture depends on the seed and on that picture's own name and sum, never on its place in the set.
Every file appears whole or not at all; memory does not grow with the number of pictures.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.describe import Describer
from defectgen.dataset.description import Description
from defectgen.dataset.wording import Writer
from defectgen.dataset.writer import rewrite_records
from defectgen.errors import InputError, OutputError
from defectgen.record import Record

__all__ = ["DESCRIPTIONS", "Captioner", "Tick", "record_rng", "write_captions"]

DESCRIPTIONS = "descriptions.jsonl"
Tick = Callable[[], None]


def record_rng(seed: int, record: Record) -> np.random.Generator:
    """The generator of one picture."""
    digest = hashlib.sha256(f"{record.source_sha256} {record.file_name}".encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


@dataclass(frozen=True, eq=False)
class Captioner:
    """One set with what its captions are made from."""

    data: DefectSet
    describer: Describer
    seed: int

    def describe(self, record: Record) -> Description:
        return self.describer.describe(self.data, record)

    def writer(self, description: Description, rng: np.random.Generator) -> Writer:
        names = {description.defect, *(one.defect for one in description.defects)}
        known = frozenset(name for name in names if self.describer.defect(name) is not None)
        return Writer(description, known, rng)

    def caption(self, record: Record, description: Description) -> str:
        return self.writer(description, record_rng(self.seed, record)).caption()

    @cached_property
    def labels(self) -> Counter[str]:
        """In how many pictures each type of the set is seen; "good" is one of them."""
        return Counter(label for record in self.data.records() for label in {record.defect, *record.box_labels})


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to append lines to, which takes its place at the end and leaves nothing behind on an error."""
    part = path.with_name(f".tmp-{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; free some room or name another file") from error
    finally:
        part.unlink(missing_ok=True)


def write_captions(captioner: Captioner, tick: Tick = lambda: None) -> None:
    """Rewrite the text of every record, and write the descriptions beside it."""
    folder = captioner.data.path
    with whole_file(folder / DESCRIPTIONS) as file:
        rewrite_records(folder, _captioned(captioner, file, tick))


def _captioned(captioner: Captioner, file: BinaryIO, tick: Tick) -> Iterator[Record]:
    for record in captioner.data.records():
        description = captioner.describe(record)
        file.write(description.line().encode())
        yield record.model_copy(update={"text": captioner.caption(record, description)})
        tick()


def check_scale(mm_per_px: float | None) -> None:
    """InputError for a scale that no length can have."""
    if mm_per_px is not None and not 0 < mm_per_px < 1e6:
        raise InputError(f"--mm-per-px is {mm_per_px}; expected the length of a pixel's side in mm, above 0")
