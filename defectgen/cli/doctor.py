"""`defectgen doctor`: is everything here that a run needs?"""

from __future__ import annotations


def doctor() -> None:
    """Check versions, device, weights and their hashes, the text encoder, disk and time."""
