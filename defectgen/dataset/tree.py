"""The pictures under a folder, in an order that does not depend on the disk; hidden files and folders are passed over.

One folder's names are held in memory at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from defectgen.image import SUFFIXES

__all__ = ["first_picture", "folders_in", "pictures_in", "pictures_under"]

ANY_CASE = (*SUFFIXES, *(suffix.upper() for suffix in SUFFIXES))


def pictures_under(root: Path) -> Iterator[Path]:
    """Every picture file under `root`: those of a folder by name, then its folders by name."""
    files, folders = _listed(root)
    yield from (root / name for name in files)
    for name in folders:
        yield from pictures_under(root / name)


def pictures_in(folder: Path) -> list[Path]:
    """Picture files directly in the folder, by name; none where there is no such folder."""
    return [folder / name for name in _listed(folder)[0]] if folder.is_dir() else []


def folders_in(folder: Path) -> list[Path]:
    """Folders directly in the folder, by name; none where there is no such folder."""
    return [folder / name for name in _listed(folder)[1]] if folder.is_dir() else []


def first_picture(folder: Path, *stems: str) -> Path | None:
    """The picture file of the first of these stems that has one, whatever its suffix."""
    if not folder.is_dir():
        return None
    names = (stem + suffix for stem in stems for suffix in ANY_CASE)
    return next((path for name in names if (path := folder / name).is_file()), None)


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    files, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.name.lower().endswith(SUFFIXES) and entry.is_file():
                files.append(entry.name)
    return sorted(files), sorted(folders)
