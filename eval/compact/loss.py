"""The training loss of several weights on windows that none was trained on: the same windows, times and noises for all.

    python eval/compact/loss.py --data ../shared/data --weights defectgen/weights/compact,runs/compact/model

A finer scale than any score of samples: held-out real windows (`--half`), and rendered and ratio windows of a seed of
their own, with the draft told and without. *less* is the first weights' loss less these, in parts of the first, with
95% intervals over windows, not groups, of which the real sets have few; above 0 these are better. Prints a table, and
writes nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cases import HALVES
from numpy.typing import NDArray

from defectgen.book import load_book
from defectgen.model.checkpoint import load_unet, verify
from defectgen.model.network import EditNetwork
from defectgen.model.reference import ReferenceEncoder
from defectgen.model.text import TextEncoder
from defectgen.train.batch import plain_batch
from defectgen.train.build import Source, held_out, source
from defectgen.train.finetune import fixed_losses
from defectgen.train.job import data_root
from defectgen.train.shard import Shard, open_shards, write_shard

SIZE = 8
SEED = 91
SETS = ("pv-vision", "aws-cookies", "hsst-fabric")


def shards(root: Path, half: int, count: int, folder: Path) -> Iterator[tuple[str, Shard]]:
    """`count` windows of each origin."""
    book, words, eyes = load_book(), TextEncoder(), ReferenceEncoder()
    origins: dict[str, Source] = {
        "real, held out": held_out(book, root, half, SETS), "rendered": source("rendered", book, root),
        "ratio": source("ratio", book, root),
    }  # fmt: skip
    for place, (name, draw) in enumerate(origins.items()):
        rng = np.random.default_rng([SEED, place])
        pairs = []
        while len(pairs) < count:
            pair = draw(rng)
            if pair is not None:
                pairs.append(pair)
        write_shard(folder / f"shard-{place}", pairs, words, eyes, rng)
        yield name, next(iter(open_shards(folder, [])))
        (folder / f"shard-{place}").rename(folder / f"done-{place}")


def less(first: NDArray[np.float64], other: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, ...]:
    """How much of the first loss the other spares, with its interval."""
    draws = rng.integers(len(first), size=(2000, len(first)))
    low, high = np.quantile(1 - other[draws].mean(1) / first[draws].mean(1), (0.025, 0.975))
    return 1 - other.mean() / first.mean(), float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--weights", required=True, help="model folders, the one to compare with first, by commas")
    parser.add_argument("--half", choices=tuple(HALVES), default="tune")
    parser.add_argument("--n", type=int, default=128, help="windows of each origin")
    args = parser.parse_args()
    folders = [Path(one) for one in args.weights.split(",")]
    networks = [EditNetwork(load_unet(one, torch.bfloat16, "cpu")) for one in folders]
    print("| windows | draft | weights | loss | less |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        for name, shard in shards(data_root(args.data), HALVES[args.half], args.n, Path(work)):
            told = [plain_batch(shard, range(i, min(i + SIZE, args.n))) for i in range(0, args.n, SIZE)]
            hidden = [replace(batch, draft=torch.zeros_like(batch.draft)) for batch in told]
            for said, batches in (("told", told), ("hidden", hidden)):
                found = [fixed_losses(network, batches, "cpu").double().numpy() for network in networks]
                for folder, values in zip(folders, found, strict=True):
                    spared, low, high = less(found[0], values, np.random.default_rng(0))
                    digest = verify(folder).weights_sha256[:8]
                    span = f"{spared:+.1%} [{low:+.1%}, {high:+.1%}]"
                    print(f"| {name} | {said} | {digest} | {values.mean():.4f} | {span} |", flush=True)


if __name__ == "__main__":
    main()
