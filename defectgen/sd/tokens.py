"""Captions as tokens: a text encoder reads so many and no more, and would cut off the rest in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from defectgen.errors import InputError
from defectgen.sd.checkpoint import SdSpec
from defectgen.sd.learned import as_taught
from defectgen.sd.quiet import quiet

__all__ = ["check_captions", "check_tokens", "token_count"]


def check_captions(spec: SdSpec, texts: Sequence[str], loras: Sequence[str] = ()) -> None:
    """InputError for a caption that is too long, before any weights are loaded."""
    _check(_tokenizer(spec), [as_taught(text, loras) for text in texts])


def token_count(spec: SdSpec, text: str) -> tuple[int, int]:
    """Tokens of a text, start and end included, and the most that the model reads."""
    tokenizer = _tokenizer(spec)
    return _count(tokenizer, text), int(tokenizer.model_max_length)


def _tokenizer(spec: SdSpec) -> Any:
    import transformers

    library: Any = transformers
    with quiet():
        return library.CLIPTokenizer.from_pretrained(spec.folder / "tokenizer", local_files_only=True)


def _count(tokenizer: Any, text: str) -> int:
    return len(tokenizer(text, verbose=False).input_ids)


def check_tokens(pipe: Any, texts: Sequence[str]) -> None:
    """InputError for a text that one of a pipeline's tokenizers would cut off."""
    for name in ("tokenizer", "tokenizer_2"):
        if hasattr(pipe, name):
            _check(getattr(pipe, name), texts)


def _check(tokenizer: Any, texts: Sequence[str]) -> None:
    most = int(tokenizer.model_max_length)
    for text in texts:
        count = _count(tokenizer, text)
        if count > most:
            raise InputError(
                f"the caption {text[:60]!r}... has {count} tokens, and the model reads {most}; use a shorter "
                "prompt, or shorter names in the recipe"
            )
