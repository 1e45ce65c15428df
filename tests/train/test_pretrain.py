"""A real training run of a tiny network on a tiny cache: it learns, resumes, and refuses what it must."""

from pathlib import Path

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.model.checkpoint import verify
from defectgen.model.reference import REFERENCE_DIM, ReferenceEncoder
from defectgen.model.support import read_support
from defectgen.model.text import TextEncoder
from defectgen.train.batch import Drawer, Hidden, severity_quantiles
from defectgen.train.pair import Pair
from defectgen.train.pretrain import PretrainConfig, Progress, pretrain, read_config
from defectgen.train.shard import open_shards, write_shard

SIDE = 32


def pair(rng: np.random.Generator) -> Pair:
    good = rng.integers(90, 160, (SIDE, SIDE, 3)).astype(np.uint8)
    alpha = np.zeros((SIDE, SIDE), np.uint8)
    y, x = rng.integers(4, 20, 2)
    alpha[y : y + 8, x : x + 8] = 255
    target = np.where(alpha[..., None] > 0, good // 2, good).astype(np.uint8)
    return Pair(good, target, target, alpha, "pit", "rendered", "pit")


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


@pytest.fixture(scope="module")
def eyes() -> ReferenceEncoder:
    return ReferenceEncoder()


@pytest.fixture
def cache(tmp_path: Path, encoder: TextEncoder, eyes: ReferenceEncoder) -> Path:
    rng = np.random.default_rng(0)
    pairs = [pair(rng) for _ in range(16)]
    write_shard(tmp_path / "cache" / "shard-rendered-0000", pairs, encoder, eyes, rng)
    return tmp_path / "cache"


def config(steps: int) -> PretrainConfig:
    return PretrainConfig(
        widths=(32, 32), window_px=SIDE, batch=8, lr=2e-3, warmup=5, steps=steps, log_every=10,
        shares={"rendered": 1.0},
    )  # fmt: skip


def train(cache: Path, run: Path, steps: int, *, resume: bool = False) -> list[Progress]:
    return list(pretrain(config(steps), cache, run, resume=resume))


def test_loss_falls_and_the_model_folder_is_sound(cache: Path, tmp_path: Path) -> None:
    lines = train(cache, tmp_path / "run", 60)
    assert lines[-1].loss < 0.7 * lines[0].loss
    info = verify(tmp_path / "run" / "model")
    assert info.steps_trained == 60 and set(info.severity) == {"pit", "any"}


def test_a_stopped_run_goes_on_where_it_was(cache: Path, tmp_path: Path) -> None:
    whole = train(cache, tmp_path / "whole", 20)
    train(cache, tmp_path / "parts", 10)
    rest = train(cache, tmp_path / "parts", 20, resume=True)
    assert [line.step for line in rest] == [20]
    assert rest[-1].loss == pytest.approx(whole[-1].loss, rel=0.15)


def test_a_run_is_not_overwritten(cache: Path, tmp_path: Path) -> None:
    train(cache, tmp_path / "run", 10)
    with pytest.raises(InputError, match="--resume"):
        train(cache, tmp_path / "run", 20)


def test_crops_keep_the_mask(cache: Path, encoder: TextEncoder) -> None:
    drawer = Drawer(cache, {"rendered": 1.0}, encoder.encode([""]), seed=0)
    drawer.crop_px = 16
    batch = drawer.batch(0, 16)
    assert batch.good.shape == (16, 3, 16, 16)
    assert [int(a.sum()) for a in batch.alpha] == [64] * 16


def test_batches_are_a_function_of_the_step(cache: Path, encoder: TextEncoder) -> None:
    drawers = [Drawer(cache, {"rendered": 1.0}, encoder.encode([""]), seed=3) for _ in range(2)]
    assert drawers[0].batch(7, 4).clean.equal(drawers[1].batch(7, 4).clean)
    assert not drawers[0].batch(7, 4).clean.equal(drawers[0].batch(8, 4).clean)


def test_severity_quantiles_rise(cache: Path) -> None:
    levels = severity_quantiles(list(open_shards(cache)))["pit"]
    assert list(levels) == sorted(levels) and 0 < levels[0] <= levels[-1] < 1


def test_some_windows_hear_of_a_reference(cache: Path, encoder: TextEncoder) -> None:
    batch = Drawer(cache, {"rendered": 1.0}, encoder.encode([""]), seed=0).batch(0, 64)
    assert 10 < int(batch.told.sum()) < 45
    assert batch.reference.shape == (64, REFERENCE_DIM) and bool(batch.reference.isfinite().all())


def test_a_shard_of_another_version_is_refused(cache: Path) -> None:
    (cache / "shard-rendered-0000" / "reference.npy").unlink()
    with pytest.raises(InputError, match=r"no reference\.npy"):
        list(open_shards(cache))


def test_half_a_shard_is_never_seen(cache: Path) -> None:
    (cache / ".shard-rendered-0001.part").mkdir()
    assert len(list(open_shards(cache))) == 1


@pytest.mark.parametrize(("text", "said"), [("batch: none", "batch"), ("colour: 1", "colour"), ("a: [", "YAML")])
def test_bad_configurations_name_the_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_config(path)


def test_a_run_starts_from_weights_and_counts_their_steps_and_words(cache: Path, tmp_path: Path) -> None:
    first = train(cache, tmp_path / "first", 60)
    start = tmp_path / "first" / "model"
    run = tmp_path / "second"
    lines = list(pretrain(config(10), cache, run, weights=start))
    assert lines[0].loss < 0.8 * first[0].loss
    info = verify(run / "model")
    assert info.steps_trained == 70 and info.captioner_sha256 is not None
    support = read_support(run / "model")
    assert support is not None and support.windows == 32 and support.defects == {"pit": 32}
    list(pretrain(config(20), cache, run, resume=True))
    assert verify(run / "model").steps_trained == 80
    with pytest.raises(InputError, match="did not start from"):
        list(pretrain(config(30), cache, run, resume=True, weights=run / "model"))


def test_what_is_hidden_is_a_share_of_the_windows(cache: Path, encoder: TextEncoder) -> None:
    words = encoder.encode([""])
    told = Drawer(cache, {"rendered": 1.0}, words, 0, Hidden(draft=0, reference_draft=0)).batch(0, 64)
    some = Drawer(cache, {"rendered": 1.0}, words, 0, Hidden(draft=0, reference_draft=1)).batch(0, 64)
    assert all(bool(draft.any()) for draft in told.draft)
    assert [bool(draft.any()) for draft in some.draft] == [not told for told in some.told]
