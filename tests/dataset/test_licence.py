"""What licences allow, and what a set of several of them says."""

from __future__ import annotations

import pytest

from defectgen.dataset.licence import count_terms, notice, terms


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("own", "own"), ("user", "own"), ("MIT", "commercial"), ("MIT-0", "commercial"), ("Apache-2.0", "commercial"),
        ("BSD-3-Clause", "commercial"), ("CC0-1.0", "commercial"), ("CC BY-SA 4.0, A. Author", "commercial"),
        ("cc_by_4.0", "commercial"), ("CC-BY-NC-4.0", "non-commercial"), ("CC BY-NC-SA 4.0", "non-commercial"),
        ("research only", "non-commercial"), ("none stated; academic use", "non-commercial"),
        ("Polyform-Noncommercial-1.0.0", "non-commercial"), ("non-commercial use", "non-commercial"),
        ("unknown", "unknown"), ("none stated", "unknown"), ("", "unknown"), ("NOASSERTION", "unknown"),
        ("MIT AND CC-BY-NC-4.0", "non-commercial"), ("MIT OR CC-BY-NC-4.0", "commercial"),
        ("Apache-2.0 AND something", "unknown"), ("(MIT OR Apache-2.0)", "commercial"), ("transmit", "unknown"),
    ],
)  # fmt: skip
def test_terms(licence: str, expected: str) -> None:
    assert terms(licence) == expected


def test_a_set_is_as_free_as_its_least_free_picture() -> None:
    counts = {"MIT": 3, "user": 1, "CC-BY-NC-4.0": 2, "": 4}
    assert count_terms(counts) == {"own": 1, "commercial": 3, "non-commercial": 2, "unknown": 4}
    said = notice(counts)
    assert said is not None and "2 of 10" in said and "CC-BY-NC-4.0" in said and "4 of 10" in said


def test_free_sets_need_no_notice() -> None:
    assert notice({"MIT": 3, "own": 1, "user": 9}) is None
