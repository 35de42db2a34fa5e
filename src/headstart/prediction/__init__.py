"""From images to answers: the `Predictor`, its answers, and the scorers of fitted heads."""
