"""Film, foam, printed layers, and tyre treads."""
