"""What holds of every import: nothing is lost, nothing is counted twice, nothing is half-written."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.importer import DROPPED, NOTES, import_set
from defectgen.dataset.item import ImportOptions
from defectgen.errors import DefectgenError, InputError, OutputError
from defectgen.image import read_picture
from tests.dataset.pictures import put_mask, put_picture


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Good, crack and dent pictures with masks; one of each kind that must be dropped."""
    root = tmp_path / "source"
    for k in range(3):
        put_picture(root / f"good/{k}.png", k)
        put_picture(root / f"crack/{k}.jpg", 10 + k)
        put_mask(root / f"masks/crack/{k}.png", (2, 3, 9 + k, 7), (20, 20, 23, 28))
    put_picture(root / "dent/0.bmp", 20)
    put_mask(root / "masks/dent/0.png", (1, 1, 30, 5))
    put_picture(root / "dent/empty.png", 21)
    put_mask(root / "masks/dent/empty.png")
    put_picture(root / "dent/small.png", 22)
    put_mask(root / "masks/dent/small.png", (1, 1, 3, 3), size=(20, 20))
    (root / "dent/cut.png").write_bytes((root / "dent/small.png").read_bytes()[:200])
    shutil.copy(root / "good/0.png", root / "good/again.png")
    return root


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.parent.iterdir() if path.name.lstrip(".").startswith(folder.name)]


def test_every_picture_is_kept_or_listed(source: Path, tmp_path: Path) -> None:
    counts = import_set("folder", source, tmp_path / "set").counts
    dropped = lines(tmp_path / "set" / DROPPED)
    assert counts.before == 11
    assert counts.before == counts.kept + len(dropped)
    assert Counter(line["reason"] for line in dropped) == counts.dropped
    assert counts.dropped == {"empty mask": 1, "size mismatch": 1, "unreadable": 1, "duplicate": 1}
    assert counts.defects == {"good": 3, "crack": 3, "dent": 1}
    names = [record.source for record in DefectSet(tmp_path / "set").records()] + [line["name"] for line in dropped]
    assert sorted(names) == sorted(
        path.relative_to(source).as_posix() for path in source.rglob("*.*") if "masks" not in path.parts
    )


def test_manifest_says_what_was_done(source: Path, tmp_path: Path) -> None:
    options = ImportOptions({"crack": "fissure"}, frozenset({"9"}), "steel", "CC-BY-4.0")
    result = import_set("auto", source, tmp_path / "set", options)
    manifest = DefectSet(tmp_path / "set").manifest
    assert (manifest["kind"], manifest["layout"], manifest["why"]) == ("import", "folder", result.why)
    assert manifest["options"]["classes"] == {"crack": "fissure"}
    assert manifest["licences"] == {"CC-BY-4.0": result.counts.kept}
    assert manifest["counts"]["kept"] == result.counts.kept
    texts = {record.text for record in DefectSet(tmp_path / "set").records()}
    assert texts == {"good steel", "fissure on steel", "dent on steel"}


def test_masks_and_instances_come_back(source: Path, tmp_path: Path) -> None:
    import_set("folder", source, tmp_path / "set")
    one = DefectSet(tmp_path / "set")
    for record in one.records():
        mask = one.mask(record)
        if record.defect == "good":
            assert mask is None and not record.boxes
            continue
        assert mask is not None
        expected = np.asarray(Image.open(source / "masks" / f"{Path(record.source).with_suffix('')}.png")) > 0
        assert (mask == expected).all()
        assert set(np.unique(read_picture(one.path / str(record.mask_file_name), 1).pixels)) <= {0, 255}
        instances = one.instances(record)
        assert (record.instances_file_name is not None) == (len(instances) > 1)
        for instance in instances:
            assert instance.mask is not None
            assert instance.mask.any(axis=0).all() and instance.mask.any(axis=1).all()
        assert sum(instance.area for instance in instances) == mask.sum()


def test_any_number_of_workers_writes_the_same(source: Path, tmp_path: Path) -> None:
    for workers in (1, 3):
        import_set("folder", source, tmp_path / f"set{workers}", workers=workers)
    assert tree(tmp_path / "set1") == tree(tmp_path / "set3")


def test_names_that_trip_file_systems(tmp_path: Path) -> None:
    root = tmp_path / "source"
    names = ["good/a.png", "good/A.png", "good/ä ö.png", "good/日本.png", "scratch 1/a.png", "scratch 1/x y.png"]
    for seed, name in enumerate(names):
        put_picture(root / name, seed)
    result = import_set("folder", root, tmp_path / "set")
    records = list(DefectSet(tmp_path / "set").records())
    assert sorted(record.source for record in records) == sorted(names)
    assert [record.file_name for record in records] == [f"images/{k:06d}.png" for k in range(result.counts.kept)]
    assert len({record.group for record in records}) == len(names)


