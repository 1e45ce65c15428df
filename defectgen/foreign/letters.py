"""Letters as they are compared: case, umlauts, blanks, hyphens and traditional characters made alike.

Every function gives the folded text and, for each of its characters, the index of the character that it came from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["folded_german", "folded_script", "has_han", "has_hangul"]

UMLAUTS = {"ä": "a", "ö": "o", "ü": "u", "ß": "ss"}
DIGRAPHS = frozenset({"ae", "oe", "ue"})
HANGUL = re.compile(r"[ᄀ-ᇿ㄰-㆏가-힣]")
HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]")

Folded = tuple[str, list[int]]


def has_hangul(text: str) -> bool:
    return HANGUL.search(text) is not None


def has_han(text: str) -> bool:
    return HAN.search(text) is not None


def folded_german(text: str) -> Folded:
    """Lower case without umlauts, written as one letter or as two, and without hyphens; words parted by one blank."""
    letters: list[str] = []
    at: list[int] = []
    low = [char.lower() if len(char.lower()) == 1 else char for char in text]
    for i, char in enumerate(low):
        after_vowel = char == "e" and i > 0 and low[i - 1] + char in DIGRAPHS
        if after_vowel or (char in "-‐‑" and 0 < i < len(low) - 1 and low[i - 1].isalnum()):
            continue
        known = char.isalnum() or char in "%°.,"
        for one in UMLAUTS.get(char, char) if known else " ":
            if one != " " or (letters and letters[-1] != " "):
                letters.append(one)
                at.append(i)
    return trimmed(letters, at)


def folded_script(text: str, traditional: Mapping[str, str]) -> Folded:
    """Lower case in simplified characters; words parted by one blank."""
    letters: list[str] = []
    at: list[int] = []
    for i, char in enumerate(text):
        low = char.lower() if len(char.lower()) == 1 else char
        one = traditional.get(low, low) if char.isalnum() or char in "%°." else " "
        if one != " " or (letters and letters[-1] != " "):
            letters.append(one)
            at.append(i)
    return trimmed(letters, at)


def trimmed(letters: list[str], at: list[int]) -> Folded:
    if letters and letters[-1] == " ":
        letters, at = letters[:-1], at[:-1]
    return "".join(letters), at
