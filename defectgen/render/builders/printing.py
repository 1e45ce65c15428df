"""Printed labels: text, colour fields, and bar codes."""
