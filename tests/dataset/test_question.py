"""Questions have answers that the description proves, letters fall evenly, and yes and no balance."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from defectgen.book import load_book
from defectgen.dataset.caption_set import Captioner
from defectgen.dataset.chat import LETTERS, Chat, thousandths
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.describe import Describer
from defectgen.dataset.measure import touched_cells
from defectgen.dataset.question import NO_DEFECT, SEVERITIES, Rates, severity_choice
from defectgen.dataset.wording import region_phrases
from defectgen.image import encode_png
from defectgen.record import FORMAT, Record
from defectgen.words import SEVERITY

SIDE = 48


def write_set(folder: Path, n: int, seed: int = 0, good_pairs: bool = True) -> DefectSet:
    """Half good; the others one to three dark or bright rectangles of two types, with their good pictures."""
    rng = np.random.default_rng(seed)
    for name in ("images", "masks", "good"):
        (folder / name).mkdir(parents=True)
    records = []
    for k in range(n):
        pixels = np.clip(rng.normal(130, 2, (SIDE, SIDE)), 0, 255).astype(np.uint8)
        good, mask, boxes, labels = pixels.copy(), np.zeros((SIDE, SIDE), np.uint8), [], []
        for _ in range(int(rng.integers(1, 4)) if k % 2 else 0):
            x, y = (int(value) for value in rng.integers(0, SIDE - 8, 2))
            window = slice(y, y + 6), slice(x, x + int(rng.integers(3, 8)))
            if mask[max(0, y - 2) : y + 8, max(0, x - 2) : x + 10].any():
                continue
            mask[window] = 255
            pixels[window] -= 50
            boxes.append((x, y, window[1].stop, y + 6))
            labels.append(("pit", "stain")[int(rng.integers(2))])
        stem = f"{k:06d}.png"
        (folder / "images" / stem).write_bytes(encode_png(pixels))
        if boxes:
            (folder / "masks" / stem).write_bytes(encode_png(mask))
            (folder / "good" / stem).write_bytes(encode_png(good))
        sizes = [(box[2] - box[0]) * 6 for box in boxes]
        records.append(Record(
            file_name=f"images/{stem}", mask_file_name=f"masks/{stem}" if boxes else None,
            good_file_name=f"good/{stem}" if boxes and good_pairs else None, text="",
            defect=labels[int(np.argmax(sizes))] if boxes else "good", material="milled-steel", boxes=tuple(boxes),
            labels=tuple(labels), split="train", group=str(k), source=stem, source_sha256=f"{k:064x}", licence="own",
        ))  # fmt: skip
    (folder / "metadata.jsonl").write_text("".join(one.line() for one in records))
    manifest = {"format": FORMAT, "kind": "import", "layout": "labelme"}
    (folder / "defectgen.json").write_text(json.dumps(manifest))
    return DefectSet(folder)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Captioner, list[tuple[Record, list[Chat]]]]:
    data = write_set(tmp_path_factory.mktemp("set") / "set", 160)
    captioner = Captioner(data, Describer(load_book()), 0)
    return captioner, [(one, list(captioner.questions(one, captioner.describe(one)))) for one in data.records()]


Asked = tuple[Captioner, list[tuple[Record, list[Chat]]]]


def of_task(asked: Asked, task: str) -> list[tuple[Record, Chat]]:
    return [(record, line) for record, lines in asked[1] for line in lines if line.task == task]


def option(line: Chat) -> str:
    return line.options[LETTERS.index(line.answer)]


def test_every_task_is_asked(asked: Asked) -> None:
    tasks = {line.task for _, lines in asked[1] for line in lines}
    assert tasks == {"presence", "type", "where", "box", "severity", "count", "change", "compare"}


def test_yes_and_no_balance_and_are_true(asked: Asked) -> None:
    answers = Counter(line.answer for _, line in of_task(asked, "presence"))
    assert 0.4 < answers["yes"] / answers.total() < 0.6
    for record, line in of_task(asked, "presence"):
        text = line.messages[0].content
        seen = {"pit": " pit" in text, "stain": "stain" in text}
        if record.defect == "good":
            assert line.answer == "no"
        elif any(seen.values()):
            kind = next(kind for kind, there in seen.items() if there)
            assert (line.answer == "yes") == (kind in record.labels), text


@pytest.mark.parametrize("task", ["type", "where", "severity"])
def test_letters_fall_evenly(asked: Asked, task: str) -> None:
    lines = [line for _, line in of_task(asked, task)]
    counts = np.array([sum(line.answer == letter for line in lines) for letter in "ABCD"])
    expected = len(lines) / 4
    # chi-square with three degrees of freedom passes 16.3 once in a thousand draws
    assert ((counts - expected) ** 2 / expected).sum() < 16.3, counts
    for line in lines:
        assert len(set(line.options)) == len(line.options) == 4
        assert line.messages[1].content == f"{line.answer}. {option(line)}"
        assert f"{line.answer}. {option(line)}\n" in line.messages[0].content


def test_types_are_the_records(asked: Asked) -> None:
    for record, line in of_task(asked, "type"):
        names = {"pit": "pit", "stain": "stain", "good": NO_DEFECT}
        assert option(line) == names[record.defect]
        wrong = set(line.options) - {option(line)}
        assert not wrong & {names[label] for label in record.labels}


def test_regions_hold_the_defect_and_the_wrong_ones_hold_none(asked: Asked) -> None:
    frame = (0, 0, SIDE, SIDE)
    regions = {region_phrases(cell)[0]: cell for cell in touched_cells(frame, frame)}
    for record, line in of_task(asked, "where"):
        reached = set().union(*(touched_cells(box, frame) for box in record.boxes))
        if record.defect == "good":
            assert option(line) == NO_DEFECT
            continue
        for text in line.options:
            assert text == NO_DEFECT or (regions[text] in reached) == (text == option(line))


def test_counts_and_boxes_are_the_records(asked: Asked) -> None:
    for record, line in of_task(asked, "count"):
        text = line.messages[0].content
        kind = next((kind for kind in ("pit", "stain") if kind in text), None)
        assert int(line.answer) == sum(kind is None or label == kind for label in record.labels)
    for record, line in of_task(asked, "box"):
        assert line.boxes == record.boxes
        if not record.boxes:
            assert line.answer == "none"
            continue
        said = json.loads(line.messages[1].content)
        assert [tuple(one["bbox_2d"]) for one in said] == list(line.boxes_1000)
        assert [one["label"] for one in said] == list(record.labels)


def test_two_images_are_the_good_one_and_its_own(asked: Asked) -> None:
    for record, line in of_task(asked, "change"):
        assert line.images == (record.good_file_name, record.file_name)
        assert line.messages[0].content.count("<image>") == 2
        assert "appeared" in line.messages[1].content
    firsts = 0
    for record, line in of_task(asked, "compare"):
        assert line.images[LETTERS.index(line.answer)] == record.file_name
        firsts += line.answer == "A"
    assert 0.3 < firsts / len(of_task(asked, "compare")) < 0.7


def test_grounding_asks_for_what_is_there_and_what_is_not(asked: Asked) -> None:
    captioner = asked[0]
    none = some = 0
    for record in captioner.data.records():
        for line in captioner.groundings(record, captioner.describe(record)):
            assert set(line.boxes) <= set(record.boxes)
            assert (line.answer == "none") == (not line.boxes)
            none, some = none + (not line.boxes), some + bool(line.boxes)
    assert none > 0.2 * some


def test_order_does_not_matter(asked: Asked) -> None:
    captioner, before = asked
    again = Captioner(captioner.data, Describer(load_book()), 0)
    for record, lines in reversed(before[:10]):
        assert list(again.questions(record, again.describe(record))) == lines
    other = Captioner(captioner.data, Describer(load_book()), 1)
    record, lines = before[1]
    assert list(other.questions(record, other.describe(record))) != lines


@pytest.mark.parametrize("defective", [0, 1, 10, 1000])
@pytest.mark.parametrize("good", [0, 1, 10, 1000])
@pytest.mark.parametrize(("named", "several"), [(False, False), (True, False), (True, True)])
def test_rates_balance_as_far_as_the_set_allows(defective: int, good: int, named: bool, several: bool) -> None:
    rates = Rates.of(defective, good, named, several)
    yes = defective * (rates.any_yes + rates.type_yes * named)
    no = defective * rates.type_no + good * (rates.any_no + rates.other_no)
    assert all(0 <= value <= 1 for value in vars(rates).values())
    if defective and (good or (named and several)):
        assert yes == pytest.approx(no)
        assert yes > 0


def test_severity_words_lie_apart() -> None:
    assert all(SEVERITY[word] == span for word, span in SEVERITIES.items())
    assert [severity_choice(value) for value in (0.1, 0.3, 0.5, 0.7, 0.9)] == [
        "faint",
        None,
        "moderate",
        None,
        "severe",
    ]


def test_thousandths_hold_the_box(rng: np.random.Generator) -> None:
    for _ in range(200):
        height, width = (int(value) for value in rng.integers(3, 3000, 2))
        x0, y0 = int(rng.integers(width)), int(rng.integers(height))
        box = x0, y0, int(rng.integers(x0, width)) + 1, int(rng.integers(y0, height)) + 1
        a0, b0, a1, b1 = thousandths(box, (height, width))
        assert 0 <= a0 < a1 <= 1000
        assert 0 <= b0 < b1 <= 1000
        assert a0 * width <= 1000 * box[0] < (a0 + 1) * width
        assert (a1 - 1) * width < 1000 * box[2] <= a1 * width
        assert b0 * height <= 1000 * box[1]
        assert 1000 * box[3] <= b1 * height
