"""Why another library gave up, in one short line."""

from __future__ import annotations

__all__ = ["reason_of"]

MOST = 140


def reason_of(error: BaseException) -> str:
    """The first line of an error that says something, cut; its type's name where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # PyTorch puts a heading over the layers that do not fit.
    if len(lines) > 1 and lines[0].startswith("Error(s) in loading"):
        lines = lines[1:]
    return lines[0][:MOST] if lines else type(error).__name__
