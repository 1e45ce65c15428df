"""Templates: jinja2 with HTML escaped, names that a template lacks refused, and a page's own filters and functions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.errors import InputError

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["TEMPLATES", "environment"]

TEMPLATES = Path(__file__).parent / "templates"


def environment(filters: Mapping[str, Any], functions: Mapping[str, Any]) -> Environment:
    """An environment over TEMPLATES; InputError that names the extra where jinja2 is not installed."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise InputError("the page needs jinja2, which is not here; run pip install 'defectgen[eval]'") from None
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(filters)
    made.globals.update(functions)
    return made
