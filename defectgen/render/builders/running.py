"""Running surfaces: bearing rings and rails."""
