"""A defect set on the disk while it grows.

    defectgen.json                what the set is made of; written first
    images/ masks/ good/          written whole, file by file
    .work/000012.json             outcome of one index, written after its pictures: whoever finds it finds all of them
    metadata.jsonl rejected.jsonl put together from the outcomes, now and then and at the end
    contact_sheet.png             at the end, then .work goes

A run that is killed and started again finds the outcomes and makes the rest. One run holds the folder at a time, by a
lock on the folder itself that the system drops when the process dies, however it dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from defectgen.atomic import is_leftover, write_atomic
from defectgen.errors import OutputError
from defectgen.image import Pixels, write_picture
from defectgen.record import FORMAT, MANIFEST, METADATA
from defectgen.sample import Outcome, Rejected, Sample

__all__ = ["PICTURES", "SetFolder", "check_folder", "stem"]

PICTURES = ("images", "masks", "good")
REJECTED, SHEET = "rejected.jsonl", "contact_sheet.png"
WORK, DONE = ".work", ".work-done"
# In this order nothing of an old set is ever taken for a part of the new one.
OWN = (METADATA, REJECTED, WORK, DONE, SHEET, *PICTURES, MANIFEST)
FLUSH_GROWTH = 1.25


def stem(index: int) -> str:
    """Name of all files of one sample."""
    return f"{index:06d}"


def check_folder(folder: Path, manifest: Mapping[str, Any] | None, overwrite: bool) -> None:
    """OutputError where this run must not write; nothing is touched.

    manifest: what the run would write; None where only the kind of the folder can be checked yet.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; expected a folder to write to")
    parent = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{parent} cannot be written; choose another folder with --out")
    if not folder.exists() or not any(not is_leftover(path) for path in folder.iterdir()):
        return
    old = _read_manifest(folder)
    if old is None:
        raise OutputError(f"{folder} holds something else than a defect set; choose an empty or new folder")
    if manifest is not None and not overwrite:
        _check_same(folder, old, manifest)


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("format") == FORMAT else None


