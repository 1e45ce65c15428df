"""How good a set is: features of pictures, then one file a metric; it knows folders and nothing of how they were made."""
