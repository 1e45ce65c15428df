"""Archives are unpacked only where every member stays inside, and leave nothing behind."""

from __future__ import annotations

import io
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from defectgen.dataset import archive
from defectgen.dataset.archive import open_source
from defectgen.dataset.importer import import_set
from defectgen.errors import InputError
from tests.dataset.pictures import put_picture


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where archives are unpacked."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def put_zip(path: Path, *names: str, mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            packed.writestr(info, b"text")
    return path


def put_tar(path: Path, name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as packed:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        info.size = 4 if kind == tarfile.REGTYPE else 0
        packed.addfile(info, io.BytesIO(b"text"))
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "zip dots": (lambda at: put_zip(at / "a.zip", "fine.txt", "x/../../out.txt"), "leads out"),
    "zip backslash dots": (lambda at: put_zip(at / "a.zip", "..\\out.txt"), "leads out"),
    "zip absolute": (lambda at: put_zip(at / "a.zip", "/etc/out.txt"), "leads out"),
    "zip drive": (lambda at: put_zip(at / "a.zip", "C:/out.txt"), "leads out"),
    "zip link": (lambda at: put_zip(at / "a.zip", "link", mode=stat.S_IFLNK | 0o777), "is a link"),
    "zip device": (lambda at: put_zip(at / "a.zip", "pipe", mode=stat.S_IFIFO | 0o644), "is a device"),
    "tar dots": (lambda at: put_tar(at / "a.tar", "../out.txt"), "leads out"),
    "tar absolute": (lambda at: put_tar(at / "a.tar.gz", "/etc/out.txt"), "leads out"),
    "tar link": (lambda at: put_tar(at / "a.tgz", "d/link", tarfile.SYMTYPE, "../../out"), "links to"),
    "tar absolute link": (lambda at: put_tar(at / "a.tar", "link", tarfile.SYMTYPE, "/etc/passwd"), "links to"),
    "tar hard link": (lambda at: put_tar(at / "a.tar", "d/link", tarfile.LNKTYPE, "../out"), "links to"),
    "tar device": (lambda at: put_tar(at / "a.tar", "pipe", tarfile.FIFOTYPE), "is a device"),
    "no zip": (lambda at: _text(at / "a.zip"), "damaged or no archive"),
    "no tar": (lambda at: _text(at / "a.tar.gz"), "damaged or no archive"),
}


def _text(path: Path) -> Path:
    path.write_text("plain words")
    return path


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_archives_are_refused_before_anything_is_unpacked(
    tmp_path: Path, unpacked: Path, make: Callable[[Path], Path], message: str
) -> None:
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=message) as caught:
        import_set("auto", path, tmp_path / "set")
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_cut_archives_are_refused(tmp_path: Path, unpacked: Path) -> None:
    put_picture(tmp_path / "source/good/a.png", size=(200, 200))
    for suffix in (".zip", ".tar.gz"):
        whole = tmp_path / f"whole{suffix}"
        _pack(tmp_path / "source", whole)
        cut = tmp_path / f"cut{suffix}"
        cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        with pytest.raises(InputError, match="damaged or no archive"):
            import_set("folder", cut, tmp_path / "set")
    assert not (tmp_path / "set").exists() and not list(unpacked.iterdir())


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_MEMBERS"])
@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_bombs_are_refused(
    tmp_path: Path, unpacked: Path, monkeypatch: pytest.MonkeyPatch, limit: str, suffix: str
) -> None:
    monkeypatch.setattr(archive, limit, 1)
    for k in range(3):
        put_picture(tmp_path / f"source/good/{k}.png", k)
    with pytest.raises(InputError, match="more than"):
        import_set("folder", _pack(tmp_path / "source", tmp_path / f"a{suffix}"), tmp_path / "set")
    assert not list(unpacked.iterdir())


@pytest.mark.parametrize("suffix", archive.ARCHIVES)
@pytest.mark.parametrize("above", [True, False], ids=["with its folder", "without"])
def test_an_archive_gives_the_set_of_its_folder(tmp_path: Path, unpacked: Path, suffix: str, above: bool) -> None:
    for k, kind in enumerate(("good", "crack")):
        put_picture(tmp_path / f"source/{kind}/ü {k}.png", k)
    path = _pack(tmp_path / "source", tmp_path / f"a{suffix}", "source/" if above else "")
    import_set("folder", tmp_path / "source", tmp_path / "one")
    import_set("auto", path, tmp_path / "two")
    assert (tmp_path / "one/metadata.jsonl").read_bytes() == (tmp_path / "two/metadata.jsonl").read_bytes()
    assert not list(unpacked.iterdir())


def test_links_inside_an_archive_work(tmp_path: Path, unpacked: Path) -> None:
    put_picture(tmp_path / "source/good/a.png")
    (tmp_path / "source/good/b.png").symlink_to("a.png")
    with tarfile.open(tmp_path / "a.tar", "w") as packed:
        packed.add(tmp_path / "source", ".")
    counts = import_set("folder", tmp_path / "a.tar", tmp_path / "set").counts
    assert (counts.kept, counts.dropped) == (1, {"duplicate": 1})


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "source"
    root.mkdir()
    (root / "a").symlink_to(root / "b")
    (root / "b").symlink_to(root / "a")
    with pytest.raises(InputError, match="circle"), open_source(root, tmp_path / "set"):
        pass


def _pack(folder: Path, path: Path, above: str = "") -> Path:
    files = [one for one in sorted(folder.rglob("*")) if one.is_file()]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zipped:
            for one in files:
                zipped.write(one, above + one.relative_to(folder).as_posix())
        return path
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as tarred:
        for one in files:
            tarred.add(one, above + one.relative_to(folder).as_posix())
    return path
