"""labelme: shapes become the pixels they cover, and a picture without a file means what the folders say."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.instance import union
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout import labelme
from defectgen.dataset.layout.ball_screw import places
from defectgen.errors import InputError

HW = (60, 80)
SQUARE = [[10, 20], [30, 20], [30, 40], [10, 40]]


def shape(points: Any = SQUARE, label: str = "Pit", kind: str = "polygon", **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}} | more


def put(root: Path, picture: str, drawing: str | None = None, *shapes: dict[str, Any], **more: Any) -> None:
    path = root / picture
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(HW, 120, np.uint8)).save(path)
    if drawing is not None:
        (root / drawing).parent.mkdir(parents=True, exist_ok=True)
        whole: dict[str, Any] = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imageData": None}
        size = {"imagePath": f"..\\{path.name}", "imageHeight": HW[0], "imageWidth": HW[1]}
        (root / drawing).write_text(json.dumps(whole | size | more))


def read(root: Path, *shapes: dict[str, Any], options: ImportOptions | None = None, **more: Any) -> Labels:
    put(root, "a.png", "a.json", *shapes, **more)
    (found,) = labelme.find(root, options or ImportOptions())
    assert isinstance(found, Found)
    return found.read(HW)


def test_polygon_covers_its_outline(tmp_path: Path) -> None:
    (pit,) = read(tmp_path, shape()).instances
    assert (pit.defect, pit.box, pit.area) == ("pit", (10, 20, 31, 41), 21 * 21)


def test_rectangle_is_the_polygon_of_its_corners(tmp_path: Path) -> None:
    both = read(tmp_path, shape(), shape([[30, 40], [10, 20]], "other", "rectangle")).instances
    assert (both[0].box, both[0].area) == (both[1].box, both[1].area)


def test_circle_has_its_area(tmp_path: Path) -> None:
    (pit,) = read(tmp_path, shape([[40, 30], [40, 45]], kind="circle")).instances
    assert pit.area == pytest.approx(np.pi * 15**2, rel=0.1)


@pytest.mark.parametrize("kind", ["line", "linestrip"])
def test_lines_are_three_pixels_wide(tmp_path: Path, kind: str) -> None:
    (scratch,) = read(tmp_path, shape([[10, 30], [59, 30]], "scratch", kind)).instances
    assert scratch.box == (10, 29, 60, 32)


def test_embedded_mask_is_exact(tmp_path: Path, rng: np.random.Generator) -> None:
    patch = rng.random((9, 12)) < 0.5
    patch[0, 0] = patch[-1, -1] = True
    buffer = io.BytesIO()
    Image.fromarray(patch).save(buffer, "PNG")
    coded = base64.b64encode(buffer.getvalue()).decode()
    labels = read(tmp_path, shape([[5, 6], [16, 14]], kind="mask", mask=coded))
    assert (union(labels.instances, HW)[6:15, 5:17] == patch).all() and labels.instances[0].area == patch.sum()


def test_shapes_of_one_group_are_one_instance(tmp_path: Path) -> None:
    far = [[60, 5], [70, 5], [70, 12]]
    assert len(read(tmp_path, shape(), shape(far)).instances) == 2
    (both,) = read(tmp_path, shape(group_id=3), shape(far, group_id=3)).instances
    assert both.box == (10, 5, 71, 41)


def test_clipped_with_a_note(tmp_path: Path) -> None:
    labels = read(tmp_path, shape([[70, 50], [95, 50], [95, 75], [70, 75]]))
    assert labels.instances[0].box == (70, 50, 80, 60)
    assert list(labels.notes) == ["polygon 'Pit' clipped to the picture"]


def test_points_are_noted_and_never_make_a_picture_good(tmp_path: Path) -> None:
    dot = shape([[4, 4]], kind="point")
    labels = read(tmp_path, shape(), dot)
    assert len(labels.instances) == 1 and len(labels.notes) == 1
    with pytest.raises(DropError, match="points alone"):
        read(tmp_path, dot)


@pytest.mark.parametrize(
    ("one", "more", "reason"),
    [
        (shape([[90, 5], [99, 5], [99, 20]]), {}, "outside image"),
        (shape([[1e9, 5], [99, 5], [99, 20]]), {}, "outside image"),
        (shape(SQUARE[:2]), {}, "unreadable"),
        (shape(kind="star"), {}, "unreadable"),
        (shape([[5, 6], [16, 14]], kind="mask", mask="no base64!"), {}, "unreadable"),
        (shape(), {"imageWidth": 81}, "size mismatch"),
        (shape("nowhere"), {}, "unreadable"),
    ],
)
def test_reasons(tmp_path: Path, one: dict[str, Any], more: dict[str, Any], reason: str) -> None:
    with pytest.raises(DropError) as caught:
        read(tmp_path, one, **more)
    assert caught.value.reason == reason and "\n" not in str(caught.value)


def test_truncated_json_drops_its_picture_alone(tmp_path: Path) -> None:
    put(tmp_path, "data/a.png", "label/a.json", shape())
    put(tmp_path, "data/b.png", "label/b.json", shape())
    path = tmp_path / "label" / "a.json"
    path.write_text(path.read_text()[:80])
    broken, whole = labelme.find(tmp_path, ImportOptions())
    assert isinstance(broken, Found) and isinstance(whole, Found)
    assert len(whole.read(HW).instances) == 1
    with pytest.raises(DropError, match=r"unreadable: a\.json"):
        broken.read(HW)


def test_parallel_folders_a_missing_file_means_good(tmp_path: Path) -> None:
    put(tmp_path, "data/a.png", "label/a.json", shape())
    put(tmp_path, "data/b.png")
    assert labelme.recognise(tmp_path) == (
        "data holds pictures and label labelme's JSON; the 1 pictures without one count as good"
    )
    bad, good = labelme.find(tmp_path, ImportOptions())
    assert isinstance(bad, Found) and isinstance(good, Found)
    assert (bad.defect, good.defect) == (None, "good") and not good.read(HW).instances


def test_beside_a_missing_file_means_not_annotated(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "a.json", shape())
    put(tmp_path, "b.png")
    put(tmp_path, "good/c.png")
    assert labelme.recognise(tmp_path) is not None
    kinds = {each.name: each for each in labelme.find(tmp_path, ImportOptions())}
    assert isinstance(kinds["b.png"], Dropped) and kinds["b.png"].reason == "no annotation"
    assert isinstance(kinds["good/c.png"], Found) and kinds["good/c.png"].defect == "good"


def test_astray_files(tmp_path: Path) -> None:
    put(tmp_path, "data/a.png", "label/a.json", shape())
    put(tmp_path, "data/renamed.png", "label/other.json", shape())
    put(tmp_path, "data/case.png", "label/Case.json", shape(), imagePath="Case.png")
    put(tmp_path, "data/twin.png", "label/twin.json", shape())
    put(tmp_path, "data/twin.jpg")
    kinds = {each.name: each for each in labelme.find(tmp_path, ImportOptions())}
    assert {name: each.reason for name, each in kinds.items() if isinstance(each, Dropped)} == {
        "data/case.png": "annotation conflict",
        "data/twin.jpg": "annotation conflict",
        "label/Case.json": "image missing",
    }
    renamed = kinds["data/renamed.png"]
    assert isinstance(renamed, Found) and len(renamed.read(HW).instances) == 1


def test_labels_are_renamed_and_ignored(tmp_path: Path) -> None:
    labels = read(
        tmp_path,
        *(shape(label=name) for name in ("Pit", "oil", "good", "__ignore__")),
        options=ImportOptions(classes={"Pit": "cavity"}, ignore=frozenset({"oil"})),
    )
    assert [each.defect for each in labels.instances] == ["cavity"]


def test_other_json_is_not_recognised(tmp_path: Path) -> None:
    put(tmp_path, "images/a.png")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances.json").write_text('{"images": [], "annotations": []}')
    assert labelme.recognise(tmp_path) is None
    (tmp_path / "annotations" / "instances.json").unlink()
    with pytest.raises(InputError, match="holds no JSON"):
        list(labelme.find(tmp_path, ImportOptions()))


def test_places_on_a_ball_screw() -> None:
    views = ["395000_270_crop_1", "397500_315_crop_2", "430000_180_crop_1"]
    stems = [f"01_20090716570{k}_{view}" for k, view in enumerate(views)]
    groups = places([*stems, "KGT2-V-318-A08_crop_3", "photo"])
    assert groups[stems[0]] == groups[stems[1]] != groups[stems[2]]
    assert groups["KGT2-V-318-A08_crop_3"] == "KGT2-A08" and "photo" not in groups


@pytest.mark.data
def test_real_set(real_data: Path) -> None:
    found = [each for each in labelme.find(real_data / "bsdata", ImportOptions()) if isinstance(each, Found)]
    assert len(found) == 514 and sum(each.defect == "good" for each in found) == 120
    assert all(each.group is not None for each in found)
