"""Defect types of two sides: matched by name, never by guess, and what is not compared is told."""

from __future__ import annotations

from pathlib import Path

from defectgen.metric.collection import Collection, Item
from defectgen.metric.type_match import match_types


def side(*defects: str) -> Collection:
    items = tuple(Item(f"{k}.png", Path(f"{k}.png"), defect=defect) for k, defect in enumerate(defects))
    return Collection(Path("somewhere"), "folder", items)


def test_names_differ_in_case_and_joins_only() -> None:
    match = match_types(side("Deep-Scratch", "pit"), side("deep scratch", "Pit"))
    assert match.synth.defects == ("Pit", "deep scratch") and match.notes == ()


def test_types_of_one_side_are_left_out_and_told() -> None:
    match = match_types(side("pit", "dent", "dent"), side("pit", "crack", "good"))
    assert match.synth.defects == match.real.defects == ("pit",)
    assert match.left_out == ({"dent": 2}, {"crack": 1}) and len(match.notes) == 2
    assert len(match.real.good) == 1


def test_nothing_in_common_compares_all_with_all_and_says_so() -> None:
    match = match_types(side("pit"), side("crack"))
    assert len(match.synth) == len(match.real) == 1
    assert "no defect type is in both" in match.notes[0]
    assert "no defect types are known of REAL" in match_types(side("pit"), side("unknown")).notes[0]
