"""mineral builders."""
