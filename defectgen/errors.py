"""Every error that a user can cause.

    DefectgenError
    ├── InputError      an image, mask, box, region or option that cannot be used
    ├── PromptError     words that no defect can be read from
    ├── RecipeError     a YAML recipe that breaks the schema
    ├── WeightsError    model weights that are missing, damaged or of another format
    └── OutputError     a folder that cannot be written, is in use, or has no room

A message is one line: what came, what was expected, what to do. The command line turns these, and only these,
into exit code 2.
"""

__all__ = ["DefectgenError", "InputError", "OutputError", "PromptError", "RecipeError", "WeightsError"]


class DefectgenError(Exception):
    """Base of all errors that a user can cause and mend."""


class InputError(DefectgenError):
    """An image, mask, box, region or option that cannot be used."""


class PromptError(DefectgenError):
    """Words that no defect can be read from."""


class RecipeError(DefectgenError):
    """A YAML recipe that breaks the schema."""


class WeightsError(DefectgenError):
    """Model weights that are missing, damaged, or of another format."""


class OutputError(DefectgenError):
    """A folder that cannot be written, is in use, or has no room left."""
