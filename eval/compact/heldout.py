"""Score engines on real defects of groups that training never saw.

    python eval/compact/heldout.py --data ../shared/data --out eval/compact/heldout

For each held-out real defect window the engine gets the pseudo-good window, the mask and the class name, at severity
0.5, and makes one sample. Scored is how far the sample's local statistics under the mask are from those of the real
defect: *mean* (in-mask mean less the ring's), *contrast* (in-mask standard deviation) and *gradient* (mean gradient
magnitude), all in grey levels of luma; absolute errors, averaged over windows, with 95% bootstrap intervals over
windows. Then two controls on the same windows: do the words matter (two prompts, same mask, same seed, against two
seeds, same prompt), and do seeds vary. The held-out groups are halved: `--half tune` is for choosing defaults, `report`
(the default) for the numbers. Writes result.json and RESULT.md to --out, pictures to --sheet.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cases import HALVES, NAMES, Case, cases, inpaint, interval, statistics, window
from numpy.typing import NDArray
from PIL import Image

from defectgen.book import RecipeBook, load_book
from defectgen.engine.compact import CompactEngine
from defectgen.engine.render import RenderEngine
from defectgen.engine.window import Engine
from defectgen.train.job import data_root
from defectgen.train.real import SETS

WORD_CASES = 24
PROMPTS = ("rust patch", "scratch", "oil stain", "hairline crack", "blister")


def pasted(case: Case, edited: NDArray[np.float32]) -> NDArray[np.float32]:
    """The edit limited to the mask grown by 2 px, as composing does."""
    weight = cv2.dilate((case.pair.alpha > 127).astype(np.uint8), np.ones((5, 5), np.uint8))[..., None]
    good = case.pair.good.astype(np.float32) / np.float32(255)
    return np.asarray(np.rint(255 * np.where(weight > 0, edited, good)) / 255, np.float32)


def scores(all_cases: list[Case], makers: dict[str, Callable[[Case, int], NDArray[np.float32]]]) -> dict[str, object]:
    """Errors of every engine, per statistic, and normalised: divided by the spread of the real statistic."""
    real = np.stack([statistics(c.pair.target.astype(np.float32) / np.float32(255), c.pair.alpha > 127)
                     for c in all_cases])  # fmt: skip
    rng = np.random.default_rng(0)
    table: dict[str, object] = {"real_spread": dict(zip(NAMES, real.std(0).round(3).tolist(), strict=True))}
    for name, make in makers.items():
        made = np.stack([statistics(make(c, i), c.pair.alpha > 127) for i, c in enumerate(all_cases)])
        error = np.abs(made - real)
        rows = {key: [round(v, 3) for v in interval(error[:, k], rng)] for k, key in enumerate(NAMES)}
        rows["overall"] = [round(v, 3) for v in interval((error / real.std(0)).mean(1), rng)]
        rows["apart"] = (error / real.std(0)).mean(1)
        table[name] = rows
    own = table["compact"]["apart"] if "compact" in table else None  # type: ignore[index]
    for name in makers:
        others = table[name].pop("apart")  # type: ignore[attr-defined]
        if own is not None and name != "compact":
            table[name]["less_compact"] = [round(v, 3) for v in interval(others - own, rng)]  # type: ignore[index]
    return table


def words_and_seeds(engine: Engine, all_cases: list[Case], book: RecipeBook) -> dict[str, float]:
    """Mean in-mask distance, grey levels: between two prompts at one seed, and between two seeds at one prompt.

    The recipe follows the prompt, as in `synth`; at strength 1 it only sets the severity.
    """
    between, within = [], []
    for i, case in enumerate(all_cases):
        mask = case.pair.alpha > 127
        a, b = (PROMPTS[(i + k) % len(PROMPTS)] for k in (0, 1))
        made = [engine.edit([window(case, seed, text, book.defect(text))])[0]
                for text, seed in ((a, i), (b, i), (a, i + 10_000))]  # fmt: skip
        between.append(255 * np.abs(made[0] - made[1])[mask].mean())
        within.append(255 * np.abs(made[0] - made[2])[mask].mean())
    return {
        "between_prompts": round(float(np.mean(between)), 2),
        "between_seeds": round(float(np.mean(within)), 2), "n": len(all_cases),
    }  # fmt: skip


def sheet(all_cases: list[Case], makers: dict[str, Callable[[Case, int], NDArray[np.float32]]], path: Path) -> None:
    """Rows of good | mask | real | every engine."""
    rows = []
    for i, case in enumerate(all_cases):
        mask = np.repeat(case.pair.alpha[..., None], 3, 2)
        made = [np.rint(255 * make(case, i)).astype(np.uint8) for make in makers.values()]
        rows.append(np.hstack([case.pair.good, mask, case.pair.target, *made]))
    half = len(rows) // 2
    Image.fromarray(np.hstack([np.vstack(rows[:half]), np.vstack(rows[half : 2 * half])])).save(path)


def report(result: dict[str, object], path: Path) -> None:
    table = result["scores"]
    assert isinstance(table, dict)
    lines = ["# Held-out real defects: error of local statistics under the mask", "",
             f"n = {result['n']} windows of groups that training never saw, of {result['sets']};",
             "mean with 95% bootstrap interval; grey levels, `overall` in units of the real spread.",
             f"Made by `{result['command']}`.", "",
             "| engine | mean | contrast | gradient | overall | overall less compact's, paired |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for name, rows in table.items():
        if name != "real_spread":
            cells = [f"{m:.2f} [{low:.2f}, {high:.2f}]" for m, low, high in rows.values()]
            cells += [""] * (5 - len(cells))
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"Weights: `{result['weights_sha256']}`.",
        "",
        "Mean change under the mask, grey levels, when only the prompt or only the seed is another:",
        "",
        f"- default: `{json.dumps(result['words'])}`",
        f"- strength 1, where words act through the network alone: `{json.dumps(result['words_from_noise'])}`",
    ]
    path.write_text("\n".join(lines) + "\n")


def compare(found: list[Case], args: argparse.Namespace) -> dict[str, object]:
    """Overall errors of settings "strength:guidance", beside the rendered draft's."""
    engines: dict[str, Engine] = {"render": RenderEngine(128)}
    for setting in args.grid.split(","):
        strength, guidance = map(float, setting.split(":"))
        more = {} if args.steps is None else {"steps": args.steps}
        engines[setting] = CompactEngine(args.weights, strength=strength, guidance=guidance, **more)
    table = scores(found, {
        name: lambda c, i, engine=engine: pasted(c, engine.edit([window(c, i)])[0])  # type: ignore[misc]
        for name, engine in engines.items()
    })  # fmt: skip
    return {name: rows["overall"] for name, rows in table.items() if "overall" in rows}  # type: ignore[index, operator]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--half", choices=tuple(HALVES), default="report")
    parser.add_argument("--strength", type=float)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--grid", help="strength:guidance,... to compare; prints scores, writes nothing")
    parser.add_argument("--sets", default=",".join(SETS), help="real sets to draw from")
    parser.add_argument("--n", type=int, default=120)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "heldout")
    parser.add_argument("--sheet", type=Path, default=Path("out/heldout-sheet.png"), help="real pictures: not for git")
    args = parser.parse_args()
    found = cases(data_root(args.data), args.n, args.seed, HALVES[args.half], args.sets.split(","))
    chosen: dict[str, Any] = {k: v for k in ("strength", "guidance", "steps") if (v := getattr(args, k)) is not None}
    if args.grid:
        print(json.dumps(compare(found, args), indent=1))
        return
    compact, render = CompactEngine(args.weights, **chosen), RenderEngine(128)
    makers: dict[str, Callable[[Case, int], NDArray[np.float32]]] = {
        "compact": lambda c, i: pasted(c, compact.edit([window(c, i)])[0]),
        "render": lambda c, i: pasted(c, render.edit([window(c, i)])[0]),
        "cv2.inpaint": lambda c, i: inpaint(c),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    result = {
        "command": " ".join(["python eval/compact/heldout.py", *sys.argv[1:]]),
        "n": len(found), "half": args.half, "sets": args.sets, "seed": args.seed,
        "weights_sha256": compact.info.weights_sha256,
        "steps": compact.info.steps, "guidance": compact.info.guidance, "scores": scores(found, makers),
        "words": words_and_seeds(compact, found[:WORD_CASES], load_book()),
        "words_from_noise": words_and_seeds(
            CompactEngine(args.weights, strength=1.0), found[:WORD_CASES], load_book()
        ),
    }  # fmt: skip
    (args.out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    report(result, args.out / "RESULT.md")
    args.sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet(found[:24], makers, args.sheet)


if __name__ == "__main__":
    main()
