"""Defect sets from any data and for any tool: import, split, caption, check, merge, export."""
