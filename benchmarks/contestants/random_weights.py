"""Write random weights for a network of the catalogue, which are as fast as real ones."""

import argparse
from pathlib import Path

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.keras_weights import build
from headstart.training.backend import start_keras


def main() -> None:
    """Build the network with Keras and save its initial weights."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    start_keras()
    row = get_backbone(options.model)
    build(row, row.size, 1000).save_weights(options.out)
    print("{}")


if __name__ == "__main__":
    main()
