"""One module a format that other tools read."""
