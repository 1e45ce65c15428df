"""Options: ranges as text, and what is refused before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from defectgen.errors import InputError
from defectgen.options import Options, check_options, parse_range


@pytest.mark.parametrize(
    ("text", "span"), [(None, None), ("0.3", (0.3, 0.3)), ("0.2:0.6", (0.2, 0.6)), ("1", (1.0, 1.0))]
)
def test_ranges(text: str | None, span: tuple[float, float] | None) -> None:
    assert parse_range("size", text) == span


@pytest.mark.parametrize("text", ["", "deep", "0.1:0.2:0.3", "0.1-0.2", ":"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(InputError, match="size"):
        parse_range("size", text)


GOOD: list[dict[str, Any]] = [
    {}, {"severity": (0.0, 1.0)}, {"size": (0.01, 1.0)}, {"steps": 8, "guidance": 0.0, "strength": 1.0}, {"batch": 1},
]  # fmt: skip
BAD: list[dict[str, Any]] = [
    {"n": 0}, {"seed": -1}, {"seed": 2**63}, {"engine": "sd"}, {"device": "gpu"}, {"severity": (-0.1, 0.5)},
    {"severity": (0.6, 0.5)}, {"severity": (float("nan"),) * 2}, {"size": (0.0, 0.5)}, {"size": (0.5, 1.1)},
    {"steps": 0}, {"steps": 101}, {"guidance": float("inf")}, {"strength": 0.0}, {"strength": 1.01}, {"batch": 0},
    {"engine": "render", "steps": 8}, {"engine": "copy-paste"}, {"bank": "somewhere"},
    {"mask": "a.png", "box": "1,1,9,9"},
]  # fmt: skip


@pytest.mark.parametrize("given", GOOD, ids=str)
def test_what_a_run_can_use(given: dict[str, Any]) -> None:
    check_options(Options("a crack", **given))


@pytest.mark.parametrize("given", BAD, ids=str)
def test_what_no_run_can_use(given: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        check_options(Options("a crack", **given))
    assert "\n" not in str(refused.value)
    assert any(name in str(refused.value) for name in given)
