"""Where an import reads from: a folder, or a zip or tar archive unpacked into a temporary folder.

Nothing leads out. An archive is read through before anything is unpacked, and refused as a whole where a member has
`..` or an absolute path, links out, or is a device; a folder is refused where a link in it points outside of it.
Unpacked, an archive may hold at most `MAX_BYTES` and `MAX_MEMBERS`, whatever its headers say.
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from defectgen.errors import InputError
from defectgen.image import SUFFIXES

__all__ = ["ARCHIVES", "MAX_BYTES", "MAX_MEMBERS", "open_source"]

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
MAX_BYTES = 200 * 2**30
MAX_MEMBERS = 5_000_000
CHUNK = 2**20
CLUTTER = ("__MACOSX",)


@contextmanager
def open_source(source: Path, destination: Path) -> Iterator[Path]:
    """The folder to import: resolved, checked for links that lead out; gone again afterwards if it was unpacked."""
    if source.is_dir():
        root = source.resolve()
        if destination.resolve().is_relative_to(root):
            raise InputError(f"{destination} lies in {source}, which it is made from; choose a folder outside of it")
        _check_links(root)
        yield root
        return
    if not source.exists():
        raise InputError(f"{source} does not exist; expected a folder, or a {', '.join(ARCHIVES)} archive")
    if not source.name.lower().endswith(ARCHIVES):
        raise InputError(f"{source} is a file; expected a folder, or a {', '.join(ARCHIVES)} archive")
    with tempfile.TemporaryDirectory(prefix="defectgen-import-") as name:
        folder = Path(name).resolve()
        try:
            (_unzip if source.name.lower().endswith(".zip") else _untar)(source, folder)
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError) as error:
            detail = str(error).splitlines()[0].rstrip(":") if str(error) else "it is cut short"
            raise InputError(f"{source} is damaged or no archive ({detail}); pack it again") from error
        except RuntimeError as error:  # zipfile's word for a password
            raise InputError(f"{source} cannot be unpacked ({error}); unpack it and name the folder") from error
        _check_links(folder)
        yield _inner(folder)


def _inner(folder: Path) -> Path:
    """The one folder that holds all, as in archives of a folder; not where it is a mere folder of pictures."""
    inside = list(folder.iterdir())
    if len(inside) != 1 or not inside[0].is_dir():
        return folder
    mere = all(path.name.lower().endswith(SUFFIXES) for path in inside[0].iterdir())
    return folder if mere else inside[0]


def _check_links(root: Path) -> None:
    waiting = [root]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        _check_link(Path(entry.path), root)
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
        except OSError as error:
            raise InputError(f"{error.filename} cannot be read: {error.strerror}; mend its rights") from error


def _check_link(path: Path, root: Path) -> None:
    try:
        target = path.resolve()
    except (OSError, RuntimeError):
        raise InputError(f"{path} is a link that leads round in a circle; remove it") from None
    if not target.is_relative_to(root):
        raise InputError(f"{path} is a link to {target}, out of {root}; put the file itself there, or remove the link")


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")) or "\0" in name:
        raise InputError(f"{archive}: member {name!r} leads out of the archive; nothing was unpacked, pack it again")


def _check_room(archive: Path, size: int, members: int, folder: Path) -> None:
    if members > MAX_MEMBERS:
        raise InputError(f"{archive} has {members} members, more than {MAX_MEMBERS}; unpack it and name the folder")
    if size > MAX_BYTES:
        raise InputError(
            f"{archive} unpacks to {size / 2**30:.0f} GiB, more than {MAX_BYTES / 2**30:.0f}; "
            "unpack it and name the folder"
        )
    free = shutil.disk_usage(folder).free
    if size > free:
        raise InputError(
            f"{archive} unpacks to {size / 2**30:.1f} GiB, and {folder.parent} has {free / 2**30:.1f} free; set TMPDIR"
        )


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        members = packed.infolist()
        for one in members:
            _check_name(archive, one.filename)
            kind = stat.S_IFMT(one.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                what = "a link" if kind == stat.S_IFLNK else "a device"
                raise InputError(f"{archive}: member {one.filename!r} is {what}; expected files only, pack it without")
        _check_room(archive, sum(one.file_size for one in members), len(members), folder)
        for one in members:
            if not one.is_dir() and PurePosixPath(one.filename).parts[0] not in CLUTTER:
                packed.extract(one, folder)  # reads no more than the size in the header


def _untar(archive: Path, folder: Path) -> None:
    size = count = 0
    with tarfile.open(archive) as packed:
        for one in packed:
            _check_member(archive, one, folder)
            size, count = size + one.size, count + 1
            if size > MAX_BYTES or count > MAX_MEMBERS:
                break
        _check_room(archive, size, count, folder)
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


def _check_member(archive: Path, one: tarfile.TarInfo, folder: Path) -> None:
    _check_name(archive, one.name)
    if not (one.isreg() or one.isdir() or one.issym() or one.islnk()):
        raise InputError(f"{archive}: member {one.name!r} is a device; expected files only, pack it without")
    if one.issym() or one.islnk():
        base = folder / one.name if one.issym() else folder / "x"
        target = Path(os.path.normpath(base.parent / one.linkname))
        if PurePosixPath(one.linkname).is_absolute() or not target.is_relative_to(folder):
            raise InputError(f"{archive}: member {one.name!r} links to {one.linkname!r}, out of the archive; remove it")
