"""Pre-training: a network is trained from scratch, for others to build on."""
