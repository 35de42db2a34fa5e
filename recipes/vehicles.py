"""Recognise vehicles: VGG19 with its fully connected layers, frozen, and a new softmax.

Source    a tutorial on photos of qingqis, rickshaws and tangas: VGG19 with its fully connected
          layers, frozen, and a new softmax; a tenth of the photos as test set; RMSprop 1e-4, 100
          epochs in batches of 32; curves of loss and accuracy
Data      VEHICLES/rickshaw/*.jpg, VEHICLES/tanga/*.jpg, ...: a folder for each class
Command   python recipes/vehicles.py vehicles/ [--our-way]
Hardware  any computer
Time      24 s for 192 photos, our way 7 s (MobileNetV2, --layer out_relu, 2 shared cores)
Expected  18 of 19 photos correct, our way 19 (MobileNetV2 as above; VGG19 was not measured here)
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import command
import headstart as hs
from headstart.data.splits import stratified_split


def tutorial(
    vehicles: Path,
    backbone: str = "vgg19",
    layer: str = "fc2",
    epochs: int = 100,
    seed: int = 0,
    out: str = "vehicles-model",
) -> hs.Evaluation:
    """Train the head of the tutorial, plot loss and accuracy, and test."""
    images = hs.read_dataset(vehicles)
    training, test = map(images.subset, stratified_split(images.labels, 0.1, seed))
    head = hs.DenseHead(
        units=(),
        batch_normalization=False,
        optimizer="rmsprop",
        learning_rate=1e-4,
        epochs=epochs,
        patience=None,
        batch_size=32,
    )
    classifier = hs.ImageClassifier(backbone, layer=layer, head=head, resize="keras").fit(training)
    classifier.save(out)
    history = pd.DataFrame(classifier.head_.history_)
    for metric in ("loss", "accuracy"):
        history.plot(y=[metric, f"val_{metric}"], xlabel="epoch")
        plt.savefig(f"{out}.{metric}.png")
    return hs.evaluate(classifier, test)


def our_way(
    vehicles: Path, backbone: str = "auto", seed: int = 0, out: str = "vehicles-model"
) -> hs.TrainingSummary:
    """Train a logistic regression on the features of the best quick backbone at hand."""
    return hs.train(vehicles, out, backbone=backbone, test=0.1, seed=seed)


if __name__ == "__main__":
    command.run(__doc__, tutorial, our_way)
