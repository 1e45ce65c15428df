"""Good parts: from the library, or rendered once and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.book import load_book
from defectgen.errors import InputError
from defectgen.parts import known_foreground, library_materials, library_parts, part_folder


def absent() -> str:
    return next(name for name in load_book().materials if name not in library_materials())


def test_a_material_of_the_library_takes_its_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    folder = part_folder(load_book().material("wood"))
    assert list(folder.glob("*.jpg")) == library_parts("wood") and not list(tmp_path.rglob("*.png"))


def test_any_other_is_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    monkeypatch.setattr("defectgen.parts.SIZE", 96)
    material = load_book().materials[absent()]
    folder = part_folder(material)
    first = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}
    assert len(first) == 3 and folder.name == material.name
    assert part_folder(material) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")} == first
    assert not list(tmp_path.rglob(".tmp-*"))


def test_another_look_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    monkeypatch.setattr("defectgen.parts.SIZE", 64)
    material = load_book().materials[absent()]
    other = material.model_copy(update={"description": "something else"})
    assert part_folder(material) != part_folder(other)


def test_no_place_to_keep_them_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("DEFECTGEN_CACHE", str(blocked))
    with pytest.raises(InputError, match="DEFECTGEN_CACHE"):
        part_folder(load_book().materials[absent()])


def test_rendered_parts_know_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    monkeypatch.setattr("defectgen.parts.SIZE", 96)
    folder = part_folder(load_book().material("bolt"))
    known = [known_foreground(path) for path in sorted(folder.glob("*.png"))]
    assert all(mask is not None and mask.shape == (96, 96) and 0.02 < mask.mean() < 1 for mask in known)
    assert known_foreground(library_parts("wood")[0]) is None
