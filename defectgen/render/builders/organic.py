"""organic builders."""
