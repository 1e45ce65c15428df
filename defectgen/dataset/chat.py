"""Chat lines: questions about pictures with their true answers, as training data for vision-language models.

One JSON object a line, in the `messages` and `images` form that LLaMA-Factory, ms-swift and TRL read:

    id        file's stem, task, and a number where a picture has several of one task
    task      presence, type, where, box, severity, count, change, compare; grounding
    images    paths relative to the set's folder, one for each "<image>" in the user's message, in that order
    messages  [{"role": "user", "content": ...}, {"role": "assistant", "content": ...}]
    answer    what alone is to be compared: "yes" or "no", a letter, a number, or the assistant's whole content
    options   texts of the letters A, B, C, ...; empty where the question is open
    boxes     [[x0, y0, x1, y1], ...] of a box question in pixels, x1 and y1 exclusive; boxes_1000: the same as said in
              the answer, in thousandths of the picture's width and height, rounded outwards; labels: of each box
    width, height, split, group, licence    of the (last) picture, so that no test picture is trained on

Boxes in a message are in thousandths, [{"bbox_2d": [x0, y0, x1, y1], "label": "crack"}, ...], or "none".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import numpy as np

from defectgen.dataset.instance import Box
from defectgen.record import Boxes, Line, Record

__all__ = ["LETTERS", "NONE", "Chat", "Message", "Task", "box_answer", "boxes_1000", "chat", "choice", "thousandths"]

Task = Literal["presence", "type", "where", "box", "severity", "count", "change", "compare", "grounding"]
LETTERS = "ABCDEFGH"
NONE = "none"


class Message(Line):
    """One turn."""

    role: Literal["user", "assistant"]
    content: str


class Chat(Line):
    """One question with its answer; see the module."""

    id: str
    task: Task
    images: tuple[str, ...]
    messages: tuple[Message, Message]
    answer: str
    options: tuple[str, ...] = ()
    boxes: Boxes = ()
    boxes_1000: Boxes = ()
    labels: tuple[str, ...] = ()
    width: int
    height: int
    split: str
    group: str
    licence: str


def chat(
    record: Record,
    hw: tuple[int, int],
    task: Task,
    question: str,
    said: str,
    *,
    answer: str | None = None,
    options: Sequence[str] = (),
    images: Sequence[str] | None = None,
    boxes: Boxes = (),
    labels: Sequence[str] = (),
) -> Chat:
    """A line about a record's picture, or about `images`; `said` is also the answer unless another is given."""
    shown = (record.file_name,) if images is None else tuple(images)
    content = "<image>" * len(shown) + "\n" + question
    stem = record.file_name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return Chat(
        id=f"{stem}-{task}",
        task=task,
        images=shown,
        messages=(Message(role="user", content=content), Message(role="assistant", content=said)),
        answer=said if answer is None else answer,
        options=tuple(options),
        boxes=boxes,
        boxes_1000=boxes_1000(boxes, hw),
        labels=tuple(labels),
        width=hw[1],
        height=hw[0],
        split=record.split,
        group=record.group,
        licence=record.licence,
    )


def choice(
    record: Record,
    hw: tuple[int, int],
    task: Task,
    question: str,
    true: str,
    others: Sequence[str],
    rng: np.random.Generator,
    images: Sequence[str] | None = None,
) -> Chat:
    """A question with lettered options in random order."""
    texts = [true, *others]
    options = [texts[int(k)] for k in rng.permutation(len(texts))]
    letter = LETTERS[options.index(true)]
    listed = "\n".join(f"{LETTERS[k]}. {text}" for k, text in enumerate(options))
    asked = f"{question}\n{listed}\nAnswer with the letter of the right option."
    return chat(record, hw, task, asked, f"{letter}. {true}", answer=letter, options=options, images=images)


def thousandths(box: Box, hw: tuple[int, int]) -> Box:
    """A box of pixels in thousandths of the picture, rounded outwards so that it holds all of it."""
    x0, y0, x1, y1 = box
    return 1000 * x0 // hw[1], 1000 * y0 // hw[0], -(-1000 * x1 // hw[1]), -(-1000 * y1 // hw[0])


def boxes_1000(boxes: Boxes, hw: tuple[int, int]) -> Boxes:
    return tuple(thousandths(box, hw) for box in boxes)


def box_answer(boxes: Boxes, labels: Sequence[str], hw: tuple[int, int]) -> str:
    """Boxes as an answer says them."""
    if not boxes:
        return NONE
    said = [{"bbox_2d": list(box), "label": label} for box, label in zip(boxes_1000(boxes, hw), labels, strict=True)]
    return json.dumps(said, ensure_ascii=False)
