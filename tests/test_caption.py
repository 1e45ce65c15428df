"""Captions: variety, grammar, length, and agreement with the attributes."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from defectgen.book import RecipeBook, load_book
from defectgen.caption import canonical_caption, caption, good_caption, is_noun, plural, training_captions, with_article
from defectgen.model.text import TEXT_TOKENS, default_text_folder
from defectgen.recipe import Defect, Material
from defectgen.words import SEVERITY


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return load_book()


@pytest.fixture(scope="module")
def crack(book: RecipeBook) -> Defect:
    return book.defect("hairline crack")


@pytest.fixture(scope="module")
def aluminum(book: RecipeBook) -> Material:
    return book.material("brushed aluminum")


def draws(
    defect: Defect, material: Material | None, n: int = 300, *, severity: float = 0.1, count: int = 1
) -> list[str]:
    rng = np.random.default_rng(0)
    return [
        caption(
            defect,
            material,
            severity=severity,
            size=defect.size[0],
            count=count,
            orientation=45.0,
            region="edge",
            rng=rng,
        )
        for _ in range(n)
    ]


def test_phrasings_vary_and_leave_things_unsaid(crack: Defect, aluminum: Material) -> None:
    lines = draws(crack, aluminum)
    assert len(set(lines)) > 150
    said = Counter(word for line in lines for word in ("faint", "edge", "alumin", "diagonal") if word in line)
    assert all(10 < said[word] < 270 for word in said) and len(said) == 4
    assert min(len(line.split()) for line in lines) <= 2


def test_same_generator_same_captions(crack: Defect, aluminum: Material) -> None:
    assert draws(crack, aluminum, 20) == draws(crack, aluminum, 20)


def test_severity_word_follows_the_number(crack: Defect) -> None:
    faint = " ".join(draws(crack, None, severity=0.1)).split()
    gross = " ".join(draws(crack, None, severity=0.95)).split()
    assert "faint" in faint and "gross" not in faint and "severe" not in faint
    assert "gross" in gross and "faint" not in gross and "slight" not in gross


def test_several_defects_stand_in_the_plural(crack: Defect) -> None:
    lines = draws(crack, None, count=3)
    assert not any(line.startswith(("a hair", "an ", "one ")) for line in lines)
    assert any(line.startswith("three ") for line in lines)


def test_canonical_says_everything_in_one_order(crack: Defect, aluminum: Material) -> None:
    text = canonical_caption(
        crack, aluminum, severity=0.1, size=crack.size[1], orientation=44.0, region="edge"
    )
    assert text == "a faint long diagonal hairline crack on brushed aluminum near the edge"
    assert canonical_caption(crack, None) == "a hairline crack"
    assert canonical_caption(crack, None, count=2, looks=("branching",)) == "two branching hairline cracks"


def test_captions_fit_the_encoder(book: RecipeBook) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(default_text_folder()), local_files_only=True)
    lines = list(islice(training_captions(book, np.random.default_rng(1)), 2000))
    lines += [
        canonical_caption(
            d, m, severity=0.2, size=d.size[0], count=12, orientation=10.0, region="bottom-right"
        )
        for d in book.defects.values()
        for m in book.materials.values()
    ]
    lengths = [len(ids) for ids in tokenizer(lines)["input_ids"]]
    assert max(lengths) <= TEXT_TOKENS, lines[int(np.argmax(lengths))]


def test_training_captions_name_every_defect_and_read_well(book: RecipeBook) -> None:
    lines = list(islice(training_captions(book, np.random.default_rng(2)), 12_000))
    assert not any("  " in line or line != line.strip() or "_" in line for line in lines)
    assert all(len(set(SEVERITY) & set(line.split())) <= 2 for line in lines)
    for defect in book.defects.values():
        assert any(
            word.replace("-", " ") in line for line in lines for word in (defect.name, *defect.synonyms)
        )


def test_good_captions_mention_no_defect(aluminum: Material) -> None:
    rng = np.random.default_rng(0)
    lines = {good_caption(aluminum, rng) for _ in range(100)}
    assert len(lines) > 10 and "no defect" in lines


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("crack", "cracks"),
        ("scratch", "scratches"),
        ("cavity", "cavities"),
        ("key mark", "key marks"),
        ("box", "boxes"),
    ],
)
def test_plural(one: str, many: str) -> None:
    assert plural(one) == many


@pytest.mark.parametrize(
    ("phrase", "noun"), [("rusty", False), ("delaminated", False), ("porosity", True), ("oil spot", True)]
)
def test_adjectives_are_no_nouns(phrase: str, noun: bool) -> None:
    assert is_noun(phrase) is noun


@pytest.mark.parametrize("phrase", ["an undercut", "an oil stain", "a uniform haze", "a used tool", "a crack"])
def test_the_article_follows_the_sound(phrase: str) -> None:
    assert with_article(phrase.split(" ", 1)[1]) == phrase
