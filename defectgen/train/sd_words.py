"""What the captions of a Stable Diffusion fine-tuning say for a defect.

    plain   its name, which the model may know
    rare    a token that hardly occurs in language, before the name (DreamBooth, Ruiz et al. 2023)
    new     a new token with an embedding of its own, learned (textual inversion, Gal et al. 2023)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from defectgen.errors import InputError

__all__ = ["Speech", "Words", "choose_words", "rare_tokens", "slug"]

Speech = Literal["plain", "rare", "new"]
OWN_CAPTIONS = 0.4
RARE_LENGTH = 3


@dataclass(frozen=True)
class Words:
    """said: what a caption says, by the defect's name. too_long: own captions that the model cannot read to the end."""

    speech: Speech
    said: Mapping[str, str]
    too_long: frozenset[str] = frozenset()

    def caption(self, name: str, material: str, own: str, rng: np.random.Generator) -> str:
        """A defect's caption: the set's own, where it names the defect or nothing needs to be said for it, or plain."""
        use = rng.random() < OWN_CAPTIONS and bool(own) and own not in self.too_long
        found = re.search(re.escape(name), own, re.IGNORECASE) if use else None
        if use and found is not None:
            return own[: found.start()] + self.said[name] + own[found.end() :]
        if use and self.speech == "plain":
            return own
        return f"{self.said[name]} on {material}"

    def clean(self, material: str) -> str:
        """The caption of a good part."""
        return f"clean {material}"


def choose_words(speech: Speech, names: Sequence[str], tokenizer: Any) -> Words:
    """What is said for each of these defects; InputError where a new word is in the tokenizer already."""
    if speech == "plain":
        return Words(speech, {name: name for name in names})
    if speech == "rare":
        tokens = rare_tokens(tokenizer, len(names))
        return Words(speech, {name: f"{token} {name}" for name, token in zip(names, tokens, strict=True)})
    said = {name: f"<{slug(name)}>" for name in names}
    known = tokenizer.get_vocab()
    taken = [word for word in said.values() if word in known]
    if taken:
        raise InputError(f"the model knows the word {taken[0]} already; train without --new-words, or rename it")
    if len(set(said.values())) < len(said):
        raise InputError(f"two of {', '.join(names)} make the same new word; rename one with import --class")
    return Words(speech, said)


def rare_tokens(tokenizer: Any, count: int) -> list[str]:
    """The last merged short words of a byte-pair vocabulary, which are its rarest; InputError where it has too few."""
    words = re.compile(rf"[a-z]{{{RARE_LENGTH}}}</w>")
    ranked = sorted((number, token) for token, number in tokenizer.get_vocab().items() if words.fullmatch(token))
    found = [token.removesuffix("</w>") for _, token in reversed(ranked)]
    usable = [word for word in found[: 20 * count + 20] if len(tokenizer.tokenize(word)) == 1]
    if len(usable) < count:
        raise InputError(f"the tokenizer has {len(usable)} rare words of {RARE_LENGTH} letters for {count} defects; "
                         "train without --rare-token")  # fmt: skip
    return usable[:count]


def slug(name: str) -> str:
    """The name in lower-case letters, digits and hyphens; InputError where nothing is left of it."""
    found = re.sub(r"[^\w]+|_+", "-", name.lower()).strip("-")
    if not found:
        raise InputError(f"defect type {name!r} has no letter in it; rename it with import --class")
    return found
