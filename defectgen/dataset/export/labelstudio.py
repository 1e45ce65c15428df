"""Label Studio: tasks_<split>.json to import, labeling_config.xml for the project, images/<split>/.

datumaro has no such writer, so this is Label Studio's documented JSON of tasks with annotations. Each connected piece
of a mask is one polygon along its pixel edges, in per cent of the picture, its region named <defect number>-<piece
number>; a box alone is a rectangle, a class alone is a choice, a good picture is a finished annotation without
regions. Pictures are asked for as local files under the folder that DEST lies in (LOCAL_FILES_DOCUMENT_ROOT).
Brush strokes are not written: only Label Studio's own kit encodes them. https://labelstud.io/guide/tasks
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from defectgen.dataset.export.edge import edge_polygon
from defectgen.dataset.export.job import Entry, ExportJob
from defectgen.dataset.instance import Instance, components

__all__ = ["CONFIG", "HINT", "write"]

HINT = "a project with labeling_config.xml as its interface; import tasks_{split}.json"
CONFIG = "labeling_config.xml"
IMAGE = "image"
# type of a region: the name of its control
CONTROLS = {"polygonlabels": "polygon", "rectanglelabels": "box", "choices": "class"}


def write(job: ExportJob) -> None:
    """Tasks are written one by one."""
    _write_config(job)
    for split in job.splits:
        with (job.folder / f"tasks_{split}.json").open("w", encoding="utf-8") as file:
            file.write("[")
            comma = "\n"
            for entry in job.entries(split):
                file.write(comma + json.dumps(_task(job, entry, split), ensure_ascii=False))
                comma = ",\n"
            file.write("\n]\n")


def _write_config(job: ExportJob) -> None:
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", name=IMAGE, value="$image", zoom="true")
    for tag, kind, leaf in (
        ("PolygonLabels", "polygonlabels", "Label"),
        ("RectangleLabels", "rectanglelabels", "Label"),
        ("Choices", "choices", "Choice"),
    ):
        control = ElementTree.SubElement(view, tag, name=CONTROLS[kind], toName=IMAGE)
        if tag == "Choices":
            control.set("choice", "multiple")
        for name in job.classes:
            ElementTree.SubElement(control, leaf, value=name)
    ElementTree.indent(view)
    # without an XML declaration, which Label Studio's own parser refuses in text
    (job.folder / CONFIG).write_text(ElementTree.tostring(view, encoding="unicode") + "\n", encoding="utf-8")


def _task(job: ExportJob, entry: Entry, split: str) -> dict[str, Any]:
    file = job.place_image(entry, f"images/{split}/{entry.stem}")
    place = quote(f"{job.dest_name}/images/{split}/{file.name}")
    record = entry.record
    height, width = entry.hw
    common = {"to_name": IMAGE, "original_width": width, "original_height": height, "image_rotation": 0}
    regions = [
        {"id": name, "from_name": CONTROLS[kind], "type": kind, **common, "value": value}
        for name, kind, value in _regions(entry)
    ]
    data = {"image": f"/data/local-files/?d={place}", "text": record.text, "source": record.source}
    return {"data": data, "annotations": [{"result": regions}]}


def _regions(entry: Entry) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, type and value of each region."""
    if entry.record.annotation == "image":
        yield "1", "choices", {"choices": [entry.record.defect]}
        return
    height, width = entry.hw
    for k, one in enumerate(entry.instances, 1):
        if one.mask is None or not one.mask.any():
            x0, y0, x1, y1 = one.box
            box = {"x": 100 * x0 / width, "y": 100 * y0 / height, "rotation": 0}
            box |= {"width": 100 * (x1 - x0) / width, "height": 100 * (y1 - y0) / height}
            yield str(k), "rectanglelabels", {**box, "rectanglelabels": [one.defect]}
        else:
            for j, points in enumerate(_polygons(one, (height, width)), 1):
                yield f"{k}-{j}", "polygonlabels", {"points": points, "closed": True, "polygonlabels": [one.defect]}


def _polygons(one: Instance, hw: tuple[int, int]) -> Iterator[list[list[float]]]:
    assert one.mask is not None
    for piece in components(one.defect, one.mask):
        assert piece.mask is not None
        corner = (one.box[0] + piece.box[0], one.box[1] + piece.box[1])
        points = (edge_polygon(piece.mask) + corner) * (100 / hw[1], 100 / hw[0])
        yield [[round(float(x), 6), round(float(y), 6)] for x, y in points]
