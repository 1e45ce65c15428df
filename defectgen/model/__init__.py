"""The compact paired-edit diffusion model."""
