"""The screen of `gain`: verdicts in lines that fit a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.cli.gain_screen import print_result
from tests.report.small_trial import small_trial


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **options: object) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    print_result(small_trial(("segment",), **options), [Path("out/gain.json")])  # type: ignore[arg-type]
    return capsys.readouterr().out.splitlines()


def test_verdicts_come_first_and_tables_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch)
    assert lines[0].startswith("segment compact, ") and "help; my-set harms. No evidence on" in lines[0]
    table = lines[1 : next(i for i, line in enumerate(lines) if line.startswith("compact: "))]
    assert all(len(line) <= 80 for line in table)
    assert any("finds 12 more of 100" in line for line in table) and any("harms" in line for line in table)
    assert any(line.startswith("compact: better than ") for line in lines) and lines[-1] == "out/gain.json"


def test_few_draws_and_ratios_are_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(capsys, monkeypatch, draws=3, ratios=(1.0, 2.0), effects={"none": 0.0, "compact": 0.1})
    assert lines[0] == "segment No verdict: 3 draws; a verdict needs 5."
    assert "compact: 3 draws are too few to advise on ratios; 5 are needed" in lines
