"""Heads: what is trained on the features of a frozen network."""
