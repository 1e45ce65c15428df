"""Builders: one function a kind of surface, by name, with validated parameters."""
