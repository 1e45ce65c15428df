"""electronic builders."""
