"""The saved model: a folder that predicts on any machine, without the weights it was built from."""
