"""Masks: the shapes of defects and where they lie on a part."""
