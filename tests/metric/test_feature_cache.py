"""The cache of features: exact, shared, bounded, and never believed when it is damaged."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from defectgen.metric.feature_cache import HEADER, FeatureCache, crop_sha256
from tests.metric.thumbnail import PRINT

N, D, K = 6, PRINT.dimensions, 3
SHAS = [crop_sha256(np.full((2, 3, 3), i, np.uint8)) for i in range(N)]


def rows(seed: int = 0, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, D)).astype(np.float32), rng.dirichlet(np.ones(K), n).astype(np.float32)


def filled(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    vectors, chances = rows()
    FeatureCache(folder, PRINT).put(SHAS, vectors, chances)
    return vectors, chances


def files(folder: Path) -> tuple[Path, Path]:
    return next(folder.glob("*.rows")), next(folder.glob("*.keys"))


def held(cache: FeatureCache, vectors: np.ndarray, chances: np.ndarray) -> list[int]:
    """Which crops are found; what is found must be what was put."""
    found = []
    for i, sha in enumerate(SHAS):
        if (row := cache.get(sha)) is not None:
            np.testing.assert_array_equal(row[0], vectors[i])
            np.testing.assert_array_equal(row[1], chances[i])
            found.append(i)
    return found


def test_a_crop_is_known_by_its_pixels_and_shape() -> None:
    flat = np.zeros((4, 6, 3), np.uint8)
    assert crop_sha256(flat) != crop_sha256(flat.reshape(6, 4, 3))
    assert crop_sha256(flat[:, ::2]) == crop_sha256(np.ascontiguousarray(flat[:, ::2]))


def test_what_is_put_comes_back_bit_for_bit_in_another_process_too(tmp_path: Path) -> None:
    vectors, chances = filled(tmp_path)
    again = FeatureCache(tmp_path, PRINT)
    assert held(again, vectors, chances) == list(range(N)) and len(again) == N
    assert again.get(crop_sha256(np.ones((1, 1, 3), np.uint8))) is None


def test_a_network_without_classes(tmp_path: Path) -> None:
    FeatureCache(tmp_path, PRINT).put(SHAS[:2], rows()[0][:2], None)
    row = FeatureCache(tmp_path, PRINT).get(SHAS[1])
    assert row is not None and row[1] is None


def test_another_fingerprint_finds_nothing(tmp_path: Path) -> None:
    vectors, chances = filled(tmp_path)
    for change in ({"resize": "tf-bilinear"}, {"weights_sha256": "1" * 64}, {"dtype": "bfloat16"}, {"extractor": "x"}):
        assert held(FeatureCache(tmp_path, PRINT.model_copy(update=change)), vectors, chances) == []


def test_rows_are_added_by_many_and_kept_once(tmp_path: Path) -> None:
    vectors, chances = rows()
    one, other = FeatureCache(tmp_path, PRINT), FeatureCache(tmp_path, PRINT)
    one.put(SHAS[:4], vectors[:4], chances[:4])
    other.put(SHAS[2:], vectors[2:], chances[2:])
    assert held(other, vectors, chances) == list(range(N))
    assert files(tmp_path)[0].stat().st_size == N * 4 * (D + K)


def test_a_damaged_row_is_computed_anew(tmp_path: Path) -> None:
    vectors, chances = filled(tmp_path)
    path = files(tmp_path)[0]
    data = bytearray(path.read_bytes())
    data[2 * 4 * (D + K) + 17] ^= 1
    path.write_bytes(data)
    cache = FeatureCache(tmp_path, PRINT)
    assert held(cache, vectors, chances) == [0, 1, 3, 4, 5]
    cache.put(SHAS[2:3], vectors[2:3], chances[2:3])
    assert held(FeatureCache(tmp_path, PRINT), vectors, chances) == list(range(N))


@pytest.mark.parametrize("damage", ["header", "entry", "cut keys", "cut rows", "empty keys", "no keys", "no rows"])
def test_damage_costs_time_and_nothing_else(tmp_path: Path, damage: str) -> None:
    vectors, chances = filled(tmp_path)
    table, keys = files(tmp_path)
    data = bytearray(keys.read_bytes())
    if damage in ("header", "entry"):
        data[10 if damage == "header" else HEADER.size + 5] ^= 1
        keys.write_bytes(data)
    elif damage in ("cut keys", "cut rows"):
        path = keys if damage == "cut keys" else table
        path.write_bytes(path.read_bytes()[: path.stat().st_size - 7])
    elif damage == "empty keys":
        keys.write_bytes(b"")
    else:
        (keys if damage == "no keys" else table).unlink()
    cache = FeatureCache(tmp_path, PRINT)
    lost = N - len(held(cache, vectors, chances))
    assert lost == (1 if damage in ("entry", "cut keys", "cut rows") else N)
    for i in range(N):
        if cache.get(SHAS[i]) is None:
            cache.put(SHAS[i : i + 1], vectors[i : i + 1], chances[i : i + 1])
    for reader in (cache, FeatureCache(tmp_path, PRINT)):
        assert held(reader, vectors, chances) == list(range(N))


def test_the_space_is_bounded_and_the_least_used_go_first(tmp_path: Path) -> None:
    row = 4 * (D + K) + 40
    most = 3 * N * row
    prints = [PRINT.model_copy(update={"extractor": f"{i}"}) for i in range(4)]
    vectors, chances = rows()
    for i, one in enumerate(prints):
        FeatureCache(tmp_path, one, most).put(SHAS, vectors, chances)
        for path in tmp_path.glob("*.*s"):
            os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 10**10 * (4 - i)))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= most
    assert held(FeatureCache(tmp_path, prints[0]), vectors, chances) == []
    assert held(FeatureCache(tmp_path, prints[3]), vectors, chances) == list(range(N))


def test_one_networks_own_rows_are_bounded_too(tmp_path: Path) -> None:
    most = 10 * (4 * (D + K) + 40)
    cache = FeatureCache(tmp_path, PRINT, most)
    for seed in range(5):
        vectors, chances = rows(seed, 4)
        shas = [crop_sha256(np.full((1, 1, 3), 10 * seed + i, np.uint8)) for i in range(4)]
        cache.put(shas, vectors, chances)
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= most
        row = cache.get(shas[-1])
        assert row is not None
        np.testing.assert_array_equal(row[0], vectors[-1])


def test_a_reader_of_a_store_that_was_begun_anew_is_not_misled(tmp_path: Path) -> None:
    vectors, chances = filled(tmp_path)
    reader = FeatureCache(tmp_path, PRINT)
    files(tmp_path)[1].unlink()
    FeatureCache(tmp_path, PRINT).put(SHAS[::-1], vectors[::-1], chances[::-1])
    assert held(reader, vectors, chances) in ([], list(range(N)))
    reader.put(SHAS, vectors, chances)
    assert held(reader, vectors, chances) == list(range(N))


def test_a_folder_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("a file stands here")
    cache = FeatureCache(path, PRINT)
    cache.put(SHAS, *rows())
    assert cache.get(SHAS[0]) is None


WRITER = """
import sys, hashlib, numpy as np
from pathlib import Path
from defectgen.metric.feature_cache import FeatureCache
from defectgen.metric.result import Fingerprint
PRINT = Fingerprint.model_validate_json(sys.argv[4])
cache = FeatureCache(Path(sys.argv[1]), PRINT)
for i in range(int(sys.argv[2]), int(sys.argv[3])):
    row = np.full((1, PRINT.dimensions + 3), i, np.float32)
    cache.put([hashlib.sha256(b"%d" % i).digest()], row[:, :-3], row[:, -3:])
    if i % 50 == 0:
        print(i, flush=True)
"""


def test_writers_that_are_killed_and_writers_at_once_lose_and_mix_nothing(tmp_path: Path, repository: Path) -> None:
    def start(first: int, last: int) -> subprocess.Popen[str]:
        arguments = [str(tmp_path / "cache"), str(first), str(last), PRINT.model_dump_json()]
        command = [sys.executable, "-c", WRITER, *arguments]
        return subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True)

    with start(0, 10**6) as killed, start(10**6, 10**6 + 100) as other:
        assert killed.stdout is not None
        for _ in range(3):
            killed.stdout.readline()
        killed.send_signal(signal.SIGKILL)
        assert other.wait(120) == 0
    cache = FeatureCache(tmp_path / "cache", PRINT)
    for first, last in ((0, 100), (10**6, 10**6 + 100)):
        for i in range(first, last):
            row = cache.get(hashlib.sha256(b"%d" % i).digest())
            assert row is not None and row[1] is not None
            assert (row[0] == i).all() and (row[1] == i).all()
    cache.put(SHAS, *rows())
    assert held(cache, *rows()) == list(range(N))
