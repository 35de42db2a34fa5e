"""Pre-training: training a backbone from scratch."""
