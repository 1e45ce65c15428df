"""Layered flat goods: wafers, displays, battery cells, electrode foil."""
