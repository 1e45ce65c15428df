"""One module a layout: where a kind of folder keeps its pictures and annotations."""
