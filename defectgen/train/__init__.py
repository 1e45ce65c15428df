"""Training: pairs, pretraining, validation."""
