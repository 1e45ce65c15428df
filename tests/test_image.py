"""Pictures keep depth, channels and every bit; files that are none are refused with one line."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import DTypeLike
from PIL import Image

from defectgen import image
from defectgen.errors import InputError
from defectgen.image import apply_edit, encode_png, grey_levels, read_picture, to_rgb, write_picture

RNG = np.random.default_rng(7)


def noise(channels: int, dtype: DTypeLike = np.uint8, height: int = 40, width: int = 50) -> np.ndarray:
    return RNG.integers(0, np.iinfo(dtype).max, (height, width, channels)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_round_trip_keeps_every_bit(tmp_path: Path, channels: int, dtype: DTypeLike) -> None:
    pixels = noise(channels, dtype)
    write_picture(tmp_path / "a.png", pixels)
    back = read_picture(tmp_path / "a.png").pixels
    assert back.dtype == pixels.dtype
    assert np.array_equal(back, pixels)


@pytest.mark.parametrize(
    ("suffix", "mode", "channels"),
    [
        (".png", "1", 1), (".png", "L", 1), (".png", "LA", 2), (".png", "RGB", 3), (".png", "RGBA", 4),
        (".png", "P", 3), (".bmp", "L", 1), (".bmp", "RGB", 3), (".tif", "L", 1), (".tif", "RGB", 3),
        (".webp", "RGB", 3), (".webp", "RGBA", 4), (".jpg", "L", 1), (".jpg", "RGB", 3),
    ],
)  # fmt: skip
def test_formats_and_modes(tmp_path: Path, suffix: str, mode: str, channels: int) -> None:
    # WebP drops an alpha that is opaque all over.
    drawn = Image.fromarray(noise(4 if mode == "RGBA" else 3)).convert(mode)
    drawn.save(tmp_path / f"a{suffix}", **({"lossless": True, "exact": True} if suffix == ".webp" else {}))
    pixels = read_picture(tmp_path / f"a{suffix}").pixels
    assert pixels.shape == (40, 50, channels)
    if suffix != ".jpg":
        expected = np.array(drawn.convert({"1": "L", "P": "RGB"}.get(mode, mode)))
        assert np.array_equal(pixels.squeeze(), expected)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_files_of_others(tmp_path: Path, suffix: str, channels: int) -> None:
    pixels = noise(channels, np.uint16)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), pixels[..., ::-1])
    assert np.array_equal(read_picture(tmp_path / f"a{suffix}").pixels, pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("deep", [False, True])
def test_exif_rotation(tmp_path: Path, orientation: int, deep: bool) -> None:
    pixels = noise(3)
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    if deep:
        tag = (tmp_path / "a.png").read_bytes()
        start = tag.find(b"eXIf") - 4
        tag = tag[start : start + 12 + struct.unpack(">I", tag[start : start + 4])[0]]
        whole = encode_png(pixels.astype(np.uint16) * 257)
        at = whole.find(b"IDAT") - 4
        (tmp_path / "a.png").write_bytes(whole[:at] + tag + whole[at:])
    corners = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    back = read_picture(tmp_path / "a.png").pixels
    assert back.shape[:2] == ((50, 40) if orientation > 4 else (40, 50))
    # The stored first pixel sits in the corner that the tag names.
    assert np.array_equal(back[corners[orientation]].astype(int) // (257 if deep else 1), pixels[0, 0])


def spoil(path: Path, how: str) -> None:
    if how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("not a picture at all")
    elif how == "truncated":
        path.write_bytes(encode_png(noise(3))[:3000])
    elif how == "truncated deep":
        path.write_bytes(encode_png(noise(3, np.uint16))[:6000])
    elif how == "tiny":
        path.write_bytes(encode_png(noise(3, np.uint8, 1, 1)))
    elif how == "bomb":
        header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
        chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
        path.write_bytes(encode_png(noise(3))[:8] + chunk + encode_png(noise(3))[33:])
    elif how == "frames":
        frames = [Image.fromarray(noise(3)) for _ in range(2)]
        frames[0].save(path, "TIFF", save_all=True, append_images=frames[1:])
    elif how == "cmyk":
        Image.fromarray(noise(3)).convert("CMYK").save(path, "TIFF")
    elif how == "folder":
        path.mkdir()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("missing", "does not exist"), ("empty", "0 bytes"), ("text", "is not an image"), ("truncated", "cut short"),
        ("truncated deep", "cut short"), ("tiny", "1x1 pixels"), ("bomb", "megapixels"), ("frames", "2 frames"),
        ("cmyk", "CMYK"), ("folder", "is not a file"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_in_one_line(tmp_path: Path, how: str, words: str) -> None:
    path = tmp_path / "a.png"
    spoil(path, how)
    with pytest.raises(InputError, match=words) as caught:
        read_picture(path)
    assert "\n" not in str(caught.value)
    assert "a.png" in str(caught.value)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_edit_touches_only_weighted_colour(channels: int, dtype: DTypeLike) -> None:
    pixels = noise(channels, dtype)
    weight = np.zeros((40, 50), np.float32)
    weight[10:20, 10:20] = RNG.random((10, 10)).astype(np.float32)
    out = apply_edit(pixels, np.ones((40, 50, 3), np.float32), weight)
    assert np.array_equal(out[weight == 0], pixels[weight == 0])
    if channels in (2, 4):
        assert np.array_equal(out[..., -1], pixels[..., -1])
    colour = slice(None) if channels in (1, 3) else slice(-1)
    assert (out[weight > 0.1][..., colour] > pixels[weight > 0.1][..., colour]).mean() > 0.9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_editing_with_itself_changes_nothing(dtype: DTypeLike) -> None:
    pixels = noise(3, dtype)
    out = apply_edit(pixels, to_rgb(pixels), np.ones((40, 50), np.float32))
    assert np.array_equal(out, pixels)


def test_grey_levels_are_of_8_bit_whatever_the_depth() -> None:
    good = np.zeros((4, 4, 1), np.uint8)
    assert grey_levels(good, good + np.uint8(10)).max() == pytest.approx(10)
    assert grey_levels(good.astype(np.uint16), (good + 10).astype(np.uint16) * 257).max() == pytest.approx(10)


def test_public_names() -> None:
    assert all(hasattr(image, name) for name in image.__all__)
