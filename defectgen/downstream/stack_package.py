"""Packages that only the gain trial needs: the extra `gain`."""

from __future__ import annotations

import importlib
from typing import Any

from defectgen.errors import InputError

__all__ = ["load_part"]


def load_part(name: str) -> Any:
    """The module of this name; InputError that names the extra where its package is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise InputError(f"the gain trial needs {package}, which is missing; pip install 'defectgen[gain]'") from None
