"""Pre-trained networks: their catalogue, their weights, and their conversion for OpenVINO."""
