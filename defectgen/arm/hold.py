"""Holding a file while something is made, so that a second process that wants the same waits and then finds it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["hold"]


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """The file, made where it is not there, locked; the lock goes with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
