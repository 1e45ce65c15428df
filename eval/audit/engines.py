"""The audit of every engine's set on two real sets, beside what two halves of the real pictures score.

    python eval/audit/rivals.py --data ../shared/data --out out/rivals --n 60      makes the sets
    python eval/audit/engines.py out/rivals                                        audits them, writes ENGINES.md
    python eval/audit/engines.py out/rivals --table                                only writes ENGINES.md again

A set is OUT/<real set>/<tool>, the real pictures OUT/<real set>/real; each audit is kept as <tool>.audit.json beside
its set, and one that is there is not computed again. Test pictures are never used: `defectgen audit` leaves them out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from defectgen.dataset.defect_set import is_defect_set
from defectgen.metric.audit import AuditOptions, audit
from defectgen.metric.result import AuditReport, Interval
from defectgen.report.number import show_interval, show_number, show_share
from defectgen.report.scoreboard import rows_of

HERE = Path(__file__).resolve().parent
REAL = "real"
RESAMPLES = 100
HEAD = (
    "| set | n | KID-Lite0 | verdict | coverage | IoU of masks | blank | background |\n"
    "|---|---|---|---|---|---|---|---|"
)
NOTES = """
- **KID-Lite0**: distance of the windows around defects to real ones, with its 95% interval; the floor is the same
  between two halves of the real pictures. **coverage**: share of real windows with a generated one beside them, at the
  floor's n.
- Halves tear no group: where a few groups of twins hold most real pictures, halves differ much, floors are wide, and
  "within floor" says little; the order of the sets then says more.
- **IoU of masks**, **blank**: the mask against what visibly changed, and masks under which nothing did.
- **background**: share of the pixels outside the masks that changed.
"""


def audits(root: Path, seconds: float) -> None:
    """Every set of every real set that has no audit yet, until the time is up."""
    start = time.monotonic()
    for real in sorted(root.glob(f"*/{REAL}")):
        for folder in sorted(path for path in real.parent.iterdir() if path.name != REAL and is_defect_set(path)):
            out = folder.with_name(f"{folder.name}.audit.json")
            if out.exists() or time.monotonic() - start > seconds:
                continue
            began = time.process_time()
            options = AuditOptions(
                folder,
                real,
                views=("window",),
                resamples=RESAMPLES,
                copies=False,
                probes=False,
                command=f"defectgen audit {folder}",
            )
            report = audit(options)
            out.write_text(report.model_dump_json(), "utf-8")
            print(
                f"{real.parent.name} {folder.name}: {time.process_time() - began:.0f} s of processor time", flush=True
            )


def table(root: Path) -> str:
    """A section a real set."""
    parts = [
        "# What the audit says of every engine's set",
        "",
        f"Written by `eval/audit/engines.py`: windows around defects, {RESAMPLES} resamples, EfficientNet-Lite0",
        "features. The sets are those of `rivals.py`; test pictures took no part. Copies are looked for",
        "in [COPIES.md](COPIES.md), traces in [PROBE.md](PROBE.md).",
    ]
    for real in sorted(root.glob(f"*/{REAL}")):
        found = [
            (path.name.removesuffix(".audit.json"), AuditReport.model_validate_json(path.read_text("utf-8")))
            for path in sorted(real.parent.glob("*.audit.json"))
        ]
        if found:
            parts += ["", f"## {real.parent.name}", "", floors(found[0][1]), "", HEAD]
            parts += [row(name, report) for name, report in sorted(found, key=lambda one: distance(one[1]))]
    return "\n".join([*parts, NOTES])


def floors(report: AuditReport) -> str:
    rows = {row.score.metric: row for row in rows_of(report.scores, "window")}
    kid, coverage = rows["KID-Lite0"].score.floor, rows["coverage-Lite0"].score.floor
    assert kid is not None and coverage is not None
    real = report.real
    types = ", ".join(f"{name} {n}" for name, n in real.defects.items())
    return (
        f"{real.defective} real pictures ({types}). Two halves of them: KID-Lite0 {show_interval(kid)}, "
        f"coverage {show_interval(coverage)}."
    )


def distance(report: AuditReport) -> float:
    return next((one.value.value for one in report.scores if one.metric == "KID-Lite0" and one.value), float("inf"))


def row(name: str, report: AuditReport) -> str:
    rows = {row.score.metric: row for row in rows_of(report.scores, "window")}
    kid, coverage = rows["KID-Lite0"], rows["coverage-Lite0"]
    truth = next((one for one in report.label_truth if one.defect is None), None)
    drift = report.drift
    cells = [
        name, str(report.synth.defective), shown(kid.shown.value), kid.verdict.words, shown(coverage.shown.value),
        "-" if truth is None else show_number(truth.recovered_iou.value),
        "-" if truth is None else show_share(truth.blanks.value),
        "-" if drift is None else show_share(drift.changed_share.value),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def shown(value: Interval | None) -> str:
    return "-" if value is None else show_interval(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--table", action="store_true", help="audit nothing, write the table of what is there")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no audit after this time")
    args = parser.parse_args()
    if not args.table:
        audits(args.root, args.seconds)
    (HERE / "ENGINES.md").write_text(table(args.root), "utf-8")


if __name__ == "__main__":
    main()
