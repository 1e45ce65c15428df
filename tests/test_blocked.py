"""A test picture is known again under any name and in any lossless form; its look-alikes are not taken for it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from defectgen.blocked import VARIABLE, Blocked, Mark, held_back, mark_of, pixels_sha256
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.errors import InputError
from defectgen.image import Picture, Pixels, read_picture, write_picture
from tests.pieces import jpeg, photograph, surface, write_set

MANIFEST = Path("set/split.json")


def picture(pixels: Pixels, name: str = "a.png") -> Picture:
    """A picture whose file nobody knows."""
    return Picture(Path(name).stem, Path(name), hashlib.sha256(pixels.tobytes() + name.encode()).hexdigest(), pixels)


def mark(pixels: Pixels, limit: float = 0.97) -> Mark:
    return mark_of(picture(pixels), "images/000007.png", "crack/a.jpg", "1" * 64, limit)


@pytest.fixture
def test_picture() -> Pixels:
    return photograph(surface(1), 1)


@pytest.fixture
def blocked(test_picture: Pixels) -> Blocked:
    return Blocked([(MANIFEST, mark(test_picture))])


def forms(pixels: Pixels) -> dict[str, Pixels]:
    """The same picture, saved again."""
    grey = pixels[..., 0]
    opaque = np.full_like(grey, 255)
    return {
        "as it is": pixels,
        "as RGB": np.stack([grey] * 3, axis=2),
        "with alpha": np.stack([grey, opaque], axis=2),
        "as RGBA": np.stack([grey, grey, grey, opaque], axis=2),
        "JPEG": jpeg(pixels, 75),
        "half size": cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)[..., None],
        "brighter": np.clip(pixels.astype(int) + 20, 0, 255).astype(np.uint8),
    }


@pytest.mark.parametrize("form", ["as it is", "as RGB", "with alpha", "as RGBA", "JPEG", "half size", "brighter"])
def test_a_test_picture_is_known_in_every_form(blocked: Blocked, test_picture: Pixels, form: str) -> None:
    with pytest.raises(InputError, match=r"b.png is a test picture .*images/000007.png.*set/split.json; take it out"):
        blocked.check(picture(forms(test_picture)[form], "b.png"))


def test_exact_forms_need_no_likeness(test_picture: Pixels) -> None:
    """The same pixels are refused where the mark's limit lets no likeness pass."""
    strict = Blocked([(MANIFEST, mark(test_picture, limit=2.0))])
    for form in ("as RGB", "with alpha", "as RGBA"):
        with pytest.raises(InputError, match="the same pixels"):
            strict.check(picture(forms(test_picture)[form]))
    strict.check(picture(forms(test_picture)["JPEG"]))


def test_the_source_file_is_known_by_its_bytes(blocked: Blocked) -> None:
    other = Picture("x", Path("x.png"), "1" * 64, photograph(surface(9), 9))
    with pytest.raises(InputError, match="the same file"):
        blocked.check(other)


def test_other_pieces_pass(blocked: Blocked) -> None:
    for seed in range(2, 40):
        blocked.check(picture(photograph(surface(seed), seed)))


def test_pixels_tell_shape_and_depth_apart() -> None:
    flat = np.arange(64, dtype=np.uint8)
    sums = {pixels_sha256(flat.reshape(shape)) for shape in ((8, 8, 1), (4, 16, 1), (16, 4, 1))}
    assert len(sums | {pixels_sha256(flat.reshape(8, 8, 1).astype(np.uint16))}) == 4


def test_manifests_are_found_in_above_and_by_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_set(tmp_path / "set", {"crack": ["a", "b", "c", "d"]}, views=1)
    split_set(DefectSet(folder), SplitOptions(ratios=(0.5, 0, 0.5)))
    manifest = folder / "split.json"
    assert len(Blocked.load(near=[tmp_path])) == 0
    for found in (Blocked.load([manifest]), Blocked.load([folder]), Blocked.load(near=[folder / "images"])):
        assert len(found) == 2
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(manifest), str(folder)]))
    assert len(Blocked.load([manifest], [folder])) == 2
    held = held_back(folder)
    assert len(held) == 2 and held_back(tmp_path) == frozenset()
    for path in sorted((folder / "images").iterdir()):
        if f"images/{path.name}" in held:
            with pytest.raises(InputError, match="the same file"):
                Blocked.load().check(path)
        else:
            Blocked.load().check(read_picture(path))


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no split manifest"), ("[]", "its format is not"), ('{"format": "defectgen split"}', "'test'"),
     ('{"format": "defectgen split", "test": [{"file_name": 3}]}', "Mark")],
)  # fmt: skip
def test_a_damaged_manifest_is_an_error_where_it_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        Blocked.load([path])
    with pytest.raises(InputError, match="cannot be read"):
        Blocked.load([tmp_path / "absent.json"])


def test_another_tools_split_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text('{"train": ["a.png"]}')
    assert len(Blocked.load(near=[tmp_path])) == 0


def test_nothing_blocked_reads_nothing(tmp_path: Path) -> None:
    Blocked().check(tmp_path / "absent.png")


def test_a_copy_on_the_disk_is_refused(tmp_path: Path, blocked: Blocked, test_picture: Pixels) -> None:
    write_picture(tmp_path / "holiday.png", test_picture)
    with pytest.raises(InputError, match=r"holiday.png is a test picture \(the same pixels"):
        blocked.check(tmp_path / "holiday.png")
