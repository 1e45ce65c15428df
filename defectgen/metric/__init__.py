"""How good a set is: features of pictures, then one file a metric. It knows folders, not how they were made."""
