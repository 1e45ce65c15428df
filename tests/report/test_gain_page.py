"""The trial's page: whole in one file, escaped, well formed, with every verdict in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from defectgen.gain.result import GainResult
from defectgen.report.gain_gallery import disagreements
from defectgen.report.gain_page import render_gain_page, show_chance, show_points, write_gain_page
from defectgen.report.gain_terms import CAVEATS, arm_term
from defectgen.report.gain_view import views_of
from tests.report.small_trial import CLASSES, EFFECTS, small_trial
from tests.report.test_page import EVIL, Tree
from tests.report.trial_pictures import KEYS, seen, small_pool

NAMES = ("Real only", "Compact model")


@pytest.fixture(scope="module")
def result() -> GainResult:
    effects = {**EFFECTS, EVIL: 0.0}
    return small_trial(ratios=(0.5, 1.0, 2.0), effects=effects, zero_shot=True, classes=(*CLASSES, EVIL))


@pytest.fixture(scope="module")
def page(result: GainResult) -> str:
    pool = small_pool()
    base, arm = ({key: seen(pool, finds, 10 * key[0] + key[1]) for key in KEYS} for finds in ((1,), (2,)))
    return render_gain_page(result, disagreements(pool, base, arm, NAMES))


@pytest.fixture(scope="module")
def tree(page: str) -> Tree:
    return Tree(page)


def test_the_page_is_well_formed(page: str, tree: Tree) -> None:
    assert tree.open == [] and page.lstrip().lower().startswith("<!doctype html>")
    names = [attrs.get("id") for _, attrs in tree.tags if attrs.get("id")]
    assert len(names) == len(set(names))
    assert {"summary", "segment-lite0", "classify-lite0", "pictures", "reading", "method"} <= set(names)
    aims = {attrs["href"] for tag, attrs in tree.tags if tag == "a"}
    assert aims == {"#segment-lite0", "#classify-lite0"}


def test_it_asks_nothing_of_a_network_or_a_script(page: str, tree: Tree) -> None:
    assert "script" not in {tag for tag, _ in tree.tags} and not re.search(r"url\(|@import", page)
    for _, attrs in tree.tags:
        assert not [name for name in attrs if name.startswith("on")]
        for name in ("src", "href"):
            value = attrs.get(name)
            assert value is None or value.startswith(("data:image/", "#"))


def test_names_are_escaped(page: str, tree: Tree) -> None:
    assert EVIL not in page and EVIL in "".join(tree.words)


def test_every_verdict_shows(result: GainResult, tree: Tree) -> None:
    words = " ".join(" ".join(tree.words).split())
    for view in views_of(result):
        assert view.answer in words
        for one in view.verdicts:
            plain = view.plain(one.arm)
            assert plain is not None and f"{plain.words[1:]} ({plain.range_words})" in words
            assert arm_term(one.arm).title in words
        assert all(advice.words[1:] in words for advice in view.advice)
    assert all(caveat in words for caveat in CAVEATS)
    assert result.command in words and result.real.sha256 in words and all(note in words for note in result.notes)


def test_pictures_have_words_and_tables_have_headers(tree: Tree) -> None:
    images = [attrs for tag, attrs in tree.tags if tag == "img"]
    assert len(images) == 2 * 6 * 3 and all(attrs.get("alt") for attrs in images)
    drawings = [attrs for tag, attrs in tree.tags if tag == "svg"]
    assert drawings and all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs in drawings)
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in tree.tags if tag == "th")


def test_without_pictures_there_is_none(result: GainResult, tmp_path: Path) -> None:
    write_gain_page(result, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert "data:image" not in (tmp_path / "report.html").read_text("utf-8")


def test_few_draws_are_said_and_nothing_is_claimed() -> None:
    words = " ".join(Tree(render_gain_page(small_trial(("segment",), draws=3))).words)
    assert "3 draws; a verdict needs 5" in words and "No verdict: 3 draws; a verdict needs 5." in words
    short = small_trial(("segment",), draws=1, seeds=1, effects={"none": 0.0, "compact": 0.1}, classes=("crack",))
    assert "1 draw; a verdict needs 5" in render_gain_page(short)


def test_where_arms_set_a_threshold_alone_nothing_else_is_compared() -> None:
    trial = small_trial(("anomaly",), effects={name: EFFECTS[name] for name in ("none", "perlin", "compact")})
    (view,) = views_of(trial)
    assert set(view.evidence) == {"balanced_accuracy", "found", "found_small", "false_per_good"}
    assert {name: round(value, 6) for name, value in view.unchanged.items()} == {
        "image_auroc": 0.91, "image_ap": 0.88, "caught": 0.7, "iou": 0.3, "pixel_ap": 0.4,
    }  # fmt: skip
    words = " ".join(" ".join(Tree(render_gain_page(trial)).words).split())
    assert "The same for every arm, in points: image AUROC 91.0, image AP 88.0" in words
    assert "All metrics that an arm can change" in words and "set its alarm threshold and change nothing else" in words
    assert "Learning curves" not in words and "same false-alarm rate" not in words
    assert any(one.words[1:] in words and "good and defective counting alike" in one.words for one in view.verdicts)


def test_draws_that_share_their_shots_are_named() -> None:
    whole = small_trial(("segment",), effects={"none": 0.0, "compact": 0.1})
    protocol = whole.protocol.model_copy(update={"shots": 10})
    page = render_gain_page(whole.model_copy(update={"protocol": protocol}))
    assert "10 of 12 crack" in page and "of 24 blowhole" not in page


def test_a_study_that_is_not_finished_says_so() -> None:
    whole = small_trial(("segment",))
    part = whole.model_copy(update={"cells": whole.cells[:-7]})
    assert f"{len(part.cells)} of {part.planned} trainings are done" in render_gain_page(part)


@pytest.mark.parametrize(
    ("effect", "words"), [(0.052, "+5.2"), (-0.14, "−14"), (0.0999, "+10"), (0.0, "0.0"), (-0.0001, "0.0")]
)
def test_points(effect: float, words: str) -> None:
    assert show_points(effect) == words


def test_chances() -> None:
    assert [show_chance(p) for p in (0.0001, 0.0314, 0.5, 1.0)] == ["< 0.001", "0.031", "0.5", "1"]
