"""Pictures as they are stored: pixels (H, W, C), uint8 or uint16, C in 1..4.

C = 1 is grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. Depth, channels and alpha of the source are kept; edits come
in as RGB in [0, 1] and are put into the picture's own channels. The sensor sees luminance by Rec. 709 weights.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from defectgen.atomic import write_atomic
from defectgen.errors import InputError

__all__ = [
    "MAX_PIXELS", "MIN_SIDE", "SUFFIXES", "Picture", "Pixels", "apply_edit", "encode_png", "encode_rows", "grey_levels",
    "luminance", "read_picture", "to_rgb", "to_rgb8", "write_picture",
]  # fmt: skip

F32 = NDArray[np.float32]
Pixels = NDArray[Any]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
MIN_SIDE = 32
MAX_PIXELS = 178_000_000  # just under the size at which Pillow itself refuses to go on
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
PLAIN = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA"}
COMPRESSION = 2  # 13 percent larger than 6, four times as fast
SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}
# EXIF orientation: (transpose first, flip rows, flip columns).
TURNS = {
    1: (False, False, False), 2: (False, False, True), 3: (False, True, True), 4: (False, True, False),
    5: (True, False, False), 6: (True, False, True), 7: (True, True, True), 8: (True, True, False),
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """One stored picture.

    pixels: (H, W, C) uint8 or uint16, upright.
    sha256: of the file it came from.
    """

    name: str
    path: Path
    sha256: str
    pixels: Pixels

    @property
    def hw(self) -> tuple[int, int]:
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])


def read_picture(path: Path, min_side: int = MIN_SIDE) -> Picture:
    """Read a PNG, JPEG, TIFF, BMP or WebP file; palettes are expanded, EXIF rotation is applied.

    InputError if the file is missing, empty, truncated, not an image, too large to decode or too small to edit.
    """
    data = _read_bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = _decode(data, path, min_side)
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not an image; expected PNG, JPEG, TIFF, BMP or WebP") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} has more than {MAX_PIXELS / 1e6:.0f} megapixels; crop it or scale it down") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error, zlib.error) as error:
        raise InputError(f"{path} is damaged or cut short ({_first_line(error)}); export it again") from error
    return Picture(path.stem, path, hashlib.sha256(data).hexdigest(), pixels)


def _read_bytes(path: Path) -> bytes:
    if not path.exists():
        raise InputError(f"{path} does not exist; expected an image file")
    if not path.is_file():
        raise InputError(f"{path} is not a file; expected an image file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if not data:
        raise InputError(f"{path} is empty (0 bytes); expected an image")
    return data


def _decode(data: bytes, path: Path, min_side: int) -> Pixels:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        _check_header(image, path, min_side)
        # OpenCV turns TIFF by itself, and PNG never.
        orientation = 1 if image.format == "TIFF" else int(image.getexif().get(274, 1))
        depth = _bit_depth(image, data)
        image.load()  # Decodes everything, so that a file cut short is found whichever reader comes next.
        if depth == 16 and image.mode not in ("I;16", "I;16B", "I;16L"):
            return _turn(_decode_deep(data, image.mode), orientation)
        return _plain_pixels(ImageOps.exif_transpose(image), path)


def _check_header(image: Image.Image, path: Path, min_side: int) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InputError(f"{path} has {width * height / 1e6:.0f} megapixels, more than {MAX_PIXELS / 1e6:.0f}; crop it")
    if min(width, height) < min_side:
        raise InputError(f"{path} is {width}x{height} pixels; expected at least {min_side} a side")
    frames = int(getattr(image, "n_frames", 1))
    if frames > 1 and image.format != "MPO":
        raise InputError(f"{path} holds {frames} frames; expected one picture: save each as a file of its own")


def _bit_depth(image: Image.Image, data: bytes) -> int:
    if image.format == "PNG":
        return data[24]
    if image.format == "TIFF":
        bits: tuple[int, ...] = image.tag_v2.get(258, (8,))  # type: ignore[attr-defined]
        return max(bits)
    return 8


def _decode_deep(data: bytes, mode: str) -> Pixels:
    """16-bit colour (or grey with alpha): Pillow would drop the lower 8 bits, OpenCV keeps them."""
    import cv2

    raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if raw is None or raw.dtype != np.uint16 or raw.ndim != 3:
        raise ValueError("its 16-bit layout is not supported")
    if raw.shape[2] == 3:
        return np.ascontiguousarray(raw[..., ::-1])
    if mode == "LA" or _is_grey_alpha_png(data):
        return np.ascontiguousarray(raw[..., [0, 3]])
    return np.ascontiguousarray(raw[..., [2, 1, 0, 3]])


def _is_grey_alpha_png(data: bytes) -> bool:
    return data.startswith(SIGNATURE) and data[25] == COLOUR_TYPE[2]


def _turn(pixels: Pixels, orientation: int) -> Pixels:
    transpose, flip_rows, flip_columns = TURNS.get(orientation, TURNS[1])
    turned = pixels.swapaxes(0, 1) if transpose else pixels
    turned = turned[::-1] if flip_rows else turned
    return np.ascontiguousarray(turned[:, ::-1] if flip_columns else turned)


def _plain_pixels(image: Image.Image, path: Path) -> Pixels:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)[..., None]
    see_through = "transparency" in image.info
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if see_through or image.mode == "PA" else "RGB")
    elif see_through and image.mode in ("L", "RGB"):
        image = image.convert("LA" if image.mode == "L" else "RGBA")
    if image.mode not in PLAIN:
        raise InputError(f"{path} has colour mode {image.mode}; expected grey, RGB, alpha or palette, 8 or 16 bit")
    pixels = np.array(image.convert(PLAIN[image.mode]), np.uint8)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def write_picture(path: Path, pixels: Pixels) -> None:
    """Write (H, W) or (H, W, C) uint8 or uint16 as PNG, atomically."""
    write_atomic(path, encode_png(pixels))


def encode_png(pixels: Pixels) -> bytes:
    """Lossless PNG of (H, W) or (H, W, C), uint8 or uint16, C in 1..4."""
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.dtype == np.uint16:
        return encode_rows(pixels)
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG", compress_level=COMPRESSION)
    return buffer.getvalue()


def encode_rows(pixels: Pixels) -> bytes:
    """Lossless PNG as `encode_png` makes, twice as fast, letting other threads run, and some percent larger.

    Filter type 2 (up) on each row: PNG specification, third edition.
    """
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    height, width, channels = pixels.shape
    depth = 8 * pixels.dtype.itemsize
    rows = np.ascontiguousarray(pixels.astype(">u2") if depth == 16 else pixels).view(np.uint8).reshape(height, -1)
    filtered = np.full((height, rows.shape[1] + 1), 2, np.uint8)
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, depth, COLOUR_TYPE[channels], 0, 0, 0)
    body = zlib.compress(filtered.data, COMPRESSION)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def full_scale(pixels: Pixels) -> float:
    """The stored value that means 1.0."""
    return float(np.iinfo(pixels.dtype).max)


def to_rgb(pixels: Pixels) -> F32:
    """(H, W, 3) float32 in [0, 1], sRGB-encoded as stored; grey is repeated, alpha is left out."""
    colour = pixels[..., :1] if pixels.shape[2] < 3 else pixels[..., :3]
    scaled = colour.astype(np.float32) / np.float32(full_scale(pixels))
    return np.repeat(scaled, 3, axis=2) if scaled.shape[2] == 1 else scaled


def to_rgb8(pixels: Pixels) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of any stored pixels: grey is repeated, 16 bits are scaled, alpha is left out."""
    return np.rint(255 * to_rgb(pixels)).astype(np.uint8)


