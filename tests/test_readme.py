"""What the README says is there: its options, its links, its Python."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from defectgen.cli.synth import synth

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_option_of_synth_is_told() -> None:
    table = TEXT.split("## Options of `synth`")[1].split("\n## ")[0]
    told = {name.replace("-", "_") for name in re.findall(r"--([a-z][a-z-]*)", table)} | {"n", "prompt"}
    assert told == set(inspect.signature(synth).parameters)


def test_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_commands_show_their_output() -> None:
    assert "TODO" not in TEXT
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL):
        if block.startswith("$ defectgen"):
            assert len(block.splitlines()) > 1, block


def test_python_compiles() -> None:
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        compile(block, "README.md", "exec")
