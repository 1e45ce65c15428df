"""The cache of parsed recipes: reading hundreds of types as YAML takes longer than everything else a command does.

Kept in the user's cache folder as JSON, under the hash of all files, so that a changed file is read anew. A folder
that cannot be written only costs the time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from defectgen.errors import RecipeError
from defectgen.recipe_file import read_yaml
from defectgen.user_cache import cached_bytes, store_bytes

__all__ = ["read_all"]

KIND = "recipes"
VERSION = b"1"


def read_all(paths: Sequence[Path]) -> Mapping[Path, Any]:
    """Plain data of the files that can be read; those that cannot are left out."""
    key = fingerprint(paths)
    if key is None:
        return {}
    stored = cached(f"{key}.json")
    if isinstance(stored, list) and len(stored) == len(paths):
        return dict(zip(paths, stored, strict=True))
    try:
        contents = [read_yaml(path) for path in paths]
        text = json.dumps(contents)
    except (RecipeError, TypeError, ValueError):
        return {}
    # Keys that are no text, which no recipe has, would not come back as they were.
    if json.loads(text) == contents:
        store_bytes(KIND, f"{key}.json", text.encode())
    return dict(zip(paths, contents, strict=True))


def cached(name: str) -> Any:
    stored = cached_bytes(KIND, name)
    try:
        return None if stored is None else json.loads(stored)
    except ValueError:
        return None


def fingerprint(paths: Sequence[Path]) -> str | None:
    """One hash of all files; None where one cannot be read."""
    digest = hashlib.sha256(VERSION)
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest.update(f"{path.name} {len(content)} ".encode() + content)
    return digest.hexdigest()[:32]
