"""Writing a defect set in one go: into a hidden folder beside its place, renamed into it when all of it is there.

Whatever goes wrong, a folder of the set's name never holds half of one. Memory does not grow with the number of
pictures: each record is one line appended to the table.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from defectgen.atomic import write_atomic
from defectgen.dataset.defect_set import is_defect_set
from defectgen.errors import OutputError
from defectgen.image import Pixels, encode_png
from defectgen.record import FORMAT, MANIFEST, METADATA, Record

__all__ = ["SetWriter", "check_destination", "rewrite_records", "whole_folder"]

FOLDERS = ("images", "masks", "good", "instances")


def check_destination(folder: Path, overwrite: bool) -> None:
    """OutputError where a set must not be written: a file, something that is no set, a set without `overwrite`."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; expected a folder to write to")
    parent = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{parent} cannot be written; choose another folder")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not is_defect_set(folder):
        raise OutputError(f"{folder} holds something else than a defect set; choose an empty or new folder")
    if not overwrite:
        raise OutputError(f"{folder} holds a defect set already; choose another folder or use --overwrite")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A fresh folder to fill, which takes the place of `folder` at the end; on an error it goes, and `folder` stays."""
    folder = folder.absolute()
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        _swap(part, folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}; choose another folder") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _swap(part: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


class SetWriter:
    """Fills one folder with pictures and records; `finish` adds the manifest. Use it inside `whole_folder`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._made: set[str] = set()
        self._table: BinaryIO = (folder / METADATA).open("wb")

    def put_pixels(self, name: str, pixels: Pixels) -> None:
        """Write pixels, (H, W) or (H, W, C) uint8 or uint16, as the PNG `name`, such as "masks/000001.png"."""
        self.put_bytes(name, encode_png(pixels))

    def put_bytes(self, name: str, data: bytes) -> None:
        """Write a picture that is encoded already."""
        self._place(name).write_bytes(data)

    def put_file(self, name: str, source: Path) -> None:
        """Copy a file byte for byte."""
        shutil.copyfile(source, self._place(name))

    def put_record(self, record: Record) -> None:
        self._table.write(record.line().encode())

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Close the table and write the manifest, which says what the set was made of."""
        self._table.close()
        text = json.dumps({"format": FORMAT, **manifest}, indent=2, ensure_ascii=False)
        (self.path / MANIFEST).write_text(text + "\n", encoding="utf-8")

    def close(self) -> None:
        self._table.close()

    def _place(self, name: str) -> Path:
        folder = name.rsplit("/", 1)[0]
        if folder not in self._made:
            (self.path / folder).mkdir(parents=True, exist_ok=True)
            self._made.add(folder)
        return self.path / name


def rewrite_records(folder: Path, records: Iterator[Record], manifest: Mapping[str, Any] | None = None) -> None:
    """Replace a set's table, and its manifest where one is given, each in one step; memory does not grow with n."""
    part = folder / f".tmp-{METADATA}.part"
    try:
        with part.open("wb") as file:
            for record in records:
                file.write(record.line().encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / METADATA)
    except OSError as error:
        raise OutputError(f"cannot write {folder / METADATA}: {error.strerror}; free some room") from error
    finally:
        part.unlink(missing_ok=True)
    if manifest is not None:
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        write_atomic(folder / MANIFEST, (text + "\n").encode())
