"""Steel as the mill or the hammer leaves it: scale, roll grind, forged skin."""
