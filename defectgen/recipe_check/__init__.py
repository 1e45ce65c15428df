"""The checks of recipes that go beyond their schema: twins, shared words, descriptions, looks."""
