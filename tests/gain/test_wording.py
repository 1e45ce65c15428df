"""Types that an arm of words cannot be asked for are refused with the plan, before anything is made or trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from defectgen.arm.type_name import misread, prompt_of, recipes_of, unknown
from defectgen.book import load_book
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.writer import rewrite_records
from defectgen.errors import InputError
from defectgen.gain.options import GainOptions
from defectgen.gain.plan import make_plan
from tests.gain.bench_set import real_set


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split set of scratches, and of spots under a name that no recipe has."""
    owner = real_set(tmp_path_factory.mktemp("wording") / "real", good=24, each=16)
    named = {"spot": "uneven"}
    rewrite_records(owner.path, [
        one.model_copy(update={
            "defect": named.get(one.defect, one.defect), "labels": tuple(named.get(name, name) for name in one.labels),
        })
        for one in DefectSet(owner.path).records()
    ])  # fmt: skip
    return owner.path


def plan_of(folder: Path, **given: Any) -> Any:
    return make_plan(GainOptions(folder, folder.parent / "out", **{"shots": 2, "draws": 2, "side": 32, **given}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"arms": ("none", "render-words")}, "render-words knows a type by the recipes alone, and .* has 'uneven', "),
        ({"arms": ("none", "compact-words", "render-words")}, "; leave compact-words and render-words out of --arms, "),
        ({"arms": ("none", "render"), "zero_shot": True}, "zero-shot render knows .*; leave out --zero-shot, or "),
    ],
)
def test_an_unknown_type_is_refused_for_arms_of_words(folder: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        plan_of(folder, **given)
    assert "'uneven'" in str(refused.value) and str(refused.value).endswith("or study --defects scratch")
    assert not (folder.parent / "out").exists()


def test_without_that_type_or_those_arms_it_goes_on(folder: Path) -> None:
    assert plan_of(folder, arms=("none", "render-words"), defects=("scratch",)).split.classes == ("scratch",)
    assert "compact" in {arm.name for arm in plan_of(folder, arms=("none", "perlin", "compact")).arms}


def test_a_name_that_trades_share_is_what_the_material_makes_of_it() -> None:
    book = load_book()
    assert unknown(("scratch", "MT_Fray", "uneven"), book) == ["MT_Fray", "uneven"]
    assert len(recipes_of("delamination", book)) > 1 and recipes_of("uneven", book) == ()
    assert misread({"delamination": {"solar-cell", None}, "uneven": {None}}, book) == {}
    assert prompt_of("MT_Fray", "magnetic tile") == "mt fray on magnetic tile"
