"""Blocked pictures: the test pictures of every split that is known, which nothing may be trained or fitted on.

`defectgen split` writes split.json into a set; its list `test` has a *mark* of each test picture. A picture is
blocked where it is one of them, wherever it lies and whatever it is called:

    the same file      sha256 of the bytes, as imported or as stored in the set
    the same pixels    sha256 of the decoded pixels, so that saving it again without loss changes nothing
    the same to look at    perceptual hash (64 bits, Zauner 2010) within MOST_BITS, then a correlation of details
                       beyond the mark's `limit`, which lies half-way between the test picture and its nearest stranger

The last step finds pictures that were saved again with loss or scaled; not those that were cropped, turned or mirrored,
and not other photographs of the same piece: keeping those on one side is what the groups of a split are for.

Splits are known from files that are named, from the environment variable DEFECTGEN_BLOCKED (paths, separated as PATH
is), and from a split.json in the folder that is read, or above it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from defectgen.detail import COARSE, coarse_of, detail_of
from defectgen.errors import InputError
from defectgen.image import Picture, Pixels, full_scale, luminance, read_picture, to_rgb
from defectgen.record import METADATA, UNSPLIT

__all__ = [
    "LIMIT", "SPLIT_FILE", "SPLIT_FORMAT", "VARIABLE", "Blocked", "Mark", "held_back", "mark_of", "pixels_sha256",
]  # fmt: skip

SPLIT_FILE, SPLIT_FORMAT = "split.json", "defectgen split"
VARIABLE = "DEFECTGEN_BLOCKED"
LIMIT = 0.9995
MOST_BITS = 10
HASH_SIDE = 8
F32 = NDArray[np.float32]


class Mark(BaseModel):
    """What a test picture is known by.

    source, source_sha256: as in its record. file_sha256: of the file in the set. phash: 64 bits in hexadecimal.
    detail: its coarse detail, (C, C) int8, in base64. limit: correlation of details that makes a picture this one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_name: str
    source: str
    source_sha256: str
    file_sha256: str
    pixels_sha256: str
    phash: str = Field(pattern="^[0-9a-f]{16}$")
    detail: str
    limit: float


def mark_of(picture: Picture, file_name: str, source: str, source_sha256: str, limit: float = LIMIT) -> Mark:
    """The mark of a test picture, which is `file_name` in its set."""
    coarse = _coarse(picture.pixels)
    detail = np.rint(coarse * (127 / max(float(np.abs(coarse).max()), 1e-6))).astype(np.int8)
    return Mark(
        file_name=file_name, source=source, source_sha256=source_sha256, file_sha256=picture.sha256,
        pixels_sha256=pixels_sha256(picture.pixels), phash=f"{_phash(picture.pixels):016x}",
        detail=base64.b64encode(detail.tobytes()).decode(), limit=limit,
    )  # fmt: skip


