"""MVTec AD's layout: train/good, test/good, test/<defect> and ground_truth/<defect>/<id>_mask.png.

Training pictures are good ones only, so a defective picture of any split goes to test, and that is noted; a good one
goes to train/good from the train split and from an unsplit set, else to test/good. Several types on one picture make
it "combined", as in MVTec. Folder names are the defect types made safe; both are in the export's own record.
Layout: Bergmann et al., MVTec AD, CVPR 2019.
"""

from __future__ import annotations

import re

from defectgen.dataset.export.job import Entry, ExportJob
from defectgen.record import GOOD, UNSPLIT

__all__ = ["COMBINED", "HINT", "folder_names", "write"]

HINT = 'anomalib.data.MVTecAD(root="{parent}", category="{name}")'
COMBINED = "combined"
UNSAFE = re.compile(r'[\s/\\:*?"<>|\x00-\x1f]+')


def write(job: ExportJob) -> None:
    """One pass over all chosen splits."""
    job.folder_names = folder_names(job.classes)
    (job.folder / "train" / GOOD).mkdir(parents=True)
    (job.folder / "test" / GOOD).mkdir(parents=True)
    for entry in job.entries():
        if entry.record.annotation in ("image", "box"):
            job.leave_out(entry, "no mask: mvtec needs masks")
        elif entry.record.annotation == "good":
            half = "train" if entry.record.split in ("train", UNSPLIT) else "test"
            job.place_image(entry, f"{half}/{GOOD}/{entry.stem}")
        else:
            _put_defective(job, entry)
    _note_halves(job)


def _put_defective(job: ExportJob, entry: Entry) -> None:
    name = job.folder_names[entry.types[0]] if len(entry.types) == 1 else COMBINED
    job.place_image(entry, f"test/{name}/{entry.stem}")
    assert entry.record.mask_file_name is not None
    job.place_file(entry.source.file(entry.record.mask_file_name), f"ground_truth/{name}/{entry.stem}_mask.png")
    if entry.record.split in ("train", "val"):
        job.note(f"defective pictures of {entry.record.split} put in test, since mvtec trains on good ones", 1)


def _note_halves(job: ExportJob) -> None:
    for half in ("train", "test"):
        if not any((job.folder / half / GOOD).iterdir()):
            job.note(f"{half}/good is empty: a benchmark needs good pictures there; see defectgen split")


def folder_names(classes: tuple[str, ...]) -> dict[str, str]:
    """A folder name for each type: blanks and what file systems refuse become "_", and no two differ by case only."""
    names: dict[str, str] = {}
    taken = {GOOD, COMBINED}
    for defect in classes:
        plain = name = UNSAFE.sub("_", defect).strip("._") or "defect"
        number = 2
        while name.casefold() in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name.casefold())
        names[defect] = name
    return names
