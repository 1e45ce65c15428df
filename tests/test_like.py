"""--like: what is read, and what is refused in one line."""

from pathlib import Path

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.image import write_picture
from defectgen.like import check_likes, like_sha256, read_likes
from defectgen.options import Options, check_options


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    rgb = np.random.default_rng(0).integers(0, 255, (80, 90, 3)).astype(np.uint8)
    mask = np.zeros((80, 90), np.uint8)
    mask[20:40, 50:80] = 255
    write_picture(tmp_path / "a.png", rgb)
    write_picture(tmp_path / "m.png", mask)
    return tmp_path / "a.png", tmp_path / "m.png"


def test_with_a_mask_the_window_lies_on_the_defect(pair: tuple[Path, Path]) -> None:
    alone, masked = read_likes([str(pair[0]), f"{pair[0]},{pair[1]}"])
    assert alone.alpha.min() == pytest.approx(1.0)
    assert 0.1 < masked.alpha.mean() < 0.9


def test_a_comma_in_a_name_is_a_name(pair: tuple[Path, Path]) -> None:
    odd = pair[0].with_name("a,b.png")
    odd.write_bytes(pair[0].read_bytes())
    assert len(read_likes([str(odd)])) == 1


def test_the_digest_follows_the_pictures(pair: tuple[Path, Path]) -> None:
    before = like_sha256([f"{pair[0]},{pair[1]}"])
    write_picture(pair[1], np.pad(np.full((9, 9), 255, np.uint8), ((0, 71), (0, 81))))
    assert like_sha256([f"{pair[0]},{pair[1]}"]) != before


@pytest.mark.parametrize(
    ("like", "said"),
    [("{a}.gone", "does not exist"), ("{a},{a}.gone", "does not exist"), ("{a},", "IMAGE,MASK"), ("{a},{a}", "levels")],
)
def test_bad_references_are_one_line(pair: tuple[Path, Path], like: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        check_likes([like.format(a=pair[0])])
    assert "\n" not in str(error.value)


def test_only_compact_takes_a_reference(pair: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="takes no reference"):
        check_options(Options("scratch", engine="render", like=(str(pair[0]),)))
