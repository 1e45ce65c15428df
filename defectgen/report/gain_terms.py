"""What tasks and arms are, in one plain sentence each for somebody who inspects parts."""

from __future__ import annotations

from defectgen.gain.row import ZERO_SHOT
from defectgen.report.glossary import Term

__all__ = ["CAVEATS", "TASK_TERMS", "arm_term", "task_term"]

TASK_TERMS = {
    "classify": Term("Naming", "A classifier says of each picture whether the part is good, or which defect it has."),
    "detect": Term("Boxes", "A detector puts a box around each defect and names it."),
    "segment": Term("Outlines", "A network marks the pixels of each defect."),
    "anomaly": Term(
        "Anomalies",
        "A detector learns what good parts look like; defects, real or synthetic, set its alarm threshold and change "
        "nothing else.",
    ),
    "supervised-anomaly": Term(
        "Anomalies, taught", "A network learns from defects of all types together to mark what does not belong.",
    ),
}
ARM_TERMS = {
    "none": Term("Real only", "The real shots and the good pictures, nothing else."),
    "classical": Term("Classical augmentation", "The real shots turned, bent, lit and blurred at random."),
    "copy-paste": Term("Copy-paste", "Real defects cut out and put, softly edged, on good pictures."),
    "seamless": Term("Seamless cloning", "Real defects blended into good pictures by their gradients."),
    "perlin": Term("Perlin noise", "Patches of foreign texture in the shape of thresholded noise."),
    "pyimgano-alpha": Term("pyimgano", "Simple drawn defects, blended in by transparency."),
    "render": Term("Rendered", "Defects shaded by a light model, with no learning."),
    "compact": Term("Compact model", "Defects by the package's diffusion model, fine-tuned on the same shots."),
    "sd": Term("Stable Diffusion", "Defects by a large diffusion model that was trained on photographs."),
    "duplicate": Term("Duplicates", "The real shots once more; must not count as gain."),
    "blank-mask": Term("Blank masks", "Masks over places where nothing is; must harm."),
    "shuffled": Term("Shuffled labels", "Synthetic defects under each other's names; must harm."),
}
CAVEATS = (
    "The intervals are about other choices of shots and other trainings. All were judged on the same test pictures; on "
    "parts of another line or another camera the effect may differ.",
    "A verdict rests on the leading metric of its task, which was named before anything was trained. The other metrics "
    "are shown and decide nothing.",
    "“No evidence” does not mean “no effect”: its interval says how large an effect may have been overlooked. More "
    "draws narrow it.",
    "With many arms some would look good by luck. Verdicts are corrected for that (Holm), the intervals are not: one "
    "may leave out 0 where the verdict is no evidence.",
    "The networks are small and see small pictures, so that a trial ends within hours. A larger network may gain less.",
)


def arm_term(arm: str) -> Term:
    """A set that the user brought has its own name and no meaning that is known."""
    if arm.startswith(ZERO_SHOT):
        made = arm_term(arm.removeprefix(ZERO_SHOT))
        return Term(f"{made.title}, no real defect", "Synthetic defects and good pictures alone.")
    return ARM_TERMS.get(arm, Term(arm, "A set given to the trial, the same in every draw."))


def task_term(task: str) -> Term:
    return TASK_TERMS.get(task, Term(task, ""))
