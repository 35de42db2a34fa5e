"""Which backbone, head and resize rule fit a dataset, within a time budget."""
