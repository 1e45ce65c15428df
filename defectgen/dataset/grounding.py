"""Grounding: questions whose answer is boxes, or "none"; on defects, on types that are not there, on good pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from defectgen.caption import draw, said
from defectgen.dataset.chat import Chat, box_answer, chat
from defectgen.dataset.noun import Noun
from defectgen.record import Record

__all__ = ["box_question", "grounding_lines"]

ABSENT_TYPE = 0.35  # of defective pictures are also asked for a type that they do not show
ASKED = (
    "Find {what} on the {part} and give the bounding box of each.",
    "Where is {what} on the {part}? Give a bounding box for each one.",
    "Locate {what} in this image of the {part}. One bounding box each.",
    "Mark {what} on the {part} with bounding boxes.",
)
FORMAT = (
    'Answer in JSON as [{"bbox_2d": [x0, y0, x1, y1], "label": ...}] with coordinates from 0 to 1000 across the width '
    "and height, or with the word none."
)


def box_question(what: str, part: str, rng: np.random.Generator) -> str:
    return f"{draw(ASKED, rng).format(what=what, part=part)} {FORMAT}"


def grounding_lines(
    record: Record,
    hw: tuple[int, int],
    part: str,
    absent: Sequence[Noun],
    nouns: dict[str, Noun],
    good_rate: float,
    rng: np.random.Generator,
) -> Iterator[Chat]:
    """The lines of one picture.

    absent: types that the set knows and the picture does not show. nouns: of the picture's own types.
    good_rate: share of good pictures to ask about.
    """
    labels = record.box_labels
    if record.annotation == "image" or (record.annotation == "good" and not said(rng, good_rate)):
        return
    yield _line(record, hw, any_defect(rng), part, range(len(labels)), rng)
    kinds = list(dict.fromkeys(labels))
    for kind in kinds if len(kinds) > 1 else ():
        chosen = [k for k, label in enumerate(labels) if label == kind]
        yield _line(record, hw, each(nouns[kind]), part, chosen, rng)
    if absent and said(rng, ABSENT_TYPE if labels else 0.5):
        yield _line(record, hw, each(draw(absent, rng)), part, (), rng)


def any_defect(rng: np.random.Generator) -> str:
    return draw(("any defect", "every defect", "any flaw"), rng)


def each(noun: Noun) -> str:
    return f"any {noun.text}"


def _line(
    record: Record, hw: tuple[int, int], what: str, part: str, chosen: Sequence[int], rng: np.random.Generator
) -> Chat:
    boxes = tuple(record.boxes[k] for k in chosen)
    labels = tuple(record.box_labels[k] for k in chosen)
    question = box_question(what, part, rng)
    return chat(record, hw, "grounding", question, box_answer(boxes, labels, hw), boxes=boxes, labels=labels)
