"""Arms without a network: n pictures of each type, a pure function of shots and seed, resumable, clear when refused."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from defectgen.arm.make import make_arm
from defectgen.arm.options import ARMS, SANITY
from defectgen.dataset.defect_set import DefectSet
from defectgen.errors import InputError
from defectgen.record import GOOD, METADATA
from tests.arm.tiny_draw import TYPES, write_shots
from tests.set_job import tree

PLAIN = ("copy-paste", "seamless", "pyimgano-alpha")
N = 3


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> DefectSet:
    return write_shots(tmp_path_factory.mktemp("draw"))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


def pixels(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in tree(folder).items() if name.startswith(("images", "masks", "meta"))}


@pytest.mark.parametrize("name", [*PLAIN, "render", "perlin"])
def test_n_pictures_of_each_type_on_good_training_pictures(name: str, shots: DefectSet, work: Path) -> None:
    if name == "pyimgano-alpha":
        pytest.importorskip("pyimgano")
    made = make_arm(name, shots, N, 0, work)
    records = list(made.records())
    assert [record.defect for record in records] == [*TYPES] * N
    assert made.manifest["samples"] == dict.fromkeys(TYPES, N)
    goods = {record.source: record for record in shots.records() if record.defect == GOOD}
    for record in records:
        mask, picture, good = made.mask(record), made.image(record), made.good(record)
        assert mask is not None and good is not None
        assert mask.shape == picture.hw == good.hw and mask.any() and record.boxes and record.split == "train"
        assert set(record.labels) == {record.defect}
        source = goods[record.source]
        assert (record.source_sha256, record.group) == (source.source_sha256, source.group)
        np.testing.assert_array_equal(good.pixels, shots.image(source).pixels)
        changed = np.abs(picture.pixels.astype(int) - good.pixels).max(axis=2)
        assert changed[mask].mean() >= 3
        assert all(changed[y0:y1, x0:x1].any() for x0, y0, x1, y1 in record.boxes)


@pytest.mark.parametrize("name", ["copy-paste", "render"])
def test_an_arm_is_a_pure_function_of_shots_and_seed(name: str, shots: DefectSet, work: Path, tmp_path: Path) -> None:
    first = pixels(make_arm(name, shots, N, 0, work).path)
    moved = DefectSet(Path(shutil.copytree(shots.path, tmp_path / "elsewhere")))
    assert pixels(make_arm(name, moved, N, 0, tmp_path).path) == first
    assert pixels(make_arm(name, shots, N, 1, tmp_path).path) != first


def test_what_is_there_is_taken_and_more_can_follow(shots: DefectSet, tmp_path: Path) -> None:
    made = make_arm("copy-paste", shots, N, 0, tmp_path)
    stamp = {path: path.stat().st_mtime_ns for path in made.path.rglob("*")}
    assert make_arm("copy-paste", shots, N, 0, tmp_path).path == made.path
    assert {path: path.stat().st_mtime_ns for path in made.path.rglob("*")} == stamp
    more = make_arm("copy-paste", shots, N + 2, 0, tmp_path)
    less = make_arm("copy-paste", shots, N - 1, 0, tmp_path)
    lines = [(folder.path / METADATA).read_text().splitlines() for folder in (less, made, more)]
    assert lines[2][: len(lines[1])] == lines[1] and lines[1][: len(lines[0])] == lines[0]


def test_a_killed_run_goes_on(
    shots: DefectSet, tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pixels(make_arm("copy-paste", shots, N, 0, work).path)
    import defectgen.arm.picture_run as module

    sample, calls = module._sample, []

    def dying(*given: object) -> object:
        calls.append(given)
        if len(calls) == N + 2:
            raise KeyboardInterrupt
        return sample(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_sample", dying)
    with pytest.raises(KeyboardInterrupt):
        make_arm("copy-paste", shots, N, 0, tmp_path)
    assert pixels(make_arm("copy-paste", shots, N, 0, tmp_path).path) == whole
    assert len(calls) == 2 * N + 1


def test_donors_are_the_shots_alone(shots: DefectSet, work: Path) -> None:
    made = make_arm("copy-paste", shots, N, 0, work)
    links = next(path for path in work.glob("shots-*"))
    kept = {record.file_name for record in shots.records() if record.defect != GOOD}
    assert {record.file_name for record in DefectSet(links).records()} == kept
    sizes = {int(mask.sum()) for record in shots.records() if (mask := shots.mask(record)) is not None}
    for record in made.records():
        mask = made.mask(record)
        assert mask is not None and int(mask.sum()) in sizes


def test_duplicates_are_the_shots_again(shots: DefectSet, work: Path) -> None:
    made = make_arm("duplicate", shots, N + 1, 0, work)
    real = {shots.file(record.file_name).read_bytes() for record in shots.records() if record.defect != GOOD}
    records = list(made.records())
    assert len(records) == (N + 1) * len(TYPES)
    assert {made.file(record.file_name).read_bytes() for record in records} == real


def test_wrong_labels_are_wrong(shots: DefectSet, work: Path) -> None:
    base, blank, shuffled = (make_arm(name, shots, N, 0, work) for name in ("copy-paste", "blank-mask", "shuffled"))
    for right, empty, other in zip(base.records(), blank.records(), shuffled.records(), strict=True):
        true, moved, strange = base.mask(right), blank.mask(empty), shuffled.mask(other)
        assert true is not None and moved is not None and strange is not None
        assert moved.sum() == true.sum() and not (moved & true).any() and empty.defect == right.defect
        assert strange.any() and other.defect != right.defect and set(other.labels) == {other.defect}
        assert base.file(right.file_name).read_bytes() == blank.file(empty.file_name).read_bytes()


def test_a_missing_tool_is_named(shots: DefectSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyimgano", None)
    monkeypatch.setitem(sys.modules, "pyimgano.synthesis", None)
    with pytest.raises(InputError, match="pip install 'pyimgano"):
        make_arm("pyimgano-alpha", shots, N, 0, tmp_path)


@pytest.mark.parametrize(("name", "n", "words"), [("magic", 1, "'magic' is unknown"), ("render", 0, "n is 0")])
def test_what_no_arm_could_be_made_of(name: str, n: int, words: str, shots: DefectSet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as error:
        make_arm(name, shots, n, 0, tmp_path)
    if name == "magic":
        assert all(arm in str(error.value) for arm in (*ARMS, *SANITY))


@pytest.mark.parametrize(
    ("kept", "split", "words"),
    [
        (GOOD, "train", "no shot with a mask"), (TYPES[0], "train", "no good picture"),
        (None, "test", "kept from training"),
    ],
)
def test_sets_that_are_no_shots(kept: str | None, split: str, words: str, shots: DefectSet, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shots.path, tmp_path / "bad"))
    lines = [json.loads(line) for line in (folder / METADATA).read_text().splitlines()]
    chosen = [{**line, "split": split} for line in lines if kept is None or line["defect"] == kept]
    (folder / METADATA).write_text("".join(json.dumps(line) + "\n" for line in chosen))
    with pytest.raises(InputError, match=words):
        make_arm("copy-paste", DefectSet(folder), 1, 0, tmp_path / "work")


def test_a_test_picture_among_the_shots_is_refused(shots: DefectSet, tmp_path: Path) -> None:
    from defectgen.dataset.split import SplitOptions, split_set

    owner = DefectSet(Path(shutil.copytree(shots.path.parent / "owner", tmp_path / "owner")))
    split_set(owner, SplitOptions(by="source"))
    folder = Path(shutil.copytree(owner.path, tmp_path / "shots"))
    lines = [{**json.loads(line), "split": "train"} for line in (folder / METADATA).read_text().splitlines()]
    (folder / METADATA).write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError, match="is a test picture"):
        make_arm("copy-paste", DefectSet(folder), 1, 0, tmp_path / "work")
