"""Training networks by gradient descent. Needs the extra ``finetune``."""
