"""WebDataset shards: <split>-000000.tar with <key>.png (or the picture's own suffix), <key>.mask.png and <key>.json.

The JSON is the whole record; a good counterpart and a map of instances, where there are any, are <key>.good.png and
<key>.instances.png. A key ends at its first dot, so that dots in names become "_". Memory holds one picture, and the
keys of a split.
https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import json
from typing import Any

from defectgen.dataset.export.job import FILES, Entry, ExportJob, need
from defectgen.errors import InputError

__all__ = ["HINT", "write"]

HINT = 'webdataset.WebDataset("{dest}/{split}-000000.tar").decode("pil")'
SHARD_PICTURES, SHARD_BYTES = 10_000, 500 << 20


def write(job: ExportJob) -> None:
    """Write all chosen splits, in the set's order: shuffle when reading."""
    need("webdataset")
    from webdataset import ShardWriter

    job.refuse_link()
    folder = str(job.folder).replace("%", "%%")
    for split in job.splits:
        pattern = f"{folder}/{split.replace('%', '%%')}-%06d.tar"
        shards = ShardWriter(pattern, maxcount=SHARD_PICTURES, maxsize=SHARD_BYTES, verbose=0, mtime=0)
        keys: set[str] = set()
        try:
            for entry in job.entries(split):
                sample = _sample(job, entry)
                if sample["__key__"] in keys:
                    raise InputError(f"two pictures of {split} would both be {sample['__key__']}; rename one of them")
                keys.add(sample["__key__"])
                shards.write(sample)
        finally:
            shards.close()


def _sample(job: ExportJob, entry: Entry) -> dict[str, Any]:
    data, suffix = job.image_bytes(entry)
    sample: dict[str, Any] = {"__key__": entry.stem.replace(".", "_"), suffix[1:]: data}
    for kind in FILES:
        name = getattr(entry.record, f"{kind}_file_name")
        if name is not None:
            file = entry.source.file(name)
            sample[f"{kind}{file.suffix}"] = file.read_bytes()
    record = entry.record.model_dump(mode="json") | {"annotation": entry.record.annotation}
    sample["json"] = json.dumps(record, ensure_ascii=False).encode()
    return sample