def luminance(rgb: F32) -> F32:
    """(H, W) of (H, W, 3), Rec. 709 weights."""
    return np.asarray(rgb @ LUMA, np.float32)


def apply_edit(pixels: Pixels, edited_rgb: F32, weight: F32) -> Pixels:
    """Blend an edit, (H, W, 3) in [0, 1], into stored pixels by (H, W) weights in [0, 1].

    Grey pictures take the edit's luminance, alpha stays; where the weight is 0 no bit changes.
    """
    out = pixels.copy()
    touched = weight > 0
    scale = full_scale(pixels)
    edit = edited_rgb[touched]
    if pixels.shape[2] < 3:
        edit = (edit @ LUMA)[:, None]
    colours = edit.shape[1]
    old = pixels[touched][:, :colours].astype(np.float32)
    blended = old + weight[touched][:, None] * (edit * np.float32(scale) - old)
    block = pixels[touched]
    block[:, :colours] = np.clip(np.rint(blended), 0, scale).astype(pixels.dtype)
    out[touched] = block
    return out


def grey_levels(good: Pixels, out: Pixels) -> F32:
    """(H, W) largest absolute difference over the channels, in 8-bit grey levels (0..255)."""
    difference = np.abs(out.astype(np.int32) - good.astype(np.int32)).max(axis=2)
    return np.asarray(difference * np.float32(255.0 / full_scale(good)), np.float32)
