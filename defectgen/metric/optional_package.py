"""Packages that only judging needs: the extra `eval`, and for trials of gain `gain`."""

from __future__ import annotations

import importlib
from typing import Any

from defectgen.errors import InputError

__all__ = ["load_optional"]

OF_GAIN = ("segmentation_models_pytorch", "pycocotools")


def load_optional(name: str) -> Any:
    """The module of this name; InputError that names the extra where its package is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        extra = "gain" if package in OF_GAIN else "eval"
        raise InputError(f"this needs {package}, which is not installed; pip install 'defectgen[{extra}]'") from None
