"""Short processes of our own: how they are started, asked and ended."""
