"""Choice: a trade's own form of a defect comes before the general one, where the trade lists the material."""

from __future__ import annotations

import pytest

from defectgen.book import RecipeBook, load_book
from defectgen.choice import ANYWHERE, ELSEWHERE, LISTED, SENSELESS, choose, fit, near_names
from defectgen.prompt import parse_prompt


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return load_book()


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("chatter mark on gear", "tool-chatter"),
        ("chatter marks on cold rolled steel", "roll-chatter"),
        ("pitting on gear", "gear-pitting"),
        ("pitting on pipe", "pipe-corrosion-pit"),
        ("flash on zinc die casting", "casting-flash"),
        ("flash on o-ring", "rubber-flash"),
        ("sand inclusion in cast iron", "sand-inclusion"),
        ("cold shut on casting", "cold-shut"),
        ("cold shut on forged steel", "fold"),
        ("porosity in weld", "weld-porosity"),
        ("porosity in cast iron", "porosity"),
        ("spalling on bearing race", "race-spalling"),
        ("spalling on rail", "spall"),
        ("bruise on apple", "fruit-bruise"),
        ("knot in plywood", "live-knot"),
        ("fingerprint on lens", "fingerprint"),
        ("blister on cable", "blister"),
        ("sink mark on gloss plastic", "sink-mark"),
        ("dent in pipe", "dent"),
    ],
)
def test_trade_comes_before_general_where_it_lists_the_material(text: str, defect: str, book: RecipeBook) -> None:
    assert parse_prompt(text, book).spec.defect == defect


def test_no_general_type_is_taken_where_a_trade_of_that_word_lists_the_material(book: RecipeBook) -> None:
    shared = {phrase: names for phrase, names in book.defect_owners.items() if len(names) > 1}
    for phrase, names in shared.items():
        trades = [name for name in names if book.defects[name].domain != "general"]
        for material in {m for name in trades for m in book.defects[name].materials}:
            assert book.defects[choose(names, material, book).name].domain != "general", (phrase, material)


def test_word_of_general_and_foreign_trades_stays_general_where_nobody_lists_the_material(book: RecipeBook) -> None:
    assert choose(book.defect_owners["pitting"], "cable", book).name == "pitting"
    assert choose(book.defect_owners["pitting"], None, book).name == "pitting"


def test_superseded_general_type_is_no_rival_but_another_trade_is(book: RecipeBook) -> None:
    names = book.defect_owners["chatter mark"]
    assert choose(names, "gear", book).others == ()
    assert {"deep-gouge", "roll-chatter"} <= {*choose(names, None, book).others, choose(names, None, book).name}


def test_places_and_what_near_words_may_be(book: RecipeBook) -> None:
    gear, lens = book.materials["gear"], book.materials["optical-lens"]
    assert fit(book.defects["gear-pitting"], gear)[0] == LISTED
    assert fit(book.defects["dust"], gear)[0] == ANYWHERE
    assert fit(book.defects["gear-pitting"], lens)[0] == ELSEWHERE
    banned = next(d for d in book.defects.values() if d.never_on)
    assert fit(banned, book.materials[banned.never_on[0]])[0] == SENSELESS
    assert "knot" in near_names(book, "plywood") and "live knot" not in near_names(book, None)


@pytest.mark.parametrize("text", ["dent in pipe", "scratch on titanium", "crack in brick", "oil stain on satin"])
def test_common_defects_are_usual_on_common_materials(text: str, book: RecipeBook) -> None:
    assert not any("unusual" in line or "no sense" in line for line in parse_prompt(text, book).notices)


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("burr on gear", "rollover-burr"),
        ("burrs on gear", "rollover-burr"),
        ("burrs on brass", "burr"),
        ("voids in gloss plastic", "plastic-void"),
        ("voids in forged steel", "blowhole"),
        ("bubbles on powder coat", "coat-blistering"),
        ("black specks on a tablet", "tablet-black-speck"),
    ],
)
def test_inflections_of_a_word_share_their_trades(text: str, defect: str, book: RecipeBook) -> None:
    assert parse_prompt(text, book).spec.defect == defect
