"""RESULT.md: the tables of a result.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["write_table"]

SEEN = "bsdata"
ORDER = ("real-train", "untouched")
HEAD = """# Engines on real windows of groups that training never saw

Written by `python eval/compact/score.py`; half `{half}` of the held-out groups, at most {n} windows a set, seed {seed}.
Values with 95% intervals over resampled groups; a dash where groups are too few. **Floor**: two halves of the held-out
real windows, no group torn, at the same n: their mean, and the range of 95% of the draws. `real-train` are real
windows of the training groups, what a perfect engine would score; `untouched` are the good windows without a defect.

{weights}
"""
NOTES = """
**KID**; **FID@n**, **cover@n** (share of real windows with a generated one beside them), at the floor's n, on which
they depend: in the features named; *Lite0* are EfficientNet-Lite0's and not comparable with Inception's. **alone**: of
the defects only, everything outside their masks grey. **less**: KID less that of the compact row named, with paired
draws; above 0 compact is nearer to the real windows. **probe**: AUROC of a classifier between generated and real
windows by looks, and by noise residuals; 0.5 is a coin. **near real**, **near train**: mean cosine of the nearest
held-out real and training window. **mean**, **contrast**, **gradient**: Kolmogorov-Smirnov distance of in-mask
statistics to real ones.

**IoU**, **blank**, **leak**: of what visibly changed against the mask asked for; **audit**: share that the label audit
lets pass at the first attempt (`synth` tries again). **artefact**: AUROC of background against untouched windows; 0.5
by identity where no byte beyond the mask's band differs. **varies**: perceptual distance, and grey levels under the
mask, among seeds of one mask and prompt. **paired**: error of in-mask statistics on the case's own place, in real
spreads. **CPU**: seconds a window.
"""


def write_table(result: dict[str, Any], path: Path) -> None:
    weights = "\n".join(
        f"- `{key}`: weights `{one['weights_sha256'][:16]}`"
        + "".join(f", {k} {v}" for k, v in one.items() if k != "weights_sha256")
        for key, one in result["compact"].items()
    )
    parts = [HEAD.format(half=result["half"], n=result["n"], seed=result["seed"], weights=weights)]
    for name, rows in result["sets"].items():
        if rows["engines"]:
            parts += [*_section(name, rows)]
    path.write_text("\n".join([*parts, NOTES]))


def _section(name: str, rows: dict[str, Any]) -> list[str]:
    real, engines = rows["real"], rows["engines"]
    keys = [*(k for k in ORDER if k in engines), *(k for k in engines if k not in ORDER)]
    classes = ", ".join(f"{key} {count}" for key, count in real["classes"].items())
    title = f"## {name}"
    if name == SEEN:
        title += "\n\nApart from the others: weights before section 3 of LOG.md saw all groups of this set."
    of = f"{real['windows']} windows ({classes}) of {real['pictures']} pictures in {real['groups']} groups"
    lines = [title, "", f"{of}, against {real['reals']} real ones; good windows of {real['good_groups']} groups.", ""]
    for label in _labels(engines[keys[0]]["distances"]):
        lines += [*_realism(engines, keys, label), ""]
    return [*lines, *_labels_table(engines, keys), ""]


def _labels(distances: dict[str, Any]) -> list[str]:
    """Suffixes of the extractors, "" for Inception's."""
    return [name.removeprefix("KID") for name in distances if name.startswith("KID")]


def _realism(engines: dict[str, Any], keys: Sequence[str], label: str) -> list[str]:
    head = (f"KID{label}", "less", f"KID{label} alone", "less", f"FID{label}@n", "cover@n", "probe", "noise",
            "near real", "near train", "mean", "contrast", "gradient")  # fmt: skip
    lines = _head(("engine", *head))
    first = engines[keys[0]]
    lines.append(_line(["**floor**", *_floors(first, label)]))
    for key in keys:
        row = engines[key]
        found, stats = row["distances"], row["statistics"]
        less = row.get("kid_less", {}).get("value")
        lines.append(_line([
            key, show(found[f"KID{label}"]["value"], 3), show(less, 3),
            show(_alone(row, label, "value"), 3), show(row.get("kid_alone_less", {}).get("value"), 3),
            show(_at(found, f"FID{label}")["value"], 0),
            show(_at(found, f"coverage{label}")["value"], 2, bounds=False), _told(row["probe"]["features"]),
            _told(row["probe"]["noise"]), show(found[f"nearest-mean{label}"]["value"], 3, bounds=False),
            f"{row['memory']['mean'][0]:.3f}", *(f"{stats[k]['ks']:.2f}" for k in ("mean", "contrast", "gradient")),
        ]))  # fmt: skip
    return lines


def _floors(row: dict[str, Any], label: str) -> list[str]:
    found, stats = row["distances"], row["statistics"]
    floors = [show(found[f"KID{label}"]["floor"], 3), "", show(_alone(row, label, "floor"), 3), "",
              show(_at(found, f"FID{label}")["floor"], 0),
              show(_at(found, f"coverage{label}")["floor"], 2, bounds=False)]  # fmt: skip
    floors += [show(row["probe"][eye]["floor"], 2) for eye in ("features", "noise")]
    floors += [show(found[f"nearest-mean{label}"]["floor"], 3, bounds=False), f"{row['memory']['mean'][1]:.3f}"]
    return floors + ["-" if stats[k]["floor"] is None else f"{stats[k]['floor']:.2f}" for k in stats]


def _alone(row: dict[str, Any], label: str, part: str) -> list[float | None] | None:
    """KID of the defects alone; None in a result that was made before it was measured."""
    found: dict[str, Any] = row.get("alone", {}).get(f"KID{label}", {})
    return found.get(part)


def _at(found: dict[str, Any], name: str) -> dict[str, Any]:
    """The score at the floor's n, where there is one."""
    return next((row for key, row in found.items() if key.startswith(f"{name}@")), found[name])


def _labels_table(engines: dict[str, Any], keys: Sequence[str]) -> list[str]:
    lines = _head(("engine", "IoU", "blank", "leak", "audit", "artefact", "copies", "varies", "paired", "CPU"))
    for key in keys:
        row = engines[key]
        if "truth" not in row:
            continue
        truth, spread, art = row["truth"], row["diversity"], row["artefacts"]
        how = f"{art['auroc'][0]:.2f}" if art["auroc"] else "refused"
        lines.append(_line([
            key, show(truth["recovered_iou"], 2), show(truth["blanks"], 2), show(truth["leakage"], 2, bounds=False),
            f"{truth['kept']:.2f}" if "kept" in truth else "-", f"{how} ({art['how']})", str(row["copies"]),
            f"{spread['distance']:.3f}, {spread['grey_levels']:.1f}", show(row["paired"]["overall"], 2),
            f"{row['cpu_seconds']:.2f}",
        ]))  # fmt: skip
    return lines


def _told(probe: dict[str, Any]) -> str:
    return "refused" if probe["refused"] else show(probe["auroc"], 2)


def show(value: Sequence[float | None] | None, digits: int, bounds: bool = True) -> str:
    """ "0.41 [0.30, 0.52]"; without bounds where there are none."""
    if value is None or value[0] is None:
        return "-"
    text = f"{value[0]:.{digits}f}"
    if not bounds or value[1] is None or value[2] is None:
        return text
    return f"{text} [{value[1]:.{digits}f}, {value[2]:.{digits}f}]"


def _head(names: Sequence[str]) -> list[str]:
    return [_line(names), f"|{'---|' * len(names)}"]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
