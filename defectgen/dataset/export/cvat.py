"""CVAT for images 1.1: <split>.xml beside images/<split>/, written by datumaro.

A masked defect is a mask shape (exact run lengths), a box alone is a box, a class alone is a tag on the picture, a good
picture has nothing. In CVAT: one task a split from images/<split>/, then upload <split>.xml as "CVAT 1.1" annotations.
datumaro's writer takes the pictures one by one from a stream; pictures are put there by us, byte for byte.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from defectgen.dataset.export.job import Entry, ExportJob, need

__all__ = ["HINT", "write"]

HINT = 'datumaro.Dataset.import_from("{dest}", "cvat")'


def write(job: ExportJob) -> None:
    """One XML file a split."""
    need("datumaro")
    logging.getLogger("datumaro").setLevel(logging.ERROR)
    from datumaro.components.media import Image
    from datumaro.plugins.data_formats.cvat.exporter import CvatExporter

    class Subsets:
        """As much of a datumaro dataset as its writer asks for."""

        def media_type(self) -> Any:
            return Image

        def subsets(self) -> dict[str, _Subset]:
            return {split: _Subset(job, split) for split in job.splits}

    CvatExporter(Subsets(), str(job.folder), save_media=False).apply()


class _Subset:
    """One split as datumaro items, made while they are asked for."""

    def __init__(self, job: ExportJob, split: str) -> None:
        self._job, self._split = job, split

    def __len__(self) -> int:
        return sum(n for (split, _), n in self._job.census.pictures.items() if split == self._split)

    def categories(self) -> dict[Any, Any]:
        from datumaro.components.annotation import AnnotationType, LabelCategories

        return {AnnotationType.label: LabelCategories.from_iterable(self._job.classes)}

    def __iter__(self) -> Iterator[Any]:
        from datumaro.components.dataset_base import DatasetItem
        from datumaro.components.media import Image

        for entry in self._job.entries(self._split):
            file = self._job.place_image(entry, f"images/{self._split}/{entry.stem}")
            media = Image.from_file(path=str(file), size=entry.hw)
            yield DatasetItem(entry.stem, subset=self._split, media=media, annotations=_annotations(self._job, entry))


def _annotations(job: ExportJob, entry: Entry) -> list[Any]:
    from datumaro.components.annotation import Bbox, Label, Mask

    if entry.record.annotation == "image":
        return [Label(job.classes.index(entry.record.defect))]
    shapes: list[Any] = []
    for one in entry.instances:
        number = job.classes.index(one.defect)
        x0, y0, x1, y1 = one.box
        if one.mask is None or not one.mask.any():
            shapes.append(Bbox(x0, y0, x1 - x0, y1 - y0, label=number))
        else:
            whole = np.zeros(entry.hw, np.uint8)
            whole[one.window] = one.mask
            shapes.append(Mask(whole, label=number))
    return shapes
