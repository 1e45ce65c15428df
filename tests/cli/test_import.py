"""`defectgen import`: what it prints, and that a mistake is one line and leaves nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from defectgen.cli.import_set import parse_classes, parse_ignored
from defectgen.dataset.defect_set import DefectSet
from defectgen.errors import InputError
from tests.cli.conftest import Command
from tests.dataset.pictures import put_mask, put_picture


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    for k in range(3):
        put_picture(root / f"good/{k}.png", k)
        put_picture(root / f"ng/{k}.png", 10 + k)
        put_mask(root / f"masks/ng/{k}.png", *([(2, 2, 6, 6)] if k else []))
    return root


def test_it_says_what_it_chose_kept_and_dropped(defectgen: Command, source: Path, tmp_path: Path) -> None:
    done = defectgen("import", "auto", source, tmp_path / "set", "--classes", "ng=deep scratch", "--material", "steel")
    assert done.code == 0 and not done.err.strip()
    words = [line.split() for line in done.out.splitlines() if line.strip()]
    assert words[0][:2] == ["layout", "folder:"]
    rows = {" ".join(line[:-1]): line[-1] for line in words}
    assert (rows["before"], rows["kept"], rows["dropped: empty mask"]) == ("6", "5", "1")
    assert (rows["good"], rows["deep scratch"]) == ("3", "2")
    assert str(tmp_path / "set/dropped.jsonl") in done.out
    assert {record.text for record in DefectSet(tmp_path / "set").records()} == {"good steel", "deep scratch on steel"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["mvtek", "source", "set"], "layout 'mvtek' is unknown"),
        (["auto", "nowhere", "set"], "does not exist"),
        (["auto", "source/good/0.png", "set"], "expected a folder, or a .zip"),
        (["coco", "source", "set"], ""),
        (["folder", "source", "set", "--strict"], "ng/0.png: empty mask"),
        (["folder", "source", "set", "--classes", "ng"], "--classes 'ng': 'ng' is no pair"),
        (["folder", "source", "set", "--ignore", "4,,5"], "--ignore '4,,5' has an empty part"),
        (["folder", "source", "set", "--group-by", "[a"], "no regular expression"),
        (["folder", "source", "source/set"], "choose a folder outside of it"),
        (["folder", "source", "taken"], "holds something else than a defect set"),
        (["folder", "evil.zip", "set"], "leads out of the archive"),
    ],
)
def test_mistakes_are_one_line(
    defectgen: Command, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    put_picture(tmp_path / "taken/a.png")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as packed:
        packed.writestr("../evil.txt", "out")
    before = sorted(tmp_path.rglob("*"))
    done = defectgen("import", *args)
    assert done.code == 2
    said = [line for line in done.err.splitlines() if line.strip()]
    assert len(said) == 1 and said[0].startswith("error: ") and message in said[0]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_set_is_replaced_only_when_asked(defectgen: Command, source: Path, tmp_path: Path) -> None:
    assert defectgen("import", "folder", source, tmp_path / "set").code == 0
    assert "use --overwrite" in defectgen("import", "folder", source, tmp_path / "set").err
    assert defectgen("import", "folder", source, tmp_path / "set", "--overwrite").code == 0


def test_classes_are_parsed_strictly() -> None:
    assert parse_classes("1=dark, 2 = cross crack,3=a=b") == {"1": "dark", "2": "cross crack", "3": "a=b"}
    assert parse_classes(None) == {}
    for text in ("", "1", "1=", "=dark", "1=a,", "1=a,1=b"):
        with pytest.raises(InputError):
            parse_classes(text)
    assert parse_ignored("4, busbar") == {"4", "busbar"}
    with pytest.raises(InputError):
        parse_ignored("")
