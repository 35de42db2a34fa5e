"""CIFAR-10 at twice its size: fine-tune ResNet50 from layer 143, with three hidden layers on top.

Source    a tutorial on CIFAR-10: ResNet50 without its top at 64 x 64 pixels, frozen below layer
          143, flattened; Dense 256, 128 and 64 with batch normalisation and dropout 0.5, a softmax;
          categorical cross-entropy, RMSprop 2e-5, 15 epochs in batches of 512, best epoch kept
Data      CIFAR10/train-*.parquet and CIFAR10/test-*.parquet, or class folders in train/ and test/
Command   python recipes/cifar10.py cifar10/ [--our-way]
Hardware  any computer
Time      90 s for --first 5000, our way 36 min for all images (MobileNetV2, 2 shared cores)
Expected  64.1 % of 5,000 with --first 5000 --where last-stage, our way 92.41 % with all images
          (MobileNetV2; ResNet50 was not measured here)
"""

from pathlib import Path
from typing import Any

import numpy as np

import command
import headstart as hs


def tutorial(
    cifar10: Path,
    backbone: str = "resnet50",
    where: str = "143",
    epochs: int = 15,
    first: int = 50_000,
    out: str = "cifar10-model",
) -> hs.TrainingSummary:
    """Train the head on the frozen network, then fine-tune both from layer `where` on."""
    schedule: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": 512,
        "optimizer": "rmsprop",
        "validation": 0.1,
        "monitor": "val_accuracy",
        "patience": None,
    }
    return hs.train(
        beginning(cifar10, first),
        out,
        backbone=backbone,
        size=(64, 64),
        resize="squash",
        pooling="flatten",
        head=hs.DenseHead((256, 128, 64), dropout=0.5, **schedule),
        fine_tuning=hs.FineTuning(
            where=where,
            learning_rate=2e-5,
            warm_up=0,
            label_smoothing=0,
            augmentation=hs.Augmentation.none(),
            **schedule,
        ),
    )


def our_way(
    cifar10: Path,
    backbone: str = "mobilenet_v2",
    where: str = "all",
    epochs: int = 8,
    first: int = 50_000,
    out: str = "cifar10-model",
) -> hs.TrainingSummary:
    """Fine-tune all of a quicker network on random views of larger images.

    Each prediction is the mean over an image and its mirror image.
    """
    return hs.train(
        beginning(cifar10, first),
        out,
        backbone=backbone,
        size=(128, 128),
        mirror=True,
        precision="f32",  # bfloat16 costs 0.2 points
        fine_tuning=hs.FineTuning(
            where=where,
            view_size=120 if where == "all" else None,
            epochs=epochs,
            batch_size=64,
            learning_rate=3e-4,
            label_smoothing=0.1,
            augmentation=hs.Augmentation(crop=(0.64, 1), aspect=1.15, colour=0),
            validation=min(0.1, 1000 / first),  # 1,000 images suffice to choose the best epoch
        ),
    )


def beginning(folder: Path, n: int) -> hs.LabelledImages:
    """Return the first `n` images of the training set and of the test set."""
    images = hs.read_dataset(folder)
    parts = [np.flatnonzero(np.array(images.split) == part)[:n] for part in ("train", "test")]
    return images.subset(np.concatenate(parts))


if __name__ == "__main__":
    command.run(__doc__, tutorial, our_way)
