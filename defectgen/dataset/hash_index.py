"""hashes.jsonl: the sha256 of every picture file of a set, one line a record, in the order of metadata.jsonl.

    {"images/000000.png": "9f86d0...", "masks/000000.png": "60303a..."}

Captions and splits rewrite the table, never the pictures, so the index stays true. It is read in step with the
table: memory does not grow with the set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.picture_check import file_names
from defectgen.errors import InputError, OutputError

__all__ = ["HASHES", "hash_line", "read_hashes", "write_hashes"]

HASHES = "hashes.jsonl"


def hash_line(hashes: dict[str, str]) -> str:
    """The index's line for one record, sha256 by file name."""
    return json.dumps(hashes, ensure_ascii=False) + "\n"


def read_hashes(folder: Path) -> Iterator[dict[str, str]] | None:
    """The lines of a set's index, sha256 by file name; None where the set has no index."""
    path = folder / HASHES
    return _lines(path) if path.is_file() else None


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                hashes = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path}: line {number} is no JSON ({error}); write it again") from None
            if not isinstance(hashes, dict) or not all(isinstance(value, str) for value in hashes.values()):
                raise InputError(f"{path}: line {number} is no mapping of names to sha256; write it again")
            yield hashes


def write_hashes(owner: DefectSet) -> int:
    """Write the index of a set, replacing an older one in one step; returns the number of files."""
    part, count = owner.path / f".tmp-{HASHES}.part", 0
    try:
        with part.open("w", encoding="utf-8") as file:
            for record in owner.records():
                hashes = {name: _sha256(owner.path, name) for name in file_names(record)}
                count += len(hashes)
                file.write(hash_line(hashes))
        part.replace(owner.path / HASHES)
    except OSError as error:
        raise OutputError(f"cannot write {owner.path / HASHES}: {error.strerror}; free some room") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _sha256(folder: Path, name: str) -> str:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise InputError(f"{path} is no file of the set; mend what `defectgen sets check {folder}` lists first")
    return hashlib.sha256(path.read_bytes()).hexdigest()
