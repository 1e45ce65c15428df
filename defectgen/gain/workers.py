"""Jobs on worker processes of one thread each, so that a result depends on nothing but its job.

One job at a time goes to each worker; what it says on the way and what it gives comes back as events. A worker that is
killed ends the run with one line; what was finished is kept by whoever kept it. A single worker is this process itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal, Protocol

from defectgen.errors import DefectgenError, InputError

__all__ = ["Event", "Job", "run_jobs"]

Kind = Literal["started", "step", "done"]
THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Job(Protocol):
    """Something that can be sent to another process and run there. step: told how much is done, 0 to 1."""

    def run(self, step: Callable[[float], None]) -> Any: ...


@dataclass(frozen=True)
class Event:
    """What happened to a job, by its place in the list. value: the share done, or the result."""

    kind: Kind
    job: int
    value: Any = None


def run_jobs(
    jobs: Sequence[Job], workers: int, tell: Callable[[Event], None], may_start: Callable[[int], bool]
) -> None:
    """Run all jobs in order, so many at a time; stops handing them out at the first that may not start."""
    if not jobs:
        return
    if min(workers, len(jobs)) == 1:
        _run_here(jobs, tell, may_start)
        return
    with _processes(min(workers, len(jobs))) as team:
        _hand_out(jobs, team, tell, may_start)


def _run_here(jobs: Sequence[Job], tell: Callable[[Event], None], may_start: Callable[[int], bool]) -> None:
    with _one_thread():
        for number, job in enumerate(jobs):
            if not may_start(number):
                return
            tell(Event("started", number))
            tell(Event("done", number, job.run(lambda share, n=number: tell(Event("step", n, share)))))  # type: ignore[misc]


@contextmanager
def _one_thread() -> Iterator[None]:
    """torch and OpenCV at one thread here, as in a worker."""
    import cv2
    import torch

    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


@contextmanager
def _processes(count: int) -> Iterator[dict[Connection, BaseProcess]]:
    """Workers by the end of their pipe that is ours; gone when this ends, however it ends."""
    context = multiprocessing.get_context("spawn")
    team: dict[Connection, BaseProcess] = {}
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(THREADS)
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process: BaseProcess = context.Process(target=_work, args=(theirs,))
            process.start()
            theirs.close()
            team[ours] = process
        yield team
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        for ours, worker in team.items():
            ours.close()
            worker.terminate()
        for worker in team.values():
            worker.join()


def _hand_out(
    jobs: Sequence[Job], team: dict[Connection, BaseProcess], tell: Callable[[Event], None],
    may_start: Callable[[int], bool],
) -> None:  # fmt: skip
    left = list(range(len(jobs)))
    busy: set[Connection] = set()

    def give(worker: Connection) -> None:
        if not left or not may_start(left[0]):
            left.clear()
            return
        number = left.pop(0)
        _send(worker, team[worker], (number, jobs[number]))
        busy.add(worker)
        tell(Event("started", number))

    for worker in team:
        give(worker)
    while busy:
        for worker in [one for one in wait(list(busy)) if isinstance(one, Connection)]:
            event = _receive(worker, team[worker])
            if isinstance(event, BaseException):
                raise event
            tell(event)
            if event.kind == "done":
                busy.discard(worker)
                give(worker)


def _send(worker: Connection, process: BaseProcess, message: Any) -> None:
    try:
        worker.send(message)
    except OSError:
        raise _lost(process) from None


def _receive(worker: Connection, process: BaseProcess) -> Any:
    try:
        return worker.recv()
    except (EOFError, OSError):
        raise _lost(process) from None


def _lost(process: BaseProcess) -> InputError:
    process.join(5)
    return InputError(
        f"a worker was ended from outside (exit code {process.exitcode}), as happens where memory runs out; "
        "lower --jobs or --size and run again: what is finished is kept"
    )


def _work(pipe: Connection) -> None:
    """The life of a worker: until its pipe closes."""
    import cv2

    cv2.setNumThreads(1)  # which no variable does; torch reads THREADS
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers
    while True:
        try:
            number, job = pipe.recv()
            pipe.send(_outcome(number, job, pipe))
        except (EOFError, OSError):
            return


def _outcome(number: int, job: Job, pipe: Connection) -> Event | BaseException:
    try:
        return Event("done", number, job.run(lambda share: pipe.send(Event("step", number, share))))
    except DefectgenError as error:
        return error
    except Exception:
        return RuntimeError(f"in a worker:\n{traceback.format_exc()}")
