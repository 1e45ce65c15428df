"""`explain` shows every word, what it was taken for, and what would be made."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from defectgen.cli.explain import explain

app = typer.Typer()
app.command()(explain)


def test_words_and_resolution_are_shown() -> None:
    result = CliRunner().invoke(
        app, ["2 deep vertical scraches on a flurbish of painted metal near the edge"], env={"COLUMNS": "120"}
    )
    assert result.exit_code == 0, result.output
    for words in ("spelling mended", "painted-metal", "flurbish", "not used", "0.65 to 0.95", "caption"):
        assert words in result.output, words


def test_senseless_prompt_raises_the_error_that_the_group_turns_into_one_line() -> None:
    result = CliRunner().invoke(app, ["!!!"])
    assert type(result.exception).__name__ == "PromptError"
