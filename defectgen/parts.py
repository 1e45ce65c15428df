"""The part library: good parts rendered by this project, `samples/good/<material>/`, for runs without a picture."""

from __future__ import annotations

from pathlib import Path

from defectgen.errors import InputError
from defectgen.resources import resource_dir
from defectgen.source import list_images

__all__ = ["library_folder", "library_materials", "library_parts"]


def library_materials() -> tuple[str, ...]:
    """Names of the materials that have parts, sorted; InputError when there are none."""
    root = resource_dir("samples") / "good"
    found = tuple(path.name for path in sorted(root.glob("*")) if path.is_dir() and list_images(path))
    if not found:
        raise InputError(f"the part library at {root} is empty; reinstall defectgen or give good parts with --on")
    return found


def library_folder(material: str) -> Path:
    """The folder of one material's parts; InputError when the library has none."""
    known = library_materials()
    if material not in known:
        raise InputError(
            f"the part library has no {material}; give good parts with --on: your own, "
            f"or those of: defectgen parts render {material} -n 8 --out parts. It has {', '.join(known)}"
        )
    return resource_dir("samples") / "good" / material


def library_parts(material: str) -> list[Path]:
    """The parts of one material, sorted by name."""
    return list_images(library_folder(material))
