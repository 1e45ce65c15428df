"""One picture as a row of a table that Hugging Face `datasets` reads: what the columns are called and what they hold.

Pictures are Image columns (image, mask, and good and instances where the set has any); the fields that only generated
samples have go together into `extra`, as JSON. A good picture and one without a known mask have none (null).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from defectgen.dataset.export.job import FILES, ExportJob
from defectgen.record import Record

if TYPE_CHECKING:
    import datasets

__all__ = ["HF_SPLIT", "features", "picture_columns", "plain_fields"]

HF_SPLIT = {"val": "validation"}


def picture_columns(job: ExportJob) -> list[str]:
    """The columns beside `image` that hold pictures: the mask always, the others where the set has any."""
    return [kind for kind in FILES if kind == "mask" or job.census.files[kind]]


def features(job: ExportJob) -> datasets.Features:
    """The columns and their types."""
    from datasets import Features, Image, List, Value

    text, whole = Value("string"), Value("int64")
    pictures = {name: Image() for name in ("image", *picture_columns(job))}
    return Features(
        pictures
        | {"text": text, "defect": text, "annotation": text, "material": text, "boxes": List(List(whole))}
        | {"labels": List(text), "group": text, "source": text, "source_sha256": text, "licence": text, "extra": text}
    )


def plain_fields(record: Record) -> dict[str, Any]:
    """The row without its pictures."""
    fields = record.model_dump(mode="json")
    known = set(Record.model_fields)
    extra = {name: value for name, value in fields.items() if name not in known}
    kept = ("text", "defect", "material", "boxes", "group", "source", "source_sha256", "licence")
    return {name: fields[name] for name in kept} | {
        "annotation": record.annotation,
        "labels": list(record.box_labels),
        "extra": json.dumps(extra, ensure_ascii=False) if extra else None,
    }
