"""A page for the eye: real and generated windows of each set, mixed at random, with the key hidden below.

The page holds all it shows and asks nothing of a network; it has real pictures in it and is not for git.
"""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from cases import U8
from PIL import Image

from defectgen.atomic import write_atomic

__all__ = ["mixed", "write_eye"]

EACH = 12
STYLE = (
    "body{font:15px sans-serif;margin:24px;background:#fff;color:#222}section{display:flex;flex-wrap:wrap;gap:10px}"
    "figure{margin:0;text-align:center}img{width:160px;height:160px;image-rendering:pixelated;display:block}"
    "h2{margin:22px 0 8px}details{margin-top:40px}"
)
HEAD = "<!doctype html><meta charset=utf-8><title>Real or generated?</title>"


def mixed(reals: Sequence[U8], made: Sequence[U8], rng: np.random.Generator) -> list[tuple[U8, bool]]:
    """Up to EACH of both, equally many, in random order; True where generated."""
    n = min(EACH, len(reals), len(made))
    sides = [(side, flag) for side, flag in ((reals, False), (made, True))]
    chosen = [(side[int(i)], flag) for side, flag in sides for i in rng.permutation(len(side))[:n]]
    return [chosen[int(i)] for i in rng.permutation(len(chosen))]


def write_eye(shown: Mapping[str, tuple[Sequence[U8], Sequence[U8]]], path: Path, seed: int) -> None:
    """shown: real and generated windows by set."""
    parts, keys = [], []
    for name, (reals, made) in shown.items():
        # By the pictures, so that one page's key says nothing of another's
        shown_now = zlib.crc32(b"".join(one.tobytes() for one in made))
        cells = mixed(reals, made, np.random.default_rng([seed, shown_now]))
        if not cells:
            continue
        figures = "".join(_figure(picture, number) for number, (picture, _) in enumerate(cells, 1))
        parts.append(f"<h2>{name}</h2><section>{figures}</section>")
        generated = ", ".join(str(number) for number, (_, flag) in enumerate(cells, 1) if flag)
        keys.append(f"<p>{name}: generated are {generated}</p>")
    key = f"<details><summary>Key</summary>{''.join(keys)}</details>"
    page = f"{HEAD}<style>{STYLE}</style><h1>Which are generated?</h1>{''.join(parts)}{key}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, page.encode())


def _figure(picture: U8, number: int) -> str:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "PNG")
    source = base64.b64encode(data.getvalue()).decode()
    return f'<figure><img alt="window {number}" src="data:image/png;base64,{source}">{number}</figure>'
