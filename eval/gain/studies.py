"""The studies of gain that are committed here: what each is run with, and how to run it again.

    python eval/gain/studies.py --list
    python eval/gain/studies.py magnetic-tile-4 --jobs 2              imports and splits the set, runs `defectgen gain`
    python eval/gain/studies.py magnetic-tile-4 --budget 60           stops after 60 minutes; run again to go on
    python eval/gain/studies.py --tables                              RESULT.md alone, from what is committed

Sets, caches and pages with pictures go to out/gain. Beside this file each study leaves gain.json, its numbers to six
digits, and report.html without pictures, since none of the real ones may be committed; RESULT.md sums all of them up.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from defectgen.gain.effect import SAME_RATE
from defectgen.gain.result import GainResult, read_result
from defectgen.gain.verdict import Verdict
from defectgen.report.gain_page import show_chance, show_points, write_gain_page
from defectgen.report.gain_study import subjects_of
from defectgen.report.gain_view import TaskView, against, views_of

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
WORK = Path("out/gain")
DIGITS = 6
PASSED = ("jobs", "budget", "device")
SPLIT = ("--ratios", "0.5,0.2,0.3", "--seed", "1")
"""More for testing than is usual: few shots need little to train on, and small effects much to be seen on. The networks
were chosen with a look at magnetic-tile's split of seed 0, so that no result rests on that one."""


@dataclass(frozen=True)
class Study:
    """set: its folder among the real data. options: of `defectgen gain`."""

    set: str
    shots: int
    tasks: str = "segment,classify"
    size: int = 96
    draws: int = 5
    seeds: int = 3
    options: tuple[str, ...] = ()


STUDIES = {
    "magnetic-tile-1": Study("magnetic-tile", 1),
    "magnetic-tile-4": Study("magnetic-tile", 4),
    "magnetic-tile-10": Study("magnetic-tile", 10),
    "magnetic-tile-4-ratios": Study(
        "magnetic-tile", 4, "segment", options=("--arms", "none,perlin,render,compact", "--ratios", "0.5,1,2,5")
    ),
    "pv-vision-5": Study("pv-vision", 5, options=("--defects", "crack")),
    "pv-vision-50": Study("pv-vision", 50, options=("--defects", "crack")),
    "deeppcb-12": Study("deeppcb", 2, "detect", 256),
    "bsdata-5": Study("bsdata", 5, size=128),
}


def run(*command: str) -> None:
    """A command of defectgen from the top of the checkout, with what it shows."""
    subprocess.run([sys.executable, "-m", "defectgen", *command], cwd=ROOT, check=True)


def real_set(name: str, data: Path) -> Path:
    """The set, imported and split once."""
    out = WORK / "sets" / name
    if not (ROOT / out / "split.json").is_file():
        run("import", "auto", str(data / name), str(out), "--overwrite")
        run("split", str(out), *SPLIT)
    return out


def run_study(name: str, study: Study, data: Path, extra: list[str]) -> None:
    """Runs what is left of a study, then puts its result here."""
    out = WORK / name
    (ROOT / out).mkdir(parents=True, exist_ok=True)
    run(
        "gain", "--real", str(real_set(study.set, data)), "--tasks", study.tasks, "--shots", str(study.shots),
        "--draws", str(study.draws), "--seeds", str(study.seeds), "--size", str(study.size), *study.options,
        "--out", str(out), "--cache", str(WORK / "cache"), "--html", str(out / "report.html"), *extra,
    )  # fmt: skip
    keep(ROOT / out / "gain.json", HERE / name)


