"""Parallel folders: pictures in one folder, annotations under the same stems in another.

    img/a.jpg           ann/a.png              side by side
    train/images/a.jpg  train/masks/a.png      inside each split
    images/train/a.jpg  masks/train/a.png      a split inside each

The two folders differ in one part of their path; its case does not matter. Links to folders are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from defectgen.image import SUFFIXES
from defectgen.source import list_images

__all__ = ["PICTURE_FOLDERS", "FolderPair", "files_by_stem", "folder_pairs", "picture_folders", "split_of"]

PICTURE_FOLDERS = frozenset({"img", "imgs", "image", "images", "data", "jpegimages"})
SPLITS = {
    "train": "train", "training": "train", "trainset": "train", "training_set": "train",
    "val": "val", "valid": "val", "validation": "val", "valset": "val", "validation_set": "val",
    "test": "test", "testing": "test", "testset": "test", "test_set": "test",
}  # fmt: skip


@dataclass(frozen=True)
class FolderPair:
    """A folder of pictures and the folder of their annotations."""

    pictures: Path
    annotations: Path


def split_of(path: Path, root: Path) -> str | None:
    """The split that a folder on the way from `root` to `path` names."""
    named = [SPLITS[part.lower()] for part in path.relative_to(root).parts if part.lower() in SPLITS]
    return named[-1] if named else None


def folder_pairs(root: Path, annotation_folders: Collection[str], suffixes: Collection[str]) -> Iterator[FolderPair]:
    """Pairs below `root` whose annotation folder holds a file of `suffixes`, in the order of their paths.

    annotation_folders: names in lower case; where several are there, the first one in the alphabet counts.
    """
    for folder in _folders(root):
        parts = folder.relative_to(root).parts
        if any(part.lower() in PICTURE_FOLDERS for part in parts) and _holds(folder, SUFFIXES):
            twin = next((twin for twin in _twins(folder, root, annotation_folders) if _holds(twin, suffixes)), None)
            if twin is not None:
                yield FolderPair(folder, twin)


def picture_folders(root: Path) -> Iterator[Path]:
    """Folders at or below `root` that directly hold a picture."""
    return (folder for folder in _folders(root) if _holds(folder, SUFFIXES))


def files_by_stem(folder: Path, suffixes: Collection[str] = SUFFIXES) -> dict[str, list[Path]]:
    """The folder's own files by stem, sorted by name."""
    if suffixes is SUFFIXES:
        files = list_images(folder)
    else:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file())
    out: dict[str, list[Path]] = {}
    for path in files:
        out.setdefault(path.stem, []).append(path)
    return out


def _folders(root: Path) -> Iterator[Path]:
    for place, names, _ in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield Path(place)


def _twins(folder: Path, root: Path, annotation_folders: Collection[str]) -> Iterator[Path]:
    parts = folder.relative_to(root).parts
    for k in reversed(range(len(parts))):
        if parts[k].lower() in PICTURE_FOLDERS:
            beside = sorted(root.joinpath(*parts[:k]).iterdir())
            yield from (path.joinpath(*parts[k + 1 :]) for path in beside if path.name.lower() in annotation_folders)


def _holds(folder: Path, suffixes: Collection[str]) -> bool:
    if not folder.is_dir():
        return False
    with os.scandir(folder) as entries:
        return any(
            entry.name.lower().endswith(tuple(suffixes)) and not entry.name.startswith(".") and entry.is_file()
            for entry in entries
        )
