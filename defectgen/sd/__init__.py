"""Stable Diffusion through diffusers: checkpoints, pipelines and what they are told."""