def test_same_file_with_two_annotations_is_not_kept(tmp_path: Path) -> None:
    root = tmp_path / "source"
    put_picture(root / "good/a.png", 1)
    for name in ("crack/b.png", "crack/c.png", "dent/d.png"):
        put_picture(root / name, 2)
    counts = import_set("folder", root, tmp_path / "set").counts
    dropped = lines(tmp_path / "set" / DROPPED)
    conflicts = {line["name"] for line in dropped if line["reason"] == "annotation conflict"}
    assert conflicts == {"crack/b.png", "dent/d.png"}
    assert counts.before == 4 == counts.kept + len(dropped)
    assert counts.defects == {"good": 1}
    assert [record.source for record in DefectSet(tmp_path / "set").records()] == ["good/a.png"]
    assert len(list((tmp_path / "set/images").iterdir())) == 1


def test_groups_come_from_the_expression(source: Path, tmp_path: Path) -> None:
    import_set("folder", source, tmp_path / "set", ImportOptions(group_by=r"(\d)\."))
    for record in DefectSet(tmp_path / "set").records():
        assert record.group == Path(record.source).stem


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ImportOptions(group_by="("), "no regular expression"),
        (ImportOptions(group_by="zzz"), "matches none of 7 names"),
        (ImportOptions(strict=True), "--strict takes all or nothing"),
    ],
)
def test_options_that_cannot_be_met_write_nothing(
    source: Path, tmp_path: Path, options: ImportOptions, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        import_set("folder", source, tmp_path / "set", options)
    assert not leftovers(tmp_path / "set")


def test_strict_takes_duplicates(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put_picture(tmp_path / f"source/good/{name}.png")
    counts = import_set("folder", tmp_path / "source", tmp_path / "set", ImportOptions(strict=True)).counts
    assert (counts.kept, counts.dropped) == (1, {"duplicate": 1})


def test_nothing_usable_writes_nothing(tmp_path: Path) -> None:
    put_picture(tmp_path / "source/crack/a.png")
    put_mask(tmp_path / "source/masks/crack/a.png")
    with pytest.raises(InputError, match=r"no picture of .* can be used \(1 empty mask\); the first is crack/a.png"):
        import_set("folder", tmp_path / "source", tmp_path / "set")
    (tmp_path / "bare/good").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no picture of layout folder"):
        import_set("folder", tmp_path / "bare", tmp_path / "set")
    assert not leftovers(tmp_path / "set")


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_stopped_import_leaves_nothing(source: Path, tmp_path: Path, error: BaseException) -> None:
    def stop(kept: int, dropped: int) -> None:
        if kept == 3:
            raise error

    with pytest.raises((KeyboardInterrupt, OutputError)):
        import_set("folder", source, tmp_path / "set", watch=stop)
    assert not leftovers(tmp_path / "set")


def test_overwriting_is_asked_for_and_whole(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    import_set("folder", source, folder)
    before = tree(folder)
    with pytest.raises(OutputError, match="--overwrite"):
        import_set("folder", source, folder)
    with pytest.raises(InputError):
        import_set("folder", source, folder, ImportOptions(strict=True), overwrite=True)
    assert tree(folder) == before
    shutil.rmtree(source / "crack")
    import_set("folder", source, folder, overwrite=True)
    assert len(DefectSet(folder)) == 4


def test_places_that_cannot_be_imported(source: Path, tmp_path: Path) -> None:
    import_set("folder", source, tmp_path / "set")
    for place, target, message in [
        (tmp_path / "set", tmp_path / "new", "a defect set already"),
        (source, source / "set", "lies in"),
        (tmp_path / "absent", tmp_path / "new", "does not exist"),
        (source / "good/0.png", tmp_path / "new", "is a file; expected a folder"),
    ]:
        with pytest.raises(DefectgenError, match=message) as caught:
            import_set("folder", place, target)
        assert "\n" not in str(caught.value)
        assert not target.exists()


def test_links_that_lead_out_are_refused(source: Path, tmp_path: Path) -> None:
    outside = put_picture(tmp_path / "secret.png", 99)
    (source / "good/inside.png").symlink_to(source / "good/1.png")
    import_set("folder", source, tmp_path / "set")
    for name, target in (("good/leak.png", outside), ("deep", tmp_path), ("good/gone.png", tmp_path / "nowhere")):
        link = source / name
        link.symlink_to(target)
        with pytest.raises(InputError, match=f"{link} is a link to"):
            import_set("folder", source, tmp_path / "new")
        link.unlink()
    assert not leftovers(tmp_path / "new")


def test_notes_are_counted_and_listed(source: Path, tmp_path: Path) -> None:
    put_picture(source / "dent/bare.png", 30)
    counts = import_set("folder", source, tmp_path / "set").counts
    notes = lines(tmp_path / "set" / NOTES)
    assert counts.notes == len(notes) == 1
    assert notes[0]["name"] == "dent/bare.png"
    assert (tmp_path / "set" / notes[0]["file_name"]).is_file()
