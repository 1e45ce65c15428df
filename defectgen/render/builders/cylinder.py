"""Round stock seen from the side: pipes, cables, wound wire, bolts, cans."""
