"""defectgen: defect images with true masks on good-part images, by a text-and-mask-conditioned diffusion model."""

__all__ = ["__version__"]

__version__ = "0.1.0"
