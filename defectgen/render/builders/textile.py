"""textile builders."""
