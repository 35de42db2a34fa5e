"""The whole jobs: predict; train and evaluate."""
