"""The part library: good parts rendered by this project, for runs without a picture.

Some materials have theirs in `samples/good/<material>/`; those of any other are rendered when they are first asked for
and kept in the user's cache folder, under a key of the material's recipe and the renderer's own code.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.image import read_picture
from defectgen.recipe import Material
from defectgen.resources import resource_dir
from defectgen.source import list_images
from defectgen.user_cache import cache_folder

__all__ = ["known_foreground", "library_materials", "library_parts", "part_folder"]

LOTS = 3
SIZE = 512


def library_materials() -> tuple[str, ...]:
    """Names of the materials that have parts, sorted; InputError when there are none."""
    root = resource_dir("samples") / "good"
    found = tuple(path.name for path in sorted(root.glob("*")) if path.is_dir() and list_images(path))
    if not found:
        raise InputError(f"the part library at {root} is empty; reinstall defectgen or give good parts with --on")
    return found


def part_folder(material: Material) -> Path:
    """A folder of good parts of one material: the library's, or else parts that are rendered now or were before.

    Raises InputError where parts must be rendered and the cache folder cannot be written.
    """
    shipped = resource_dir("samples") / "good" / material.name
    if shipped.is_dir() and list_images(shipped):
        return shipped
    kept = cache_folder() / "parts" / _key(material) / material.name
    if not kept.is_dir():
        try:
            _render(material, kept)
        except OSError as error:
            raise InputError(
                f"no place for rendered parts of {material.name} at {kept.parent}: {error.strerror}; name a folder "
                f"with DEFECTGEN_CACHE, or give good parts with --on"
            ) from error
    return kept


def known_foreground(part: Path) -> NDArray[np.bool_] | None:
    """Where the part lies, (H, W), for a picture that this project rendered and keeps; None for any other."""
    path = part.parent / "foreground" / f"{part.stem}.png"
    if not part.is_relative_to(cache_folder() / "parts") or not path.is_file():
        return None
    return np.asarray(read_picture(path).pixels[..., 0] > 0)


def _key(material: Material) -> str:
    """What the pictures depend on."""
    digest = hashlib.sha256(material.model_dump_json().encode())
    for path in sorted((Path(__file__).parent / "render").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _render(material: Material, folder: Path) -> None:
    """Fill `folder`, which appears with all its parts or not at all, whoever else renders them at the same time."""
    from defectgen.render.part_folder import write_parts

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=folder.parent) as scratch:
        made = Path(scratch) / material.name
        made.mkdir()
        for _ in write_parts(material, made, n=LOTS, seed=0, size=SIZE):
            pass
        if not folder.is_dir():
            made.rename(folder)


def library_parts(material: str) -> list[Path]:
    """The library's parts of one material, sorted by name; none where it has no such material."""
    folder = resource_dir("samples") / "good" / material
    return list_images(folder) if folder.is_dir() else []
