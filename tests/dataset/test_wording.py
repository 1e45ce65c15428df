"""Captions say what was drawn, in right English, and nothing that the mask does not hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from defectgen.book import load_book
from defectgen.dataset.describe import Describer
from defectgen.dataset.description import Description
from defectgen.dataset.instance import Instance, Mask, components
from defectgen.dataset.noun import Noun, article, joined, singular
from defectgen.dataset.wording import LEAST_WORDS, MOST_WORDS, Writer, orientation_phrase, percent
from defectgen.record import Record

SIDE = 192
BOOK = load_book()
ROWS, COLUMNS = {"top", "upper", "bottom", "lower"}, {"left", "right"}


def record(
    defect: str, instances: Sequence[Instance], mask: bool = True, material: str | None = "solar-cell"
) -> Record:
    return Record(
        file_name="images/0.png", mask_file_name="masks/0.png" if mask and instances else None, good_file_name=None,
        text="", defect=defect, material=material, boxes=tuple(one.box for one in instances),
        labels=tuple(one.defect for one in instances), split="train", group="0", source="0.png", source_sha256="00",
        licence="own",
    )  # fmt: skip


def describe(
    pixels: NDArray[np.uint8],
    instances: Sequence[Instance],
    defect: str = "crack",
    counted: bool = True,
    **changes: object,
) -> Description:
    one = record(defect, instances)
    describer = Describer(BOOK, **changes)  # type: ignore[arg-type]
    return describer.measure(one, pixels, None, sorted(instances, key=lambda each: -each.area), counted)


def captions(description: Description, n: int = 12) -> list[str]:
    noun = Describer(BOOK).noun
    return [Writer(description, noun, np.random.default_rng(seed)).caption() for seed in range(n)]


def blank() -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).normal(0, 2, (SIDE, SIDE, 1))
    return np.repeat(np.clip(140 + noise, 0, 255).astype(np.uint8), 3, axis=2)


def dark_line() -> tuple[NDArray[np.uint8], Instance]:
    """From (10, 54) to (56, 27): rising to the right at 30 degrees, in the top left."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.line(mask, (10, 54), (56, 27), 1, 3)
    pixels = blank()
    pixels[mask > 0] -= 60
    return pixels, Instance.of_mask("crack", mask > 0)


def bright_disc() -> tuple[NDArray[np.uint8], Instance]:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(mask, (96, 96), 15, 1, -1)
    pixels = blank()
    pixels[mask > 0] += 50
    return pixels, Instance.of_mask("pit", mask > 0)


def check_english(text: str) -> None:
    words = len(text.split())
    assert LEAST_WORDS <= words <= MOST_WORDS, f"{words} words: {text}"
    sentences = re.split(r"(?<=[a-z)%°\d])\. (?=[A-Z])", text)
    assert 1 <= len(sentences) <= 3, text
    assert text.endswith(".")
    assert all(sentence[0].isupper() for sentence in sentences), text
    assert not re.search(r"  | ,| ;|,,|;;|\.\.|\bNone\b|\bnan\b", text), text
    assert not re.search(r"\b[Aa] [“\"]?[aeio]|\b[Aa]n [“\"]?[bcdfgjklmnpqrstvwxyz]", text), text
    assert not re.search(r"\b(two|three|several|\d+) \w*crack\b(?! regions)", text), text


def test_a_dark_line_at_thirty_degrees_in_the_top_left() -> None:
    pixels, line = dark_line()
    description = describe(pixels, [line], mm_per_px=0.1)
    one = description.defects[0]
    assert (one.place.cell, one.place.reference) == ("top-left", "image")
    assert one.outline is not None
    assert one.outline.orientation == pytest.approx(30, abs=2)
    for text in captions(description):
        check_english(text)
        assert re.search(r"top left|upper left", text)
        assert re.search(r"at about (29|30|31)° to the horizontal, rising to the right", text)
        assert "px (5." in text
        assert "darker" in text or "likely" in text
        assert "lighter" not in text
        assert "solar cell" in text


def test_a_bright_disc_in_the_centre() -> None:
    pixels, disc = bright_disc()
    description = describe(pixels, [disc], "pit")
    told = captions(description, 30)
    for text in told:
        check_english(text)
        assert "centre" in text or "middle" in text
        assert "runs" not in text
        assert "darker" not in text
        assert "31 px across" in text or "by" in text
    assert any("round pit" in text for text in told)
    assert any("lighter" in text for text in told)
    assert len(set(told)) > 10, "several phrasings"


def test_several_defects_are_counted_or_called_regions() -> None:
    pixels, line = dark_line()
    disc = bright_disc()[1]
    other = Instance.of_mask("crack", np.roll(line_mask(line), (120, 120), (0, 1)))
    for text in captions(describe(pixels, [line, other, disc])):
        check_english(text)
        assert "two cracks and a pit" in text.lower()
        assert "largest" in text
    for text in captions(describe(pixels, [line, other], counted=False)):
        check_english(text)
        assert "two separate crack regions" in text.lower()
        assert "bottom right" in text or "lower right" in text or "together" in text.lower() or "largest" in text


def line_mask(line: Instance) -> Mask:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    assert line.mask is not None
    mask[line.window] = line.mask
    return mask


