"""The user's cache: what is stored comes back, damage and locked folders only cost time, old files go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from defectgen import recipe_cache
from defectgen.recipe_cache import read_all
from defectgen.user_cache import KEPT, cached_bytes, store_bytes


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_stored_comes_back_and_only_the_last_few_stay(own_cache: Path) -> None:
    for i in range(KEPT + 3):
        store_bytes("kind", f"{i}", bytes([i]))
    assert cached_bytes("kind", f"{KEPT + 2}") == bytes([KEPT + 2])
    assert len(list((own_cache / "kind").iterdir())) == KEPT
    assert cached_bytes("kind", "absent") is None


def test_a_folder_that_cannot_be_made_is_no_error(own_cache: Path) -> None:
    own_cache.write_text("a file stands here")
    store_bytes("kind", "name", b"content")
    assert cached_bytes("kind", "name") is None


def test_recipes_are_read_once_and_anew_when_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("[1, 2]")
    assert read_all([path]) == {path: [1, 2]}
    monkeypatch.setattr(recipe_cache, "read_yaml", lambda path: ["read"])
    assert read_all([path]) == {path: [1, 2]}
    path.write_text("[1, 3]")
    assert read_all([path]) == {path: ["read"]}


@pytest.mark.parametrize("damage", ["{", "[]", '"text"'])
def test_a_damaged_cache_is_read_anew(tmp_path: Path, own_cache: Path, damage: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("[1, 2]")
    read_all([path])
    stored = next((own_cache / "recipes").iterdir())
    assert json.loads(stored.read_text()) == [[1, 2]]
    stored.write_text(damage)
    assert read_all([path]) == {path: [1, 2]}


def test_a_broken_file_is_left_to_the_reader_of_files(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.yaml", tmp_path / "b.yaml"
    good.write_text("[1]")
    bad.write_text("[")
    assert read_all([good, bad]) == {}