def _check_same(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Only n may differ, and only upwards: sample i does not depend on it."""
    was, now = _flat(old), _flat(new)
    names = [name for name in dict.fromkeys([*now, *was]) if was.get(name) != now.get(name)]
    if names == ["config.n"] and now["config.n"] > was["config.n"]:
        return
    if names:
        name = names[0]
        raise OutputError(
            f"{folder} holds a set made with another configuration ({name} was {was.get(name)!r}, "
            f"now {now.get(name)!r}); choose another folder or use --overwrite"
        )


def _flat(tree: Any, path: str = "") -> dict[str, Any]:
    if isinstance(tree, Mapping):
        return {key: value for name, branch in tree.items() for key, value in _flat(branch, f"{path}.{name}").items()}
    return {path.lstrip("."): json.loads(json.dumps(tree))}


class SetFolder:
    """The folder of one run, held by it: `with SetFolder(...) as folder`."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], overwrite: bool = False) -> None:
        self.path = folder
        self._manifest = manifest
        self._overwrite = overwrite
        self._lock: int | None = None
        self._flush_at = 1

    def __enter__(self) -> SetFolder:
        check_folder(self.path, self._manifest, self._overwrite)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._hold()
            check_folder(self.path, self._manifest, self._overwrite)
            self._begin()
        except OSError as error:
            self._release()
            raise OutputError(f"{self.path} cannot be written: {error.strerror}; choose another with --out") from error
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _hold(self) -> None:
        self._lock = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            self._lock = None
            raise OutputError(f"{self.path} is in use by another run; wait for it or choose another folder") from error

    def _begin(self) -> None:
        old = _read_manifest(self.path)
        other = old != json.loads(json.dumps(self._manifest))
        if old is not None and self._overwrite and (other or self.finished):
            self._clear()
            old = None
        self._sweep()
        if old is not None and self.finished and old["config"]["n"] < self._manifest["config"]["n"]:
            self._reopen()
        write_atomic(self.path / MANIFEST, _json(self._manifest))
        if not self.finished:
            for name in (*PICTURES, WORK):
                (self.path / name).mkdir(exist_ok=True)

    def _clear(self) -> None:
        for name in OWN:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a killed run left half-done."""
        shutil.rmtree(self.path / DONE, ignore_errors=True)
        for place in (self.path, *(self.path / name for name in (*PICTURES, WORK))):
            for path in place.iterdir() if place.is_dir() else ():
                if is_leftover(path):
                    path.unlink()

    def _reopen(self) -> None:
        """Turn the lines of a finished set back into outcomes, so that more samples can follow."""
        rejected: dict[int, list[Rejected]] = {}
        for line in _lines(self.path / REJECTED):
            attempt = Rejected.model_validate_json(line)
            rejected.setdefault(attempt.index, []).append(attempt)
        samples = {one.index: one for one in map(Sample.model_validate_json, _lines(self.path / METADATA))}
        (self.path / WORK).mkdir(exist_ok=True)
        for index in sorted({*samples, *rejected}):
            attempts = tuple(rejected.get(index, ()))
            self._write_outcome(Outcome(index=index, sample=samples.get(index), rejected=attempts))

    @property
    def finished(self) -> bool:
        return (self.path / METADATA).exists() and not (self.path / WORK).exists()

    def outcome(self, index: int) -> Outcome | None:
        """What an earlier run made of this index."""
        path = self.path / WORK / f"{stem(index)}.json"
        return Outcome.model_validate_json(path.read_bytes()) if path.exists() else None

    def keep(self, outcome: Outcome, pictures: Mapping[str, Pixels]) -> None:
        """Write one index: its pictures, by the names in PICTURES, then its outcome."""
        for name, pixels in pictures.items():
            write_picture(self.path / name / f"{stem(outcome.index)}.png", pixels)
        self._write_outcome(outcome)

    def _write_outcome(self, outcome: Outcome) -> None:
        write_atomic(self.path / WORK / f"{stem(outcome.index)}.json", outcome.line().encode())

    def flush(self, done: int) -> None:
        """Bring metadata.jsonl up to date, ever more rarely as it grows."""
        if done >= self._flush_at:
            self._write_lines()
            self._flush_at = int(done * FLUSH_GROWTH) + 1

    def _write_lines(self) -> None:
        samples, rejected = bytearray(), bytearray()
        for outcome in self.outcomes():
            samples += outcome.sample.line().encode() if outcome.sample else b""
            for attempt in outcome.rejected:
                rejected += attempt.line().encode()
        write_atomic(self.path / REJECTED, bytes(rejected))
        write_atomic(self.path / METADATA, bytes(samples))

    def outcomes(self) -> Iterator[Outcome]:
        """All outcomes so far, by index."""
        for path in sorted((self.path / WORK).glob("*.json")):
            yield Outcome.model_validate_json(path.read_bytes())

    def samples(self) -> Iterator[Sample]:
        """The samples that metadata.jsonl lists."""
        yield from map(Sample.model_validate_json, _lines(self.path / METADATA))

    def rejected(self) -> Iterator[Rejected]:
        """The attempts that rejected.jsonl lists."""
        yield from map(Rejected.model_validate_json, _lines(self.path / REJECTED))

    def gather(self) -> None:
        """Write both tables in full."""
        self._write_lines()

    def finish(self, sheet: Pixels | None) -> None:
        """Add the contact sheet and declare the set complete."""
        if sheet is not None:
            write_picture(self.path / SHEET, sheet)
        (self.path / WORK).rename(self.path / DONE)
        shutil.rmtree(self.path / DONE, ignore_errors=True)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if line.strip())


def _json(tree: Mapping[str, Any]) -> bytes:
    return (json.dumps(tree, indent=2, ensure_ascii=False) + "\n").encode()
