"""The audit as a whole: what it refuses, what it never uses, and a report that reads back as it was written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from defectgen.blocked import Blocked
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.errors import InputError
from defectgen.metric.audit import AuditOptions, audit, parse_views
from defectgen.metric.intake import check_apart, take_in
from defectgen.metric.result import SCHEMA, AuditReport
from tests.metric.audit_sets import write_set
from tests.metric.small_report import small_report


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A set with good twins, real pictures of which some are test pictures, and training pictures."""
    top = tmp_path_factory.mktemp("audit")
    return {
        "synth": write_set(top / "synth", 24, 1, twins=True),
        "real": write_set(top / "real", 28, 2, test=4, good=6),
        "train": write_set(top / "train", 24, 3),
    }


@pytest.fixture(scope="module")
def report(folders: dict[str, Path]) -> AuditReport:
    return small_report(folders["synth"], folders["real"], folders["train"], classifier="auto", compat="magic")


def test_every_stage_leaves_its_part(report: AuditReport) -> None:
    assert {one.view for one in report.scores if one.value} == {"image", "window", "mask"}
    assert {one.kind for one in report.neighbours} == {"nearest", "farthest", "missed"}
    assert {one.measure for one in report.distributions if one.defect is None} == {"size", "aspect", "contrast"}
    assert {one.defect for one in report.label_truth} == {None, "pit", "crack"}
    assert report.drift is not None and report.drift.changed_share.value == 0
    assert report.copies_against is not None and report.protocol is not None and report.probes
    assert any(one.metric.startswith("IS-domain") for one in report.scores)


def test_numbers_carry_what_makes_them_again(report: AuditReport) -> None:
    for one in report.scores:
        assert one.n_set > 0 and one.fingerprint == 0 and (one.value is None) == (one.refused is not None)
    leading = [one for one in report.scores if one.leading]
    assert leading and all(one.floor is not None and one.value is not None for one in leading)


def test_test_pictures_are_never_a_reference(folders: dict[str, Path], report: AuditReport) -> None:
    assert report.real.defective == 24 and report.real.left_out == {"test split": 4}
    held = {record.file_name for record in DefectSet(folders["real"]).records() if record.split == "test"}
    shown = {one.name if one.kind == "missed" else one.other for one in report.neighbours}
    assert held and not held & shown
    assert max(one.n_real for one in report.scores) <= 24 + 6


def test_the_report_reads_back_as_it_was_written(report: AuditReport) -> None:
    assert AuditReport.model_validate_json(report.model_dump_json()) == report


def test_the_schema_is_pinned() -> None:
    """Names and types of every field: a change needs a new SCHEMA and a new file."""
    pinned = Path(__file__).with_name("audit_schema.json")
    assert AuditReport.model_fields["schema_version"].default == SCHEMA
    assert shape_of(AuditReport.model_json_schema()) == json.loads(pinned.read_text("utf-8"))


def shape_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Each part's fields with their types, without titles and descriptions."""
    parts = {"AuditReport": schema, **schema["$defs"]}
    return {name: {field: kind(of) for field, of in part["properties"].items()} for name, part in parts.items()}


def kind(of: dict[str, Any]) -> str:
    if "$ref" in of:
        return str(of["$ref"]).rpartition("/")[2]
    if "anyOf" in of:
        return " or ".join(sorted(kind(one) for one in of["anyOf"]))
    if "prefixItems" in of:
        return f"[{', '.join(kind(one) for one in of['prefixItems'])}]"
    if "additionalProperties" in of:
        return f"{{{kind(of['additionalProperties'])}}}"
    inner = f" of {kind(of['items'])}" if isinstance(of.get("items"), dict) and of["items"] else ""
    return f"{of['type']}{inner}" + (f" in {of['enum']}" if "enum" in of else "")


def test_one_odd_file_is_left_out_and_listed(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", 6, 1, twins=True)
    (folder / "images/000000.png").write_bytes(b"no picture")
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "masks/000001.png")
    (folder / "good/000002.png").unlink()
    intake = take_in(folder, "SET", Blocked())
    assert intake.side.left_out == {"cannot be read": 2} and len(intake.collection) == 4
    assert len(intake.side.problems) == 3 and intake.side.with_good == 3
    with pytest.raises(InputError, match="not an image"):
        take_in(folder, "SET", Blocked(), strict=True)


def test_mixed_sizes_and_channels_are_noted(tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k, size in enumerate([(40, 50, 3), (40, 50), (64, 64, 3)]):
        Image.fromarray(rng.integers(0, 255, size, np.uint8)).save(folder / f"{k}.png")
    notes = take_in(folder, "REAL", Blocked()).notes
    assert "REAL mixes sizes: 50x40 (2), 64x64 (1)" in notes[0] and "channel" in notes[1]


def test_pictures_that_a_split_blocks_are_no_reference(tmp_path: Path) -> None:
    known = write_set(tmp_path / "known", 20, 5)
    split_set(DefectSet(known), SplitOptions(by="source"))
    blocked = Blocked.load([known])
    plain = tmp_path / "plain"
    shutil.copytree(known / "images", plain)
    intake = take_in(plain, "REAL", blocked)
    assert intake.side.left_out["blocked by a known split"] == len(blocked) > 0
    assert len(intake.test) == len(blocked)


def test_the_same_pictures_are_refused(tmp_path: Path) -> None:
    one, other = write_set(tmp_path / "one", 6, 1), write_set(tmp_path / "other", 6, 1)
    with pytest.raises(InputError, match="6 of 6 pictures"):
        check_apart(take_in(one, "SET", Blocked()), take_in(other, "REAL", Blocked()))
    mixed, third = tmp_path / "mixed", write_set(tmp_path / "third", 4, 9)
    shutil.copytree(third / "images", mixed)
    shutil.copy(one / "images/000000.png", mixed / "taken.png")
    note = check_apart(take_in(mixed, "SET", Blocked()), take_in(other, "REAL", Blocked()))
    assert note is not None and note.startswith("1 of 5 pictures of SET")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"real": "set"}, "the same folder"),
        ({"real": "nowhere"}, "not a folder"),
        ({"resamples": 5}, "at least 100"),
        ({"weights": Path("nowhere.pt")}, "not a file"),
        ({"compat": "nobody"}, "nobody"),
        ({"features": "resnet"}, "unknown features"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    write_set(tmp_path / "set", 4, 1)
    write_set(tmp_path / "other", 4, 2)
    given = {"synth": tmp_path / "set", "real": tmp_path / "other", **change}
    given["real"] = tmp_path / given["real"]
    with pytest.raises(InputError, match=said):
        audit(AuditOptions(**given))


def test_views_are_read() -> None:
    assert parse_views("mask, image") == ("image", "mask")
    with pytest.raises(InputError, match="unknown view 'face'"):
        parse_views("image,face")
