"""Engines: windows in, edited windows out."""
