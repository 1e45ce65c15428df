"""Joints: weld beads and soldered pads."""
