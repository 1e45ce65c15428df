"""Pages and figures made of results."""
