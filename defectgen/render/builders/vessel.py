"""Bottles, plates and lenses: round parts with a silhouette of their own."""