def keep(result: Path, folder: Path) -> None:
    """gain.json to six digits, and the page without pictures."""
    folder.mkdir(exist_ok=True)
    short = shortened(json.loads(result.read_text("utf-8")))
    (folder / "gain.json").write_text(json.dumps(short, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    write_gain_page(read_result(folder / "gain.json"), folder / "report.html")


def shortened(value: Any) -> Any:
    """All fractions in it to six significant digits."""
    if isinstance(value, dict):
        return {key: shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shortened(one) for one in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def tables() -> str:
    """RESULT.md: each study that is here, in the order of STUDIES."""
    lines = [
        "# Does synthetic data help?", "",
        "Written by `python eval/gain/studies.py --tables` from the `gain.json` of each study. Differences are paired",
        "by draw, in hundredths of the leading metric, with 95% intervals over the draws; p is corrected for the arms",
        "(Holm). The last column counts defects at equal false alarms, on 5 of 100 good pictures.",
        "[README.md](README.md) says how to run a study again and how to read it.",
    ]  # fmt: skip
    for name in STUDIES:
        path = HERE / name / "gain.json"
        if path.is_file():
            lines += ["", *chapter(name, read_result(path))]
    return "\n".join(lines) + "\n"


def chapter(name: str, result: GainResult) -> list[str]:
    """One study."""
    protocol, tested = result.protocol, result.real.counts["test"]
    shots = "all shots" if protocol.shots is None else f"{protocol.shots} shots of each defect"
    done = "" if result.complete else f" **{len(result.cells):,} of {result.planned:,} trainings are done.**"
    lines = [
        f"## {name}", "",
        f"{shots}, {protocol.draws} draws x {protocol.seeds} seeds, {protocol.side} px, tested on "
        f"{', '.join(f'{n} {kind}' for kind, n in tested.items())}; "
        f"{result.seconds / 3600:.1f} hours of one core.{done} [Report]({name}/report.html)",
    ]  # fmt: skip
    for view in views_of(result):
        lines += ["", *table(view)]
        for arm in subjects_of(result):
            if rivals := view.rivals(arm):
                lines += ["", f"{arm}: {against(rivals)}."]
        lines += ["", *(f"- ratio, {one.arm}: {one.words}" for one in view.advice)] if view.advice else []
    return lines


def table(view: TaskView) -> list[str]:
    """The verdicts of one task."""
    base = "" if view.base is None else f", real only {100 * view.base:.1f}"
    head = [f"**{view.task} ({view.model})**, {view.lead}{base}. {view.said(str)}", ""]
    head += ["| arm | difference | p | verdict | at equal false alarms |", "|---|---|--:|---|---|"]
    return head + [row(view, one) for one in view.verdicts]


def row(view: TaskView, one: Verdict) -> str:
    paired, plain = one.paired, view.plain(one.arm)
    bounds = [] if paired.low is None or paired.high is None else [show_points(paired.low), show_points(paired.high)]
    ends = f" [{', '.join(bounds)}]" if bounds else ""
    counted = "" if plain is None else plain.words.removesuffix(SAME_RATE)
    counted += f" ({plain.range_words})" if plain is not None and plain.range_words else ""
    level = one.level if one.level == "no evidence" else f"**{one.level}**"
    chance = one.reason or show_chance(one.p_holm)
    return f"| {one.arm} | {show_points(paired.effect)}{ends} | {chance} | {level} | {counted} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("studies", nargs="*", metavar="STUDY", help="some of --list")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--tables", action="store_true", help="write RESULT.md alone")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("DEFECTGEN_DATA", "../shared/data")))
    for name in PASSED:
        parser.add_argument(f"--{name}", help=f"as of defectgen gain: {name}")
    known = parser.parse_args()
    extra = [part for name in PASSED if (value := getattr(known, name)) for part in (f"--{name}", value)]
    unknown = [name for name in known.studies if name not in STUDIES]
    if unknown or (known.list or not (known.studies or known.tables)):
        print("\n".join(f"{name:24}{study}" for name, study in STUDIES.items()))
        raise SystemExit(f"unknown: {', '.join(unknown)}" if unknown else 0)
    for name in known.studies:
        run_study(name, STUDIES[name], known.data, extra)
    (HERE / "RESULT.md").write_text(tables(), "utf-8")


if __name__ == "__main__":
    main()
