"""One command that scores any engine on windows of real groups that training never saw.

    python eval/compact/score.py --data ../shared/data --half tune --out eval/compact/score/tune --strength 1
    python eval/compact/score.py --data ../shared/data --out eval/compact/score

Every engine gets the good window of another place, the mask and the class words of a held-out real defect, a severity
spread as `synth` spreads it, and makes one sample of it; its windows are scored against the held-out real ones
(`marks`), as are the controls `real-train` and `untouched` (`makers`). Paired with the case's own pseudo-good window,
and with other seeds, it makes a few more. A run that was stopped goes on: what result.json holds is not made again,
windows lie in --work. Ends with RESULT.md and a page for the eye, WORK/eye.html; --work holds real pictures and is not
for git.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marks
import numpy as np
from bench import Bench, kept_bench
from cases import HALVES, U8, Case
from eye import write_eye
from makers import CONTROLS, ENGINES, Made, Maker, make_maker
from table import write_table

from defectgen.atomic import write_atomic
from defectgen.book import RecipeBook, load_book
from defectgen.errors import DefectgenError, InputError
from defectgen.metric.cached_extractor import CachedExtractor
from defectgen.metric.choose_extractor import open_extractor
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.perceptual import lite0_distance
from defectgen.model.checkpoint import default_weights, verify
from defectgen.train.job import data_root

SETS = ("pv-vision", "aws-cookies", "hsst-fabric", "bsdata")
PAIRED, SPREAD, SEEDS = 16, 4, 3


@dataclass(frozen=True)
class Windows:
    """What an engine made: on other goods, on the cases' own, and SPREAD masks with SEEDS seeds each."""

    main: tuple[Made, ...]
    paired: tuple[Made, ...] = ()
    spread: tuple[tuple[Made, ...], ...] = ()
    cpu_seconds: float | None = None


@dataclass(frozen=True)
class Field:
    """A set's bench with the features of its real windows, and of their defects alone, of every extractor."""

    bench: Bench
    eyes: tuple[Extractor, ...]
    reals: tuple[Features, ...]
    training: tuple[Features, ...]
    alone: tuple[Features, ...]

    @staticmethod
    def of(bench: Bench, eyes: Sequence[Extractor]) -> Field:
        pictures, groups = marks.seen_of(bench.reals)
        alone = marks.defects_alone((row.picture, row.alpha > 127) for row in bench.reals)
        sides = ((pictures, groups), marks.seen_of(bench.training), (alone, groups))
        return Field(bench, tuple(eyes), *(tuple(marks.features(*side, eye) for eye in eyes) for side in sides))


