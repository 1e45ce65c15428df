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
from typing import BinaryIO, Literal

import numpy as np

from defectgen.dataset.chat import Chat
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.describe import Describer
from defectgen.dataset.description import Description
from defectgen.dataset.grounding import grounding_lines
from defectgen.dataset.noun import VAGUE, Noun
from defectgen.dataset.question import Asker, Rates
from defectgen.dataset.wording import Writer
from defectgen.dataset.writer import rewrite_records
from defectgen.errors import InputError, OutputError
from defectgen.record import GOOD, MANIFEST, METADATA, Record

__all__ = ["DESCRIPTIONS", "Captioner", "Tick", "check_scale", "record_rng", "write_captions", "write_chat"]

DESCRIPTIONS = "descriptions.jsonl"
OWN = (METADATA, MANIFEST, DESCRIPTIONS, "rejected.jsonl")
MOST_OTHERS = 12
ChatForm = Literal["vqa", "grounding"]
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
        return Writer(description, self.describer.noun, rng)

    def absent(self, record: Record, rng: np.random.Generator) -> tuple[list[Noun], int]:
        """Types that a picture does not show, in random order, and how many come first that are the set's own.

        A type of the book stands for another only where neither name, recipe nor family is that of one in the picture.
        """
        here = {record.defect, *record.box_labels} - {GOOD}
        recipes = [self.describer.defect(name) for name in here]
        families, names = {one.family for one in recipes if one}, {one.name for one in recipes if one}
        own = [
            name for name in sorted(self.labels)
            if name not in {*here, GOOD} and name.lower() not in VAGUE and self.recipe_name(name) not in names
        ]  # fmt: skip
        material = self.describer.material(record.material)
        book = self.describer.book
        listed = book.defects_of(material) if material is not None else tuple(book.defects.values())
        others = [one.name for one in listed if one.family not in families and one.name not in own]
        own, others = ([names[int(k)] for k in rng.permutation(len(names))] for names in (own, others))
        nouns = {noun.text: noun for noun in map(self.describer.noun, [*own, *others[:MOST_OTHERS]])}
        present = {self.describer.noun(name).text for name in here}
        return [noun for text, noun in nouns.items() if text not in present], len(own)

    def recipe_name(self, name: str) -> str | None:
        known = self.describer.defect(name)
        return None if known is None else known.name

    @cached_property
    def rates(self) -> Rates:
        counts = Counter(record.defect == GOOD for record in self.data.records())
        types = [name for name in self.labels if name != GOOD and name.lower() not in VAGUE]
        return Rates.of(counts[False], counts[True], bool(types), len(types) > 1)

    def questions(self, record: Record, description: Description) -> Iterator[Chat]:
        """Every question of one picture."""
        rng = record_rng(self.seed, record)
        absent, hard = self.absent(record, rng)
        yield from Asker(record, description, self.writer(description, rng), absent, hard, self.rates, rng).lines()

    def groundings(self, record: Record, description: Description) -> Iterator[Chat]:
        """Every question for boxes of one picture."""
        rng = record_rng(self.seed, record)
        absent, hard = self.absent(record, rng)
        nouns = {name: self.describer.noun(name) for name in record.box_labels}
        writer = self.writer(description, rng)
        hw = (description.height, description.width)
        yield from grounding_lines(record, hw, writer.part, absent[:hard], nouns, self.rates.good, rng)

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


def write_chat(captioner: Captioner, form: ChatForm, path: Path, tick: Tick = lambda: None) -> Counter[str]:
    """Write one file of chat lines, numbered where a picture has several of one task; gives the number of each task."""
    check_chat_file(captioner.data.path, path)
    make = captioner.questions if form == "vqa" else captioner.groundings
    counts: Counter[str] = Counter()
    with whole_file(path) as file:
        for record in captioner.data.records():
            seen: Counter[str] = Counter()
            for line in make(record, captioner.describe(record)):
                seen[line.task] += 1
                file.write(line.model_copy(update={"id": f"{line.id}-{seen[line.task]}"}).line().encode())
            counts += seen
            tick()
    return counts


def check_chat_file(folder: Path, path: Path) -> None:
    """OutputError where the file must not be written."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; expected a file to write, such as {path / 'vqa.jsonl'}")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{path.parent} is not a folder; make it, or name another file with --out")
    if path.absolute().parent.resolve() == folder.resolve() and path.name in OWN:
        raise OutputError(f"{path} is a part of the set itself; name another file with --out")


def check_scale(mm_per_px: float | None) -> None:
    """InputError for a scale that no length can have."""
    if mm_per_px is not None and not 0 < mm_per_px < 1e6:
        raise InputError(f"--mm-per-px is {mm_per_px}; expected the length of a pixel's side in mm, above 0")
