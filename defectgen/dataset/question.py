"""Questions about one picture, each with an answer that its description proves.

    presence   is there a defect, is there one of this type: yes or no
    type       which type is it: letters, with wrong types of the same set or material, and "no defect"
    where      in which of nine regions: letters, with wrong regions that no defect reaches into
    box        bounding boxes in thousandths, or none
    severity   how plainly it is seen: letters
    count      how many: a number; only where each box is one defect for certain
    change     what changed against the good picture (two images): a sentence
    compare    which of two images shows the defect: letters

The kinds of questions follow MMAD (Jiang et al., 2024) and Chat-AD (Jiang et al., "AD-Copilot", 2026). Good pictures
get the same questions as hard negatives. `Rates` says how often, so that yes and no come out even where the set
allows it; letters are drawn evenly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from defectgen.caption import draw, plural, said
from defectgen.dataset.chat import Chat, Task, box_answer, chat, choice
from defectgen.dataset.description import CELLS, Described, Description
from defectgen.dataset.grounding import any_defect, box_question
from defectgen.dataset.measure import touched_cells
from defectgen.dataset.noun import VAGUE, Noun, article
from defectgen.dataset.wording import Writer, region_phrases
from defectgen.record import Record

__all__ = ["NO_DEFECT", "SEVERITIES", "Asker", "Rates", "severity_choice"]

NO_DEFECT = "no defect"
OPTIONS = 4
NOWHERE_SHARE = 0.3
SEVERITIES = {"faint": (0.0, 0.25), "moderate": (0.35, 0.65), "severe": (0.75, 1.0)}
"""Words whose ranges of `words.SEVERITY` lie apart; a defect between them is not asked about."""


@dataclass(frozen=True)
class Rates:
    """How often presence is asked, so that yes and no balance.

    any_yes, type_yes, type_no: on defective pictures; any_no, other_no: on good ones. good: other questions there.
    """

    any_yes: float
    type_yes: float
    type_no: float
    any_no: float
    other_no: float
    good: float

    @classmethod
    def of(cls, defective: int, good: int, named: bool, several: bool) -> Rates:
        """For a set of so many pictures; named: its types say what is wrong; several: it has more than one type.

        Of a defective picture yes can be true twice, any defect and its type, and no once, another type of the set; of
        a good one no twice. The more frequent answer is thinned out to the other's number.
        """
        yes = (1.0 + named) * defective
        least, most = (0.5 * defective, 1.0 * defective) if named and several else (0.0, 0.0)
        others = min(1.0, 0.5 * defective / good) if good else 0.0
        if least + 2 * good >= yes:
            share = (yes - least) / (2 * good) if good else 0.0
            return cls(1.0, 1.0, least / max(defective, 1), share, share, others)
        no = min(yes, most + 2 * good)
        scale = no / yes if no else 0.5  # nothing stands against yes: ask it less often
        return cls(scale, scale, max(0.0, no - 2 * good) / defective, 1.0, 1.0, others)


def severity_choice(visibility: float) -> str | None:
    """The one word that fits; None between two words."""
    return next((word for word, (low, high) in SEVERITIES.items() if low <= visibility <= high), None)


@dataclass(frozen=True, eq=False)
class Asker:
    """Asks about one record. absent: types that the picture does not show, those of the set before the book's.

    hard: how many of `absent` are the set's own.
    """

    record: Record
    description: Description
    writer: Writer
    absent: Sequence[Noun]
    hard: int
    rates: Rates
    rng: np.random.Generator

    @property
    def hw(self) -> tuple[int, int]:
        return self.description.height, self.description.width

    @property
    def part(self) -> str:
        return self.writer.part

    @property
    def defective(self) -> bool:
        return self.description.annotation != "good"

    @property
    def named(self) -> bool:
        """Whether the type says more than that something is wrong."""
        return self.description.defect.lower() not in VAGUE

    @property
    def largest(self) -> Described | None:
        return self.description.defects[0] if self.description.defects else None

    def lines(self) -> Iterator[Chat]:
        """All questions of this picture."""
        yield from self.presence()
        if self.defective or said(self.rng, self.rates.good):
            for line in (self.type(), self.where(), self.box(), self.severity(), self.count()):
                yield from () if line is None else (line,)
        yield from self.change()

    def it(self) -> str:
        return "the defect" if self.description.count <= 1 else "the largest defect"

    # ------------------------------------------------------------------ yes and no

    def presence(self) -> Iterator[Chat]:
        rates, rng = self.rates, self.rng
        if said(rng, rates.any_yes if self.defective else rates.any_no):
            asked = draw((
                f"Is there a defect on the {self.part}?", f"Does the {self.part} in this image have a defect?",
                f"Is anything wrong with the {self.part} in this image?",
            ), rng)  # fmt: skip
            yield self.yes_no(asked, self.defective)
        if self.defective and self.named and said(rng, rates.type_yes):
            yield self.yes_no(self.asks_for(self.writer.noun(self.description.defect)), True)
        negative = rates.type_no if self.defective else rates.other_no
        # That a type of the book alone is not there can be known of good pictures only.
        pool = self.absent[: self.hard] or (() if self.defective else self.absent)
        if pool and (self.named or not self.defective) and said(rng, negative):
            yield self.yes_no(self.asks_for(draw(pool, rng)), False)

    def asks_for(self, noun: Noun) -> str:
        what = noun.counted(1)
        part = self.part
        return draw((f"Is there {what} on the {part}?", f"Does this image of the {part} show {what}?"), self.rng)

    def yes_no(self, question: str, yes: bool) -> Chat:
        word = "yes" if yes else "no"
        asked = f"{question} Answer yes or no."
        return chat(self.record, self.hw, "presence", asked, word.capitalize(), answer=word)

    # ------------------------------------------------------------------ letters

    def type(self) -> Chat | None:
        wrong = [noun.text for noun in self.absent]
        if not self.defective:
            if len(wrong) < OPTIONS - 1:
                return None
            return self.pick("type", "Which of these does the image show?", NO_DEFECT, wrong[: OPTIONS - 1])
        if not self.named or len(wrong) < OPTIONS - 2:
            return None
        true = self.writer.noun(self.description.defect).text
        asked = draw(
            (f"What is {self.it()} on the {self.part}?", f"Of which type is {self.it()} in this image?"), self.rng
        )
        return self.pick("type", asked, true, [*wrong[: OPTIONS - 2], NO_DEFECT])

    def pick(self, task: Task, question: str, true: str, others: Sequence[str]) -> Chat:
        return choice(self.record, self.hw, task, question, true, others, self.rng)

    def where(self) -> Chat | None:
        told, one = self.description, self.largest
        reached = {cell for each in told.defects for cell in touched_cells(self.pixels(each), told.frame)}
        free = [cell for cell in CELLS if cell not in reached]
        of = "image" if one is None or one.place.reference == "image" else self.part
        asked = f"In which region of the {of} is {self.it()}?"
        drawn = [free[int(k)] for k in self.rng.permutation(len(free))]
        wrong = [region_phrases(cell)[0] for cell in drawn[: OPTIONS - 1]]
        if len(wrong) < OPTIONS - 1:
            return None
        if not self.defective:
            return self.pick("where", asked, NO_DEFECT, wrong)
        if one is None or one.place.spans is not None:
            return None
        if said(self.rng, NOWHERE_SHARE):
            wrong[-1] = NO_DEFECT
        return self.pick("where", asked, region_phrases(one.place.cell)[0], wrong)

    def pixels(self, one: Described) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = one.place.box
        height, width = self.hw
        return round(x0 * width), round(y0 * height), round(x1 * width), round(y1 * height)

    def severity(self) -> Chat | None:
        one = self.largest
        true = NO_DEFECT if not self.defective else None
        if one is not None and one.visibility is not None:
            true = severity_choice(one.visibility)
        if true is None:
            return None
        it = self.it()
        asked = draw((f"How plainly is {it} on the {self.part} seen?", f"How severe does {it} look?"), self.rng)
        return self.pick("severity", asked, true, [word for word in (*SEVERITIES, NO_DEFECT) if word != true])

    # ------------------------------------------------------------------ open

    def box(self) -> Chat | None:
        if self.description.annotation == "image":
            return None
        boxes, labels = self.record.boxes, self.record.box_labels
        question = box_question(any_defect(self.rng), self.part, self.rng)
        return chat(
            self.record, self.hw, "box", question, box_answer(boxes, labels, self.hw), boxes=boxes, labels=labels
        )

    def count(self) -> Chat | None:
        told = self.description
        if self.defective and not (told.counted and told.defects):
            return None
        kinds = list(dict.fromkeys(one.defect for one in told.defects))
        kind = draw(kinds, self.rng) if kinds and self.named else None
        what = "defects" if kind is None else self.plural(self.writer.noun(kind))
        number = sum(kind is None or one.defect == kind for one in told.defects)
        question = f"How many {what} are there on the {self.part}? Answer with a number."
        return chat(self.record, self.hw, "count", question, str(number))

    def plural(self, noun: Noun) -> str:
        return f"areas of {noun.text}" if noun.mass else plural(noun.text)

    # ------------------------------------------------------------------ two images

    def change(self) -> Iterator[Chat]:
        """Questions over the good picture and this one, where the set has it."""
        good = self.record.good_file_name
        if not self.defective or good is None or self.largest is None:
            return
        pair = (good, self.record.file_name)
        asked = draw((
            f"The first image shows the {self.part} as it should be. What has changed in the second?",
            "Compare the two images; the first is good. What is different in the second?",
        ), self.rng)  # fmt: skip
        yield chat(self.record, self.hw, "change", asked, self.writer.change(), images=pair)
        first = said(self.rng, 0.5)
        shown = pair[::-1] if first else pair
        what = self.writer.noun(self.description.defect).counted(1) if self.named else article("defect")
        question = f"Which of the two images shows {what}?"
        true, other = ("the first", "the second") if first else ("the second", "the first")
        letter = "A" if first else "B"
        listed = "A. the first\nB. the second\nAnswer with the letter of the right option."
        assert other != true
        yield chat(
            self.record, self.hw, "compare", f"{question}\n{listed}", f"{letter}. {true}", answer=letter,
            options=("the first", "the second"), images=shown,
        )  # fmt: skip
