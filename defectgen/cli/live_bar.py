"""A live bar: one line of progress that is there while a command works."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress
    from typing_extensions import Self

__all__ = ["LiveBar"]


class LiveBar:
    """Shows `bar` inside a `with`; what moves it is its subclass's."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
