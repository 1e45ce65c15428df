"""The registry: every layout keeps the contract, and a folder finds its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.dataset import layouts
from defectgen.dataset.item import ImportOptions
from defectgen.dataset.layouts import LAYOUTS, choose_layout, layout_named
from defectgen.errors import InputError
from tests.dataset.pictures import put_mask, put_picture


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_knows_what_it_is_not(name: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/notes.txt").write_text("nothing here")
    assert layouts._function(name, "recognise")(tmp_path) is None
    with pytest.raises(InputError) as caught:
        assert not list(layout_named(name).find(tmp_path, ImportOptions()))
        raise InputError("found nothing")
    assert "\n" not in str(caught.value)


def test_unknown_names_are_answered_with_the_known() -> None:
    with pytest.raises(InputError, match=r"layout 'mvtek' is unknown; expected auto, mvtec, .*, voc"):
        layout_named("mvtek")


def test_a_folder_of_none_is_told_all(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"no layout recognises .*; name one in place of auto: mvtec, .*folder"):
        choose_layout(tmp_path)


def test_special_trees_come_before_plain_folders(tmp_path: Path) -> None:
    put_picture(tmp_path / "train/good/0.png")
    put_picture(tmp_path / "test/hole/1.png")
    put_mask(tmp_path / "ground_truth/hole/1_mask.png", (1, 1, 3, 3))
    assert layouts._function("folder", "recognise")(tmp_path) is not None
    assert choose_layout(tmp_path).name == "mvtec"


def test_two_of_one_rank_are_left_to_the_user(tmp_path: Path) -> None:
    put_picture(tmp_path / "train/good/0.png")
    put_picture(tmp_path / "test/hole/1.png")
    put_mask(tmp_path / "test/hole/1_label.png", (1, 1, 3, 3))
    with pytest.raises(InputError, match=r"may be mvtec, since .*; kolektor, since .*: name one in place of auto"):
        choose_layout(tmp_path)


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("aws-circuitboard", "lookout"), ("aws-cookies", "lookout"), ("bsdata", "labelme"), ("deeppcb", "deeppcb"),
        ("hsst-fabric", "index-mask"), ("magnetic-tile", "magnetic-tile"), ("pv-vision", "pv-vision"),
    ],
)  # fmt: skip
def test_real_sets_are_recognised(real_data: Path, folder: str, name: str) -> None:
    if not (real_data / folder).is_dir():
        pytest.skip(f"no {folder} in {real_data}")
    assert choose_layout(real_data / folder).name == name
