"""Joining: the runs of an arm's types as one set, first samples first, each under the name of its real good picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from defectgen.arm.shots_set import link
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.folder import stem
from defectgen.image import write_picture
from defectgen.record import Record
from defectgen.sample import Sample
from defectgen.sheet import draw_sheet

__all__ = ["GoodPictures", "join"]


@dataclass(frozen=True)
class GoodPictures:
    """A folder of links to the good pictures of the shots. records: of each, by the link's file name."""

    folder: Path
    records: Mapping[str, Record]

    @staticmethod
    def of(shots: DefectSet, records: Sequence[Record], folder: Path) -> GoodPictures:
        """Links that are there already stay."""
        named = {f"{number:06d}{Path(one.file_name).suffix}": one for number, one in enumerate(records)}
        for name, record in named.items():
            link(shots.file(record.file_name), folder / name)
        return GoodPictures(folder, named)


def join(
    runs: Mapping[str, Path], goods: GoodPictures, n: int, out: Path, about: Mapping[str, object]
) -> DefectSet:
    """A set of the first n samples of each run; of a run that kept fewer, all. Their order goes round the types.

    runs: folder of each type. about: added to the manifest, beside how many samples of each type there are.
    """
    kept = {defect: _first(folder, n) for defect, folder in runs.items()}
    with whole_folder(out) as part:
        writer, samples = SetWriter(part), list[Sample]()
        for place in range(n):
            for defect in runs:
                if place < len(kept[defect]):
                    samples.append(_put(writer, runs[defect], kept[defect][place], defect, goods, len(samples)))
        counts = {defect: len(found) for defect, found in kept.items()}
        writer.finish({"kind": "arm", **about, "samples": counts})
        sheet = draw_sheet(part, samples)
        if sheet is not None:
            write_picture(part / "contact_sheet.png", sheet)
    return DefectSet(out)


def _first(folder: Path, n: int) -> list[Sample]:
    return list(_some(folder, n))


def _some(folder: Path, n: int) -> Iterator[Sample]:
    for number, record in enumerate(DefectSet(folder).records()):
        if number == n:
            return
        assert isinstance(record, Sample)
        yield record


def _put(
    writer: SetWriter, folder: Path, sample: Sample, defect: str, goods: GoodPictures, number: int
) -> Sample:
    name, good = stem(number), goods.records[sample.source]
    files = {"file_name": "images", "mask_file_name": "masks", "good_file_name": "good"}
    for field, kind in files.items():
        link(folder / getattr(sample, field), writer.path / kind / f"{name}.png")
    record = sample.model_copy(update={
        **{field: f"{kind}/{name}.png" for field, kind in files.items()},
        "defect": defect, "labels": (defect,) * len(sample.boxes), "material": good.material, "split": "train",
        "group": good.group, "source": good.source, "source_sha256": good.source_sha256, "index": number,
    })  # fmt: skip
    writer.put_record(record)
    return record
