"""Parquet shards: data/<split>-00000-of-00002.parquet with the pictures' own bytes inside, and a dataset card.

The schema carries the `datasets` features, so that `load_dataset` gives PIL pictures; any other reader finds a struct
of bytes and path. Memory holds one row group.
"""

from __future__ import annotations

from typing import Any

from defectgen.dataset.export.card import write_card
from defectgen.dataset.export.job import Entry, ExportJob, need
from defectgen.dataset.export.row import HF_SPLIT, features, picture_columns, plain_fields

__all__ = ["HINT", "write"]

HINT = 'datasets.load_dataset("{dest}")'
GROUP_ROWS, GROUP_BYTES = 100, 32 << 20
SHARD_BYTES = 500 << 20


def write(job: ExportJob) -> None:
    """Write all chosen splits, then the card."""
    need("datasets")
    job.refuse_link()
    (job.folder / "data").mkdir()
    files = {}
    for split in job.splits:
        name = HF_SPLIT.get(split, split)
        shards = _Shards(job, name)
        try:
            for entry in job.entries(split):
                shards.put(_row(job, entry))
        finally:
            shards.close()
        shards.number()
        files[name] = f"data/{name}-*"
    write_card(job, files)


def _row(job: ExportJob, entry: Entry) -> dict[str, Any]:
    row = plain_fields(entry.record)
    data, suffix = job.image_bytes(entry)
    row["image"] = {"bytes": data, "path": entry.stem + suffix}
    for kind in picture_columns(job):
        source = getattr(entry.record, f"{kind}_file_name")
        row[kind] = None
        if source is not None:
            file = entry.source.file(source)
            row[kind] = {"bytes": file.read_bytes(), "path": f"{entry.stem}_{kind}{file.suffix}"}
    return row


class _Shards:
    """The files of one split, numbered once it is known how many there are."""

    def __init__(self, job: ExportJob, split: str) -> None:
        self._folder, self._split = job.folder / "data", split
        self._schema = features(job).arrow_schema
        self._rows: list[dict[str, Any]] = []
        self._group = self._shard = self._count = 0
        self._writer: Any = None
        self._open()

    def _open(self) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(self._folder / f"{self._split}-{self._count:05d}.part", self._schema)
        self._count, self._shard = self._count + 1, 0

    def put(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self._group += sum(len(value["bytes"]) for value in row.values() if isinstance(value, dict))
        if len(self._rows) >= GROUP_ROWS or self._group >= GROUP_BYTES:
            self._flush()
            if self._shard >= SHARD_BYTES:
                self._writer.close()
                self._open()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._shard += self._group
        self._rows, self._group = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def number(self) -> None:
        for k in range(self._count):
            name = f"{self._split}-{k:05d}"
            (self._folder / f"{name}.part").rename(self._folder / f"{name}-of-{self._count:05d}.parquet")
