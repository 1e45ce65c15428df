"""The shape of the code: imports follow the data flow, files stay small, and light commands stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "defectgen"

# Each unit (a module or a folder of defectgen/) may import units of earlier rows only.
FLOW = (
    ("errors",),
    ("atomic", "phrase", "recipe", "record", "resources", "user_cache"),
    ("image", "band", "mask", "words", "stem", "everyday"),
    ("spelling", "nearest"),
    ("lexicon",),
    ("detail", "noise", "render", "source", "spec", "attribute", "recipe_file"),
    ("inherit", "recipe_cache", "recipe_problem"),
    ("recipe_shelf",),
    ("book", "parts", "window_plan"),
    ("caption", "blocked", "choice", "quantity", "scatter"),
    ("bearer", "names"),
    ("trade_form", "refusal"),
    ("foreign",),
    ("model", "prompt"),
    ("sd",),
    ("recipe_check",),
    ("options", "like"),
    ("engine",),
    ("compose", "label_audit"),
    ("sample",),
    ("folder", "sheet", "dataset"),
    ("masks_from", "candidate"),
    ("bank_judge",),
    ("metric",),
    ("downstream",),
    ("train",),
    ("job",),
    ("generate",),
    ("run", "trial"),
    ("arm",),
    ("gain",),
    ("report",),
    ("health",),
    ("cli",),
    ("__main__",),
)
RANK = {unit: row for row, units in enumerate(FLOW) for unit in units}
VAGUE = {"utils", "util", "helpers", "helper", "misc", "common", "tools", "stuff"}
HEAVY = ("torch", "diffusers", "cv2", "transformers", "scipy", "skimage", "numpy")

MODULES = sorted(PACKAGE.rglob("*.py"))
names = [str(path.relative_to(PACKAGE)) for path in MODULES]


def unit_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_units(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in modules:
            parts = module.split(".")
            if parts[0] == "defectgen" and len(parts) > 1 and not parts[1].startswith("__"):
                yield parts[1]


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_imports_follow_the_data_flow(path: Path) -> None:
    unit = unit_of(path)
    if unit == "__init__":
        assert not list(imported_units(path)), "defectgen/__init__.py must import nothing of the package"
        return
    assert unit in RANK, f"{unit} has no place in FLOW; give it one"
    for other in imported_units(path):
        assert other in RANK, f"{path} imports {other}, which has no place in FLOW"
        assert other == unit or RANK[other] < RANK[unit], f"{path} imports {other}, which comes after {unit}"


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_files_are_small_and_say_what_they_are(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    assert path.stem not in VAGUE
    assert ast.get_docstring(ast.parse(text)), "a module docstring defines the concept"


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)


COMMAND = """
import sys
import defectgen.cli
sys.argv = {argv!r}
try:
    defectgen.cli.main()
except SystemExit:
    pass
"""
LIGHT = {
    "import": "import defectgen",
    "help": COMMAND.format(argv=["defectgen", "--help"]),
    "synth help": COMMAND.format(argv=["defectgen", "synth", "--help"]),
}


@pytest.mark.parametrize("code", LIGHT.values(), ids=LIGHT)
def test_light_commands_load_nothing_heavy(code: str) -> None:
    done = run_python(f"{code}\nimport sys; print('LOADED', [m for m in {HEAVY!r} if m in sys.modules])")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.parametrize(("name", "limit"), [("import", 0.1), ("help", 0.4), ("synth help", 0.6)])
def test_light_commands_are_quick(name: str, limit: float) -> None:
    """Seconds of processor time, start of Python included, which a busy machine changes little; best of three."""
    code = f"{LIGHT[name]}\nimport time; print(time.process_time())"
    assert min(float(run_python(code).stdout.splitlines()[-1]) for _ in range(3)) < limit
