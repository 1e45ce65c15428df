"""The audit's page: whole in one file, escaped, well formed, with every number in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from defectgen.metric.result import AuditReport, Interval, Score
from defectgen.report.number import show_number
from defectgen.report.page import render_page, write_page
from defectgen.report.scoreboard import rows_of, views_of
from defectgen.report.summary import findings
from tests.metric.audit_sets import write_set
from tests.metric.small_report import small_report

VOID = {"meta", "img", "br", "rect", "line", "path", "link", "input"}
EVIL = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> AuditReport:
    top = tmp_path_factory.mktemp("page")
    synth = write_set(top / "synth", 24, 1, twins=True, types=("pit", EVIL), shifted=3)
    real = write_set(top / "real", 28, 2, test=4, good=6, types=("pit", EVIL))
    return small_report(synth, real, compat="magic")


@pytest.fixture(scope="module")
def page(report: AuditReport) -> str:
    return render_page(report)


class Tree(HTMLParser):
    """Whether tags close in order, and what the tags say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def tree(page: str) -> Tree:
    return Tree(page)


def test_the_page_is_well_formed(page: str, tree: Tree) -> None:
    assert tree.open == [] and page.lstrip().lower().startswith("<!doctype html>")
    names = [attrs.get("id") for _, attrs in tree.tags if attrs.get("id")]
    assert len(names) == len(set(names)) and {"summary", "numbers", "pictures", "labels", "method"} <= set(names)


def test_it_asks_nothing_of_a_network_or_a_script(page: str, tree: Tree) -> None:
    assert "script" not in {tag for tag, _ in tree.tags}
    for _, attrs in tree.tags:
        assert not [name for name in attrs if name.startswith("on")]
        for name in ("src", "href", "srcset", "data"):
            value = attrs.get(name)
            assert value is None or value.startswith(("data:image/", "#"))
    assert not re.search(r"url\(|@import", page)


def test_names_are_escaped(page: str, tree: Tree) -> None:
    assert EVIL not in page and EVIL in "".join(tree.words)


def test_every_score_and_finding_shows(report: AuditReport, tree: Tree) -> None:
    words = "".join(tree.words)
    for view in views_of(report):
        for row in rows_of(report.scores, view):
            assert row.score.metric in words and row.shown.value is not None
            assert row.verdict.words in words
    for one in report.scores:
        if one.refused is not None:
            assert one.refused in words
    for finding in findings(report):
        assert finding.question in words and finding.answer in words
    assert report.protocol is not None
    assert all(flaw in words for flaw in report.protocol.flaws)
    assert report.fingerprints[0].weights_sha256 in words and report.command in words


def test_pictures_have_words_and_tables_have_headers(tree: Tree) -> None:
    images = [attrs for tag, attrs in tree.tags if tag == "img"]
    assert len(images) >= 18 and all(attrs.get("alt") for attrs in images)
    drawings = [attrs for tag, attrs in tree.tags if tag == "svg"]
    assert drawings and all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs in drawings)
    heads = [attrs for tag, attrs in tree.tags if tag == "th"]
    assert all(attrs.get("scope") in ("col", "row") for attrs in heads)


def test_masks_that_are_off_are_shown(page: str) -> None:
    assert "Masks that fit least" in page and "outline of what changed" in page


def test_it_is_small_and_written_whole(report: AuditReport, tmp_path: Path) -> None:
    write_page(report, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").stat().st_size < 5e6


def test_pictures_that_are_gone_leave_a_gap(report: AuditReport) -> None:
    gone = report.real.model_copy(update={"path": "/nowhere"})
    assert "can no longer be read" in render_page(report.model_copy(update={"real": gone}))


def test_a_report_with_nothing_measured_is_a_page(report: AuditReport) -> None:
    refused = Score(
        metric="KID", view="window", defect=None, better="lower", n_set=3, n_real=3, refused="3 in the set; 10 needed"
    )
    empty = AuditReport(
        version="1", created="now", command="x", seed=0, synth=report.synth, real=report.real, scores=(refused,)
    )
    page = render_page(empty)
    assert "3 in the set; 10 needed" in page and Tree(page).open == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.01234, "0.0123"), (0.5, "0.500"), (3.14159, "3.14"), (27.18, "27.2"), (1234.5, "1,234"),
     (-0.02, "\N{MINUS SIGN}0.0200"), (0.00001, "1.0e-05")],
)  # fmt: skip
def test_numbers_have_three_figures(value: float, shown: str) -> None:
    assert show_number(value) == shown.replace("1.0e-05", "1.0e\N{HYPHEN-MINUS}05")


def test_bars_hold_every_number(report: AuditReport) -> None:
    from defectgen.report.bars import floor_bar

    given = report.scores[0].model_copy(
        update={"value": Interval(value=0.2, low=-0.1, high=0.4), "floor": Interval(value=0.0, low=-0.05, high=0.05)}
    )
    numbers = [float(x) for x in re.findall(r' x\d?="([-\d.]+)"', floor_bar(given))]
    assert numbers and min(numbers) >= 0 and max(numbers) <= 240
