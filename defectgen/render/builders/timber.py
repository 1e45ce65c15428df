"""Boards of wood: planks, veneer leaves, and pressed strands."""
