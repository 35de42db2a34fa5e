"""Fine-tuning: the upper layers of a pre-trained network learn the user's own classes, too."""
