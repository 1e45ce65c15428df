"""Write `support.json` beside weights: which words the captions of their training windows held.

    python eval/compact/support.py runs/compact/cache --weights runs/compact/model

`defectgen pretrain` writes the file by itself; this is for weights that were trained before it did, from the cache of
windows that they were trained on. Give every cache that the run has used.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from defectgen.book import load_book
from defectgen.model.checkpoint import default_weights, verify
from defectgen.model.support import SUPPORT_FILE, count_support, save_support


def captions(caches: list[Path]) -> Counter[str]:
    """Captions of all windows; a shard that two caches share counts once."""
    files = {path.resolve() for cache in caches for path in cache.glob("shard-*/meta.jsonl")}
    return Counter(json.loads(line)["text"] for path in files for line in path.read_text("utf-8").splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cache", type=Path, nargs="+", help="folder of shards")
    parser.add_argument("--weights", type=Path, default=default_weights())
    args = parser.parse_args()
    support = count_support(captions(args.cache), load_book(), verify(args.weights).weights_sha256)
    save_support(args.weights, support)
    pairs = sum(map(len, support.together.values()))
    print(
        f"{args.weights / SUPPORT_FILE}: {support.windows} windows, {support.captions} captions, "
        f"{len(support.defects)} names of defects, {len(support.materials)} of materials, {pairs} pairs"
    )


if __name__ == "__main__":
    main()
