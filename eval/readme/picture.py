"""The README's picture: good part, mask and generated defect, cropped around it, for a few prompts.

    python eval/readme/picture.py --out samples/demo.png

Sample 0 of each prompt at seed 0 and default settings; nothing is picked by hand.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from defectgen.run import synth

PROMPTS = (
    "hairline crack on brushed aluminum", "rust patch on cast iron", "oil stain on woven fabric",
    "edge chip on ceramic tile", "blister on painted metal", "solder splash on pcb",
)  # fmt: skip
SIDE, GAP, ACROSS = 192, 6, 2


def crop(folder: Path) -> list[NDArray[np.uint8]]:
    """Good, mask and image of sample 0, (SIDE, SIDE, 3) each, around its first box."""
    record = json.loads((folder / "metadata.jsonl").read_text().splitlines()[0])
    x0, y0, x1, y1 = record["boxes"][0]
    tiles = []
    for key in ("good_file_name", "mask_file_name", "file_name"):
        picture = Image.open(folder / record[key]).convert("RGB")
        side = min(max(SIDE, round(1.4 * max(x1 - x0, y1 - y0))), *picture.size)
        left = int(np.clip((x0 + x1 - side) // 2, 0, picture.width - side))
        top = int(np.clip((y0 + y1 - side) // 2, 0, picture.height - side))
        window = picture.crop((left, top, left + side, top + side))
        tiles.append(np.asarray(window.resize((SIDE, SIDE), Image.Resampling.LANCZOS)))
    return tiles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("samples/demo.png"))
    args = parser.parse_args()
    step = SIDE + GAP
    rows = -(-len(PROMPTS) // ACROSS)
    sheet = np.full((rows * step - GAP, ACROSS * (3 * step + 2 * GAP) - 3 * GAP, 3), 255, np.uint8)
    with tempfile.TemporaryDirectory() as scratch:
        for k, prompt in enumerate(PROMPTS):
            done = synth(prompt, n=1, out=Path(scratch) / str(k))
            for i, tile in enumerate(crop(done.folder)):
                y, x = k // ACROSS * step, k % ACROSS * (3 * step + 2 * GAP) + i * step
                sheet[y : y + SIDE, x : x + SIDE] = tile
    Image.fromarray(sheet).save(args.out)


if __name__ == "__main__":
    main()
