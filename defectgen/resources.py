"""Folders that ship with the package: `recipes` and `samples`.

An installed package holds them inside itself; a checkout holds them beside it.
"""

from __future__ import annotations

from pathlib import Path

from defectgen.errors import InputError

__all__ = ["resource_dir"]

PACKAGE = Path(__file__).resolve().parent


def resource_dir(name: str) -> Path:
    """The folder `name` that ships with the package; InputError when it is absent."""
    inside, beside = PACKAGE / name, PACKAGE.parent / name
    if inside.is_dir():
        return inside
    # Beside an installed package lie other people's folders, so only a checkout may be looked into.
    if beside.is_dir() and (PACKAGE.parent / "pyproject.toml").is_file():
        return beside
    raise InputError(f"the folder {name!r} that ships with defectgen is missing at {inside}; reinstall defectgen")
