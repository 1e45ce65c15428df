"""The downstream stack: detectors that are trained on pictures of defects, and what they are worth on others.

It knows sets and arrays, not where the pictures came from: see `pool` for what goes in, `task` for what comes out.
"""