def test_a_box_supports_place_and_size_alone() -> None:
    description = describe(blank(), [Instance("short", (150, 10, 180, 30))], "short")
    one = description.defects[0]
    assert (one.outline, one.tone, one.visibility) == (None, None, None)
    for text in captions(description):
        check_english(text)
        assert "30 px wide and 20 px high" in text
        assert "top right" in text or "upper right" in text
        assert "“short” defect" in text
        assert not re.search(r"dark|light|faint|severe|runs|long|border", text)


def test_an_image_level_label_supports_no_place() -> None:
    description = describe(blank(), [], "anomaly")
    for text in captions(description):
        check_english(text)
        assert "labelled as defective" in text
        assert not re.search(r"\d|left|right|dark", text)


def test_good_pictures_have_measured_captions_too() -> None:
    description = Describer(BOOK).measure(record("good", []), blank(), None, [], True)
    told = captions(description, 20)
    for text in told:
        check_english(text)
        assert "140 of 255" in text
        assert "varies little" in text
    assert len(set(told)) >= 3


def test_causes_are_likely_and_only_where_the_recipe_fits() -> None:
    pixels, line = dark_line()
    assert describe(pixels, [line]).causes == BOOK.defect("crack").causes[:3]
    for text in captions(describe(pixels, [line])):
        for cause in BOOK.defect("crack").causes:
            assert cause not in text or "likely" in text
    assert describe(pixels, [line], product="denim").family == "crack"
    foreign = record("crack", [line], material="denim")
    assert Describer(BOOK).measure(foreign, pixels, None, [line], True).causes == ()


def test_the_product_is_named() -> None:
    pixels, line = dark_line()
    assert all("wafer" in text and "solar" not in text for text in captions(describe(pixels, [line], product="wafer")))


def test_the_same_generator_gives_the_same_words() -> None:
    pixels, line = dark_line()
    assert captions(describe(pixels, [line])) == captions(describe(pixels, [line]))


def test_no_caption_contradicts_a_random_mask(rng: np.random.Generator) -> None:
    for _ in range(40):
        field = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE)), (0, 0), float(rng.uniform(1.5, 14)))
        mask = field > np.quantile(field, rng.uniform(0.93, 0.999))
        found = components("oil-stain", mask)[:6]
        pixels = blank()
        for one in found:
            pixels[one.window][one.mask] += np.uint8(40)
        description = describe(pixels, found, "oil-stain")
        for text in captions(description, 2):
            check_english(text)
            check_against(text, description, found)


def check_against(text: str, description: Description, found: Sequence[Instance]) -> None:
    """Read the statements of a caption back, and compare them with the masks."""
    largest = max(found, key=lambda one: one.area)
    x0, y0, x1, y1 = largest.box
    if (said := re.search(r"about (\d+) px long", text)) is not None:
        assert max(x1 - x0, y1 - y0) - 2 <= int(said[1]) <= np.hypot(x1 - x0, y1 - y0) + 2
    if (said := re.search(r"covers? ([\d.]+)% of the image", text)) is not None:
        whole = sum(one.area for one in found) if "ogether" in text else largest.area
        assert float(said[1]) == pytest.approx(100 * whole / SIDE**2, rel=0.06, abs=0.006)
    if len(found) == 1 and description.defects[0].place.spans is None:
        middle = {"top": y0 < SIDE * 2 / 3, "bottom": y1 > SIDE / 3, "left": x0 < SIDE * 2 / 3, "right": x1 > SIDE / 3}
        for word, possible in middle.items():
            assert possible or not re.search(rf"in the (\w+ )?{word}|at the {word}|on the {word}", text), text
    assert "darker" not in text


@pytest.mark.parametrize(
    ("degrees", "words"),
    [(0, "horizontally"), (179, "horizontally"), (90, "vertically"), (45, "diagonally, rising to the right"),
     (135, "diagonally, falling to the right"), (20, "at about 20° to the horizontal, rising to the right"),
     (150, "at about 30° to the horizontal, falling to the right")],
)  # fmt: skip
def test_directions_in_words(degrees: float, words: str) -> None:
    assert orientation_phrase(degrees) == words


def test_shares_in_words() -> None:
    assert [percent(x) for x in (0.001, 0.034, 0.5, 3.44, 12.3, 100)] == [
        "less than 0.01%", "0.03%", "0.50%", "3.4%", "12%", "100%",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [("crack", "a crack", "two cracks"), ("oil-stain", "an oil stain", "two oil stains"),
     ("scratches", "a scratch", "two scratches"), ("corrosion", "corrosion", "two areas of corrosion"),
     ("cracked", "a crack", "two cracks"), ("uneven", "an “uneven” defect", "two “uneven” defects"),
     ("Dark_Area", "a dark area", "two dark areas"), ("anomaly", "a defect", "two defects"),
     ("wobbly", "a “wobbly” defect", "two “wobbly” defects"), ("unit fault", "a unit fault", "two unit faults")],
)  # fmt: skip
def test_names_become_nouns(name: str, one: str, two: str) -> None:
    noun = Describer(BOOK).noun(name)
    assert (noun.counted(1), noun.counted(2)) == (one, two)


def test_adjectives_lists_and_articles() -> None:
    assert Noun.of("crack", "crack").counted(1, ["faint", "branching"]) == "a faint, branching crack"
    assert Noun.of("branching-crack", "branching crack").counted(1, ["branching"]) == "a branching crack"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert article("uniform area") == "a uniform area"
    assert [singular(word) for word in ("glass", "pits", "anomalies", "axis")] == ["glass", "pit", "anomaly", "axis"]
