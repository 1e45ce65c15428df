"""The trial of gain: whether a synthetic set helps what it is made for."""
