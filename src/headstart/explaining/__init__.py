"""Why a model predicts a class: activation maps, occlusion, the nearest training images."""