def make_windows(make: Maker, bench: Bench) -> Windows:
    start = time.process_time()
    main = tuple(make(case, good, i) for i, (case, good) in enumerate(zip(bench.cases, bench.goods, strict=True)))
    spent = (time.process_time() - start) / len(main)
    paired = tuple(make(case, case.pair.good, i) for i, case in enumerate(bench.cases[:PAIRED]))
    step = max(1, len(bench.cases) // SPREAD)
    spread = tuple(
        tuple(make(bench.cases[i], bench.goods[i], 10_000 * k + i) for k in range(SEEDS))
        for i in range(0, step * min(SPREAD, len(bench.cases)), step)
    )
    return Windows(main, paired, spread, round(spent, 3))


def save_windows(windows: Windows, path: Path) -> None:
    rows = [*windows.main, *windows.paired, *(one for samples in windows.spread for one in samples)]
    verdicts = [[np.nan if v is None else float(v) for v in (r.kept, r.prescribed_iou, r.outside_px)] for r in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(
        part, picture=np.stack([r.picture for r in rows]), mask=np.stack([r.mask for r in rows]),
        verdict=np.array(verdicts), counts=[len(windows.main), len(windows.paired), len(windows.spread)],
        cpu_seconds=windows.cpu_seconds,
    )  # fmt: skip
    part.replace(path)


def load_windows(path: Path) -> Windows:
    table = np.load(path, allow_pickle=False)
    rows = []
    for picture, mask, (kept, iou, outside) in zip(table["picture"], table["mask"], table["verdict"], strict=True):
        asked = not np.isnan(kept)
        rows.append(Made(picture, mask, *((bool(kept), float(iou), int(outside)) if asked else ())))
    main, paired, masks = (int(count) for count in table["counts"])
    rest = rows[main + paired :]
    each = len(rest) // max(1, masks)
    spread = tuple(tuple(rest[i * each : (i + 1) * each]) for i in range(masks))
    return Windows(tuple(rows[:main]), tuple(rows[main : main + paired]), spread, float(table["cpu_seconds"]))


def real_windows(bench: Bench) -> tuple[Windows, list[str]]:
    rows = bench.training[: len(bench.cases)]
    return Windows(tuple(Made(r.picture, r.alpha > 127) for r in rows)), [r.group for r in rows]


def score(
    windows: Windows, groups: Sequence[str], field: Field, name: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Marks of one engine, and the draws of its KID in each view, where there are groups enough."""
    bench, pictures = field.bench, [one.picture for one in windows.main]
    seen = [marks.features(pictures, groups, eye) for eye in field.eyes]
    reals = [row.picture for row in bench.reals]
    row: dict[str, Any] = {"distances": {}}
    for synth, real, eye in zip(seen, field.reals, field.eyes, strict=True):
        row["distances"] |= marks.distances(synth, real, eye.label)
    shown = [(one.picture, one.mask) for one in windows.main if one.mask.any()]
    whose = [group for one, group in zip(windows.main, groups, strict=True) if one.mask.any()]
    alone = [marks.features(marks.defects_alone(shown), whose, eye) for eye in field.eyes]
    row["alone"] = {}
    for synth, real, eye in zip(alone, field.alone, field.eyes, strict=True):
        row["alone"] |= marks.distances(synth, real, eye.label, "mask")
    row["memory"] = marks.memory(seen[0], field.reals[0], field.training[0])
    row["probe"] = marks.probe(pictures, seen[0], field.reals[0], reals)
    row["statistics"] = marks.statistic_marks(windows.main, bench.reals)
    if name not in CONTROLS:
        goods, cases = bench.goods, bench.cases
        row["copies"] = marks.copied(windows.main, goods, groups, bench, seen[0], field.training[0])
        row["truth"] = marks.truth(windows.main, goods, cases, groups)
        row["artefacts"] = marks.artefacts(windows.main, goods, groups, field.eyes[0])
        row["paired"] = marks.paired_errors(windows.paired, cases[: len(windows.paired)])
        row["diversity"] = marks.spread(windows.spread, lite0_distance())
        row["cpu_seconds"] = windows.cpu_seconds
    pairs = {"kid": (seen[0], field.reals[0]), "kid-alone": (alone[0], field.alone[0])}
    return row, {key: draws for key, pair in pairs.items() if (draws := marks.kid_draws(*pair)) is not None}


class Run:
    """One call of the command: what is asked, and what result.json holds of it."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.root = args, data_root(args.data)
        self.names = args.engines.split(",")
        self.sets = args.sets.split(",")
        for kind, asked, known in (("engine", self.names, (*ENGINES, *CONTROLS)), ("set", self.sets, SETS)):
            for name in asked:
                if name not in known:
                    raise InputError(f"unknown {kind} {name!r}; expected one of {', '.join(known)}")
        self.compact = {k: v for k in ("weights", "strength", "adapters") if (v := getattr(args, k))}
        self.sha = verify(args.weights or default_weights()).weights_sha256
        self.path = args.out / "result.json"
        asked = {"half": args.half, "n": args.n, "seed": args.seed}
        self.result: dict[str, Any] = {**asked, "compact": {}, "sets": {}}
        if self.path.exists():
            self.result = json.loads(self.path.read_text())
            if {key: self.result[key] for key in asked} != asked:
                raise InputError(f"{self.path} holds another half, n or seed than {asked}; name another --out")

    def key(self, name: str) -> str:
        """`compact` with other weights or settings than the package's is a row of its own."""
        if name != "compact" or not self.compact:
            return name
        strength = f"-s{self.args.strength:g}" if self.args.strength else ""
        return f"compact-{self.sha[:8]}{strength}{'-adapter' if self.args.adapters else ''}"

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, (json.dumps(self.result, indent=1) + "\n").encode())
        write_table(self.result, self.path.with_name("RESULT.md"))

    def work(self, set_name: str) -> Path:
        return Path(self.args.work / f"{set_name}-{self.args.half}-{self.args.n}-{self.args.seed}")

    def bench(self, set_name: str, book: RecipeBook) -> Bench:
        path = self.work(set_name).with_suffix(".npz")
        return kept_bench(path, self.root, set_name, HALVES[self.args.half], self.args.n, self.args.seed, book)

    def score_set(self, set_name: str, eyes: Sequence[Extractor], book: RecipeBook) -> None:
        rows = self.result["sets"].setdefault(set_name, {"engines": {}})
        todo = {self.key(name): name for name in self.names if self.key(name) not in rows["engines"]}
        if not todo:
            return
        for key in score_bench(rows, todo, self.bench(set_name, book), self.work(set_name), eyes, self.compact):
            if todo[key] == "compact":
                settings = {k: str(v) for k, v in self.compact.items() if k != "weights"}
                self.result["compact"][key] = {"weights_sha256": self.sha, **settings}
            self.save()
            print(f"{set_name} {key} done", flush=True)


def score_bench(
    rows: dict[str, Any], todo: Mapping[str, str], bench: Bench, folder: Path, eyes: Sequence[Extractor],
    compact: dict[str, Any],
) -> Iterator[str]:  # fmt: skip
    """Fill rows["engines"] with the marks of each key of `todo`, made by the engine that it names; yields what is done.

    Windows and draws are kept in `folder`.
    """
    field = Field.of(bench, eyes)
    rows["real"] = counts(bench.cases, bench)
    for key, name in todo.items():
        windows, groups = windows_of(name, bench, folder / f"{key}.npz", compact)
        rows["engines"][key], draws = score(windows, groups, field, name)
        folder.mkdir(parents=True, exist_ok=True)
        for kind, kept in draws.items():
            np.save(folder / f"{key}.{kind}.npy", kept)
        compare(rows["engines"], folder)
        yield key


def windows_of(name: str, bench: Bench, path: Path, compact: dict[str, Any]) -> tuple[Windows, Sequence[str]]:
    """What is kept in `path`, or made and kept there; with the group of each window."""
    if name == "real-train":
        return real_windows(bench)
    if not path.exists():
        save_windows(make_windows(make_maker(name, bench, compact), bench), path)
    return load_windows(path), bench.good_groups


def compare(engines: dict[str, Any], folder: Path) -> None:
    """KID of every engine less that of the first compact row, paired, in each view."""
    base = next((key for key in engines if key.startswith("compact")), None)
    for kind in ("kid", "kid-alone"):
        drawn = {key: np.load(path) for key in engines if (path := folder / f"{key}.{kind}.npy").exists()}
        for key, draws in drawn.items():
            if base in drawn and key not in (base, "real-train"):
                less = {"of": base, "value": marks.difference(drawn[base], draws)}
                engines[key][f"{kind.replace('-', '_')}_less"] = less


def counts(cases: Sequence[Case], bench: Bench) -> dict[str, Any]:
    names = sorted({case.name for case in cases})
    return {
        "windows": len(cases), "groups": len({case.group for case in cases}),
        "pictures": len({str(case.path) for case in cases}), "reals": len(bench.reals),
        "good_groups": len(set(bench.good_groups)), "training": len(bench.training),
        "classes": {name: sum(case.name == name for case in cases) for name in names},
    }  # fmt: skip


def eyes_of(args: argparse.Namespace) -> list[Extractor]:
    """Lite0 first, then the features that were asked for; computed rows are kept."""
    opened = [open_extractor(None, None)]
    if args.features:
        opened.append(open_extractor(args.features, args.feature_weights))
    return [CachedExtractor(one, args.work / "features") for one in opened]


def eye_windows(run: Run, set_name: str, book: RecipeBook) -> tuple[list[U8], list[U8]]:
    """Real and generated windows of the compact row that this call is about."""
    bench, path = run.bench(set_name, book), run.work(set_name) / f"{run.key('compact')}.npz"
    made = [one.picture for one in load_windows(path).main] if path.exists() else []
    return [row.picture for row in bench.reals], made


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "score")
    parser.add_argument("--work", type=Path, default=Path("out/score"), help="windows and features: not for git")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--engines", default=",".join((*CONTROLS, *ENGINES)))
    parser.add_argument("--n", type=int, default=80, help="windows a set, at most 12 a picture")
    parser.add_argument("--half", choices=tuple(HALVES), default="report")
    parser.add_argument("--weights", type=Path, help="model folder of compact")
    parser.add_argument("--strength", type=float, help="of compact")
    parser.add_argument("--adapters", nargs="*", help="FOLDER[:SCALE] of compact")
    parser.add_argument("--features", help="beside lite0, as `defectgen audit --features`, such as inception")
    parser.add_argument("--feature-weights", type=Path)
    parser.add_argument("--seed", type=int, default=11)
    return parser.parse_args()


def main() -> None:
    try:
        args = parse()
        run, book, eyes = Run(args), load_book(), eyes_of(args)
        for set_name in run.sets:
            run.score_set(set_name, eyes, book)
        run.save()
        shown = {name: eye_windows(run, name, book) for name in run.sets}
        write_eye(shown, args.work / f"eye-{args.half}-{run.key('compact')}.html", args.seed)
    except DefectgenError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
