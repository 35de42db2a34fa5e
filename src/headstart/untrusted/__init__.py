"""Files that may come from strangers: opened without waiting, and read within limits."""
