"""Physically based rendering: surface maps, microfacet shading, and what defects do to a surface."""
