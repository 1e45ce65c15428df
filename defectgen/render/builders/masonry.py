"""Brick, asphalt, terrazzo, bedded stone, and plaster."""
