"""What each number means, in one plain sentence for somebody who inspects parts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["METRICS", "PROBE_TERMS", "VIEWS", "Term", "explain"]


@dataclass(frozen=True)
class Term:
    """title: as a heading. meaning: one sentence. better: which way is better, in words."""

    title: str
    meaning: str
    better: str = ""


VIEWS = {
    "window": Term("Defect windows", "A square around each defect, twice as wide as the defect."),
    "image": Term("Whole pictures", "The picture as it is; small defects hardly count here, the background does."),
    "mask": Term("Defects alone", "The same window with everything outside the mask made grey."),
}

LESS, MORE = "less is better", "more is better"
METRICS = {
    "kid": Term("KID", "How far the two kinds of pictures lie apart for a network; fair to small sets.", LESS),
    "cmmd": Term("CMMD", "The same by another formula, which also suits small sets.", LESS),
    "fid": Term("FID", "The older distance that papers quote; it reads too high for small sets.", LESS),
    "fid-infinity": Term("FID, extrapolated", "FID as it would be with endlessly many pictures.", LESS),
    "is": Term("Inception score", "Whether pictures look like clear, different things; it knows nothing real.", MORE),
    "is-domain": Term("Inception score, own classifier", "The same by a classifier of the real defects.", MORE),
    "accuracy-domain": Term("Defects named right", "How often a classifier of real defects names the right one.", MORE),
    "precision": Term("Precision", "Share of generated pictures that look like some real one.", MORE),
    "recall": Term("Recall", "Share of real pictures that the set could have made.", MORE),
    "density": Term("Density", "How thickly real pictures surround the generated ones; 1 is as among real ones.", MORE),
    "coverage": Term("Coverage", "Share of real pictures with a generated one right beside them.", MORE),
    "nearest-mean": Term("Nearest real picture", "How like its nearest real picture each one is; 1 is a copy of it."),
    "ic-lpips": Term("IC-LPIPS", "How much generated pictures differ among themselves within a kind.", MORE),
}


def explain(metric: str) -> Term:
    """The term of a metric, whatever suffix its features add to its name; its own name where none is known."""
    name = metric.casefold().replace(" ", "-").replace("_", "-")
    known = [stem for stem in METRICS if name == stem or name.startswith(f"{stem}-")]
    return METRICS[max(known, key=len)] if known else Term(metric, "")


PROBE_TERMS = {
    "realism": Term(
        "Generated or real defect?",
        "A classifier looks at windows around both kinds of defects, by shape and texture.",
    ),
    "realism-noise": Term(
        "Generated or real defect, by noise", "The same, by blur, noise and compression alone, which no eye would see."
    ),
    "artefact": Term(
        "Generated or untouched background?",
        "A classifier looks beside the defects, where nothing should change.",
    ),
    "artefact-noise": Term(
        "Generated or untouched background, by noise", "The same, by blur, noise and compression alone."
    ),
}
