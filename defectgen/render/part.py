"""One good part: surface, lamp, camera, picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.recipe import Material
from defectgen.render.camera import Camera, draw_camera, expose
from defectgen.render.material import build_surface
from defectgen.render.shade import Light, draw_light, shade
from defectgen.render.surface import Surface

__all__ = ["render_part"]


def render_part(
    material: Material, hw: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], Surface, Light, Camera]:
    """A picture (H, W, 3) uint8 sRGB of a good part, where the part is (H, W), and what it was made from."""
    surface = build_surface(material, hw, rng)
    light, camera = draw_light(rng), draw_camera(rng)
    picture = expose(shade(surface, light), camera, rng)
    return picture, surface.foreground, surface, light, camera
