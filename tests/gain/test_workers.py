"""Workers: results come back whatever order they end in, errors stop the run, a killed worker is one clear line."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from defectgen.errors import InputError
from defectgen.gain.workers import Event, run_jobs


@dataclass(frozen=True)
class Square:
    number: int

    def run(self, step: Callable[[float], None]) -> tuple[int, str | None]:
        step(0.5)
        return self.number**2, os.environ.get("OMP_NUM_THREADS")


@dataclass(frozen=True)
class Fail:
    how: str

    def run(self, step: Callable[[float], None]) -> None:
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "bug":
            raise KeyError("a bug")
        raise InputError("no such thing")


def always(job: int) -> bool:
    return True


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_started_told_of_and_done(workers: int) -> None:
    events: list[Event] = []
    run_jobs([Square(k) for k in range(5)], workers, events.append, always)
    assert {one.job: one.value[0] for one in events if one.kind == "done"} == {k: k * k for k in range(5)}
    for k in range(5):
        assert [one.kind for one in events if one.job == k] == ["started", "step", "done"]
    if workers > 1:
        assert {one.value[1] for one in events if one.kind == "done"} == {"1"}


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_is_started_after_the_first_that_may_not(workers: int) -> None:
    events: list[Event] = []
    run_jobs([Square(k) for k in range(6)], workers, events.append, lambda job: job < 3)
    assert sorted(one.job for one in events if one.kind == "done") == [0, 1, 2]


def test_no_jobs_need_no_workers() -> None:
    run_jobs([], 4, lambda event: pytest.fail("nothing happens"), always)


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("input", InputError, "no such thing"),
        ("kill", InputError, r"ended from outside \(exit code -9\).*lower --jobs or --size and run again"),
        ("bug", RuntimeError, "KeyError: 'a bug'"),
    ],
)
def test_what_goes_wrong_in_a_worker_comes_back(how: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=f"(?s){said}"):
        run_jobs([Fail(how), Square(1), Square(2)], 2, lambda event: None, always)
