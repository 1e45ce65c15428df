"""Files that appear whole or not at all: written beside their place, flushed to the disk, then renamed into it."""

from __future__ import annotations

import os
from pathlib import Path

from defectgen.errors import OutputError

__all__ = ["is_leftover", "write_atomic"]

PREFIX, SUFFIX = ".tmp-", ".part"


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path`, replacing what is there; OutputError if the disk or the folder does not let us."""
    # One fixed name a target: a killed run's leftover is overwritten by the next, never collected.
    part = path.with_name(f"{PREFIX}{path.name}{SUFFIX}")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; free some room or choose another folder") from error


def is_leftover(path: Path) -> bool:
    """Whether `path` is what a killed `write_atomic` left behind."""
    return path.name.startswith(PREFIX) and path.name.endswith(SUFFIX)