def pixels_sha256(pixels: Pixels) -> str:
    """sha256 of (H, W, C) pixels; grey saved as RGB, and an alpha that hides nothing, make no difference."""
    if pixels.shape[2] in (2, 4) and bool((pixels[..., -1] == full_scale(pixels)).all()):
        pixels = pixels[..., :-1]
    if pixels.shape[2] == 3 and bool((pixels == pixels[..., :1]).all()):
        pixels = pixels[..., :1]
    head = f"{pixels.shape} {pixels.dtype.name} ".encode()
    return hashlib.sha256(head + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def _coarse(pixels: Pixels) -> F32:
    return np.asarray(coarse_of(detail_of(pixels)[None])[0], np.float32)


def _phash(pixels: Pixels) -> int:
    import imagehash
    from PIL import Image

    grey = np.rint(luminance(to_rgb(pixels)) * 255).astype(np.uint8)
    return int(str(imagehash.phash(Image.fromarray(grey), HASH_SIDE)), 16)


class Blocked:
    """The marks of some splits. `check` and `check_pixels` raise InputError for a picture that is one of them."""

    def __init__(self, marks: Iterable[tuple[Path, Mark]] = ()) -> None:
        """marks: each with the split.json that it stands in."""
        self._marks = tuple(marks)
        self._files: dict[str, int] = {}
        self._pixels: dict[str, int] = {}
        for k, (_, mark) in enumerate(self._marks):
            for sha256 in (mark.source_sha256, mark.file_sha256):
                self._files.setdefault(sha256, k)
            self._pixels.setdefault(mark.pixels_sha256, k)
        self._hashes = np.array([int(mark.phash, 16) for _, mark in self._marks], np.uint64)
        self._limits = np.array([mark.limit for _, mark in self._marks], np.float32)
        details = [np.frombuffer(base64.b64decode(mark.detail), np.int8) for _, mark in self._marks]
        self._details = _unit(np.array(details, np.float32).reshape(len(details), COARSE * COARSE))

    def __len__(self) -> int:
        return len(self._marks)

    @classmethod
    def load(cls, files: Sequence[Path] = (), near: Iterable[Path] = ()) -> Blocked:
        """The marks of named manifests, of DEFECTGEN_BLOCKED, and of each split.json in or above the folders `near`."""
        named = [*files, *(Path(text) for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text)]
        found = [path for folder in near for path in _manifests_above(folder)]
        marks: dict[Path, list[Mark]] = {}
        for path in (path / SPLIT_FILE if path.is_dir() else path for path in named):
            if path.resolve() not in marks:
                marks[path.resolve()] = _marks_of(path)
        for path in found:
            if path.resolve() not in marks and _is_manifest(path):
                marks[path.resolve()] = _marks_of(path)
        return cls((path, mark) for path, group in marks.items() for mark in group)

    def check(self, picture: Picture | Path) -> None:
        """InputError where this picture, or the picture in this file, is blocked."""
        if self._marks:
            picture = read_picture(picture, min_side=1) if isinstance(picture, Path) else picture
            self.check_pixels(picture.pixels, picture.path, picture.sha256)

    def check_pixels(self, pixels: Pixels, path: Path, sha256: str | None = None) -> None:
        """As `check`, for (H, W, C) pixels that are read already; sha256: of the file `path`, where it is known."""
        if not self._marks:
            return
        if sha256 in self._files:
            self._refuse(path, self._files[sha256], "the same file")
        pixels_sum = pixels_sha256(pixels)
        if pixels_sum in self._pixels:
            self._refuse(path, self._pixels[pixels_sum], "the same pixels")
        match = self._looks_like(pixels)
        if match is not None:
            self._refuse(path, match[0], f"a copy of it, correlation {match[1]:.4f}")

    def _looks_like(self, pixels: Pixels) -> tuple[int, float] | None:
        differing = np.uint64(_phash(pixels)) ^ self._hashes
        bits = np.unpackbits(differing.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)
        near = np.flatnonzero(bits <= MOST_BITS)
        likeness = self._details[near] @ _coarse(pixels)
        over = np.flatnonzero(likeness >= self._limits[near])
        if not over.size:
            return None
        best = over[np.argmax(likeness[over])]
        return int(near[best]), float(likeness[best])

    def _refuse(self, path: Path, k: int, why: str) -> None:
        manifest, mark = self._marks[k]
        raise InputError(
            f"{path} is a test picture ({why} as {mark.file_name}, from {mark.source}), blocked by {manifest}; "
            "take it out, or train on the pictures that its split calls train"
        )


def _unit(vectors: F32) -> F32:
    """(n, d) scaled to unit length."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)


def _manifests_above(folder: Path) -> Iterator[Path]:
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        if (place / SPLIT_FILE).is_file():
            yield place / SPLIT_FILE


def _is_manifest(path: Path) -> bool:
    """Whether a file that nobody named is a split of ours; other tools write files of this name, too."""
    try:
        return SPLIT_FORMAT.encode() in path.read_bytes()[:200]
    except OSError:
        return False


def _marks_of(path: Path) -> list[Mark]:
    try:
        content: Any = json.loads(path.read_text("utf-8"))
        if not isinstance(content, dict) or content.get("format") != SPLIT_FORMAT:
            raise ValueError(f"its format is not {SPLIT_FORMAT!r}")
        return [Mark.model_validate(mark) for mark in content["test"]]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; expected the {SPLIT_FILE} of a set") from None
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} is no split manifest: {reason}; expected the {SPLIT_FILE} of a set") from None


def held_back(folder: Path) -> frozenset[str]:
    """File names in the set `folder` that its split keeps from training; none where it is no set, or is unsplit."""
    try:
        lines = (folder / METADATA).read_text("utf-8").splitlines()
        records = [json.loads(line) for line in lines if line.strip()]
        return frozenset(one["file_name"] for one in records if one["split"] not in ("train", UNSPLIT))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / METADATA} cannot be used: {error}; run defectgen sets check {folder}") from None
