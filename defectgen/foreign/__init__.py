"""Prompts in German, Korean and Chinese, turned into the English words that the prompt's reader knows.

The names that each trade uses stand in `recipes/names/<language>.yaml`, each under the English words that it means:
what several trades call alike is so left to the material, as in English. German words are found in any inflection, with
or without umlauts, and within compounds; Korean ones with or without particles and blanks; Chinese ones in simplified
and traditional characters. What no name covers is not guessed at, it is reported as unknown.
"""

from defectgen.foreign.reading import in_english
from defectgen.foreign.translation import Translation, translate

__all__ = ["Translation", "in_english", "translate"]
