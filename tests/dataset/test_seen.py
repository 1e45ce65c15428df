"""The table of pictures seen: finds every one, no other, and stays small."""

from __future__ import annotations

import hashlib

from defectgen.dataset.seen import Seen


def sha(k: int) -> str:
    return hashlib.sha256(str(k).encode()).hexdigest()


def test_it_finds_what_was_added_and_nothing_else() -> None:
    with Seen(4) as seen:
        for k in range(500):
            assert seen.find(sha(k), b"abcd") is None
            seen.add(sha(k), bytes([k % 7]) * 4, f"dir/ü {k}")
        for k in range(500):
            prior = seen.find(sha(k), bytes([k % 7]) * 4)
            assert prior is not None and (prior.number, prior.name, prior.same) == (k, f"dir/ü {k}", True)
            other = seen.find(sha(k), bytes([k % 7 + 1]) * 4)
            assert other is not None and not other.same
        assert seen.find(sha(500), b"abcd") is None


def test_it_takes_less_than_forty_bytes_a_picture() -> None:
    with Seen(16) as seen:
        for k in range(3000):
            seen.add(sha(k), b"abcd", "name")
            if k > 100:
                assert seen.nbytes <= 40 * (k + 1)
