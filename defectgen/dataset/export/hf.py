"""A Hugging Face imagefolder with splits: data/<split>/{images,masks,...} with metadata.parquet, and a dataset card.

`datasets` takes its columns' types from the first lines of each split's table and wants them alike in all of them; a
typed table keeps that true where a split has no mask or no box. val is called validation, as the hub does.
"""

from __future__ import annotations

from typing import Any

from defectgen.dataset.export.card import write_card
from defectgen.dataset.export.job import Entry, ExportJob, need
from defectgen.dataset.export.row import HF_SPLIT, features, picture_columns, plain_fields

__all__ = ["HINT", "write"]

HINT = 'datasets.load_dataset("{dest}")'
BATCH = 1000


def write(job: ExportJob) -> None:
    """Write all chosen splits, then the card."""
    need("datasets")
    files = {}
    for split in job.splits:
        name = HF_SPLIT.get(split, split)
        _write_split(job, split, f"data/{name}")
        files[name] = f"data/{name}/**"
    write_card(job, files)


def _write_split(job: ExportJob, split: str, place: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(job)
    (job.folder / place).mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(job.folder / place / "metadata.parquet", schema) as table:
        for entry in job.entries(split):
            rows.append(_row(job, entry, place))
            if len(rows) == BATCH:
                table.write_table(pa.Table.from_pylist(rows, schema))
                rows.clear()
        table.write_table(pa.Table.from_pylist(rows, schema))


def _schema(job: ExportJob) -> Any:
    """The columns, with a file name in the place of each picture."""
    from datasets import Features, Image, Value

    named = {}
    for name, kind in features(job).items():
        if isinstance(kind, Image):
            named["file_name" if name == "image" else f"{name}_file_name"] = Value("string")
        else:
            named[name] = kind
    return Features(named).arrow_schema.remove_metadata()


def _row(job: ExportJob, entry: Entry, place: str) -> dict[str, Any]:
    row = plain_fields(entry.record)
    image = job.place_image(entry, f"{place}/images/{entry.stem}")
    row["file_name"] = f"images/{image.name}"
    for kind in picture_columns(job):
        source = getattr(entry.record, f"{kind}_file_name")
        if source is not None:
            file = entry.source.file(source)
            folder = {"mask": "masks"}.get(kind, kind)
            row[f"{kind}_file_name"] = f"{folder}/{entry.stem}{file.suffix}"
            job.place_file(file, f"{place}/{folder}/{entry.stem}{file.suffix}")
        else:
            row[f"{kind}_file_name"] = None
    return row
