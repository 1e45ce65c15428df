"""Made-up pieces to photograph: each has a surface of its own; some share one design. And small sets of them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.image import Pixels, encode_png
from defectgen.record import GOOD, UNSPLIT, Record

SIDE = 128


def surface(seed: int, side: int = SIDE, grain: float = 2.0) -> np.ndarray:
    """(side + 32, side + 32) grey surface of one piece, larger than its picture."""
    noise = np.random.default_rng(seed).normal(0, 1, (side + 32, side + 32)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), grain)
    return smooth / smooth.std()


def photograph(
    piece: np.ndarray, seed: int, *, shift: tuple[int, int] = (0, 0), gain: float = 25.0, level: float = 120.0,
    noise: float = 2.0,
) -> Pixels:  # fmt: skip
    """(S, S, 1) uint8: a shifted view under a lamp of its own, with sensor noise."""
    rng = np.random.default_rng(seed)
    y, x = 16 + shift[0], 16 + shift[1]
    side = piece.shape[0] - 32
    lamp = np.linspace(-25, 25, side)[:, None] * rng.uniform(-1, 1) + np.linspace(-25, 25, side) * rng.uniform(-1, 1)
    grey = level + gain * piece[y : y + side, x : x + side] + lamp + rng.normal(0, noise, (side, side))
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None]


def jpeg(pixels: Pixels, quality: int = 80) -> Pixels:
    """The picture as it comes back from a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "JPEG", quality=quality)
    back = np.asarray(Image.open(buffer))
    return back[..., None] if back.ndim == 2 else back


def write_set(folder: Path, pieces: dict[str, list[str]], views: int = 2, split: str = UNSPLIT) -> Path:
    """A set with `views` photographs of each named piece of each defect; the source's groups know nothing of pieces."""
    with whole_folder(folder) as part:
        writer = SetWriter(part)
        number = 0
        for defect, names in pieces.items():
            for name in names:
                piece = surface(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
                for view in range(views):
                    pixels = photograph(piece, number, shift=(view, -view), gain=20 + 5 * view)
                    _put(writer, f"{number:06d}", f"{defect}/{name}-{view}.png", defect, pixels, split)
                    number += 1
        writer.finish({"kind": "import"})
    return folder


def _put(writer: SetWriter, stem: str, source: str, defect: str, pixels: Pixels, split: str) -> None:
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[40:60, 50:80] = 255
    writer.put_pixels(f"images/{stem}.png", pixels)
    if defect != GOOD:
        writer.put_pixels(f"masks/{stem}.png", mask)
    writer.put_record(
        Record(
            file_name=f"images/{stem}.png", mask_file_name=None if defect == GOOD else f"masks/{stem}.png",
            good_file_name=None, text=defect, defect=defect, material=None,
            boxes=() if defect == GOOD else ((50, 40, 80, 60),), split=split, group=source, source=source,
            source_sha256=hashlib.sha256(encode_png(pixels)).hexdigest(), licence="user",
        )
    )  # fmt: skip
