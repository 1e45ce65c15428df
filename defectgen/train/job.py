"""One pretraining job: a process that fills the cache of windows, and the training that draws from it meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from defectgen.errors import InputError
from defectgen.model.device import pick_trainer, set_threads
from defectgen.model.text import TextEncoder
from defectgen.train.build import build_cache, check_sources, strip_pairs
from defectgen.train.pretrain import PretrainConfig, Progress, pretrain
from defectgen.train.shard import open_shards
from defectgen.train.strip import strip_writer

__all__ = ["data_root", "run_job"]

_LOOK_AGAIN_S = 2.0


def data_root(given: Path | None) -> Path:
    """The folder of real pictures: as given, else DEFECTGEN_DATA, else ../shared/data; InputError when absent."""
    root = given or Path(os.environ.get("DEFECTGEN_DATA", "../shared/data"))
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; give --data or set DEFECTGEN_DATA to the real pictures")
    return root


def _fill(cache: Path, root: Path, windows: dict[str, int], seed: int, manifests: Sequence[Path]) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    for _ in build_cache(cache, root, windows, seed, manifests):
        pass


@contextmanager
def _filling(
    cache: Path, root: Path, config: PretrainConfig, manifests: Sequence[Path]
) -> Iterator[multiprocessing.process.BaseProcess]:
    """A process beside this one that writes the missing shards."""
    process = multiprocessing.get_context("spawn").Process(
        target=_fill, args=(cache, root, config.windows, config.seed, manifests), daemon=True
    )
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join()


def _wait(cache: Path, config: PretrainConfig, filler: multiprocessing.process.BaseProcess) -> None:
    """Until every origin that training draws from has a shard."""
    wanted = {name for name, share in config.shares.items() if share > 0}
    while wanted - {shard.origins[0] for shard in open_shards(cache)}:
        if not filler.is_alive() and filler.exitcode:
            raise InputError(f"{cache}: the windows could not be made; its process ended with {filler.exitcode}")
        time.sleep(_LOOK_AGAIN_S)


def run_job(
    config: PretrainConfig, root: Path, run: Path, *, device: str = "auto", budget_s: float | None = None,
    resume: bool = False, weights: Path | None = None, blocked: Sequence[Path] = (),
) -> Iterator[Progress]:  # fmt: skip
    """Train with everything in `run`: the cache of windows, the state, the log, the strips and the model.

    weights: a model folder to start from. blocked: manifests of splits; InputError where one of their test pictures
    would be trained on.
    """
    where = pick_trainer(device)
    set_threads()
    if (run / "state.safetensors").exists() and not resume:
        raise InputError(f"{run}: holds a training run already; go on with --resume or name another folder")
    check_sources(root, config.windows, blocked)
    cache = run / "cache"
    with _filling(cache, root, config, blocked) as filler:
        _wait(cache, config, filler)
        strip = strip_writer(strip_pairs(root, config.seed), TextEncoder())
        yield from pretrain(
            config, cache, run, device=where, budget_s=budget_s, resume=resume, weights=weights, strip=strip
        )
