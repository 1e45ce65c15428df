"""The user's cache folder: results that can be made again from their key at any time.

DEFECTGEN_CACHE names another folder. Nothing that is kept here decides what a command makes; a folder that cannot be
read or written only costs time.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

__all__ = ["cache_folder", "cached_bytes", "store_bytes"]

KEPT = 4


def cache_folder() -> Path:
    """Where this platform's programs keep what they can do without."""
    if named := os.environ.get("DEFECTGEN_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "defectgen" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "defectgen"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "defectgen"


def cached_bytes(kind: str, name: str) -> bytes | None:
    """What is stored under this name, or None."""
    try:
        return (cache_folder() / kind / name).read_bytes()
    except (OSError, RuntimeError):
        return None


def store_bytes(kind: str, name: str, content: bytes) -> None:
    """Keeps content for the next run, and the last few others of its kind."""
    try:
        folder = cache_folder() / kind
        folder.mkdir(parents=True, exist_ok=True)
        # Two runs may store the same thing at once, so each writes a file of its own.
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(content)
        Path(file.name).replace(folder / name)
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except (OSError, RuntimeError):
        return
