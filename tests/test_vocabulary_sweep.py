"""The sweep: each type shows on each material that it lists; run with -m slow, one type with -k.

DEFECTGEN_SHARD=0/4 takes every fourth type, so that several machines or cores can share the work.
"""

from __future__ import annotations

import os

import pytest

from defectgen.book import load_book
from defectgen.recipe import Defect
from defectgen.trial import faults

BOOK = load_book()
NUMBER, SHARDS = map(int, os.environ.get("DEFECTGEN_SHARD", "0/1").split("/"))
DEFECTS = list(BOOK.defects.values())[NUMBER::SHARDS]


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_type_shows_on_each_of_its_materials(defect: Defect) -> None:
    found = {material.name: faults(defect, material) for material in BOOK.materials_of(defect)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
