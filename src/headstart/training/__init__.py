"""Training whole networks: everything here that computes gradients needs the extra ``finetune``."""
