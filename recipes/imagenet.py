"""Recognise images in the 1,000 classes of ImageNet.

Source    the first tutorial on pre-trained networks: ResNet50 predicts the class of an image,
          InceptionV3 those of a folder of images; its layers and weights are printed
Data      an image, or a folder of images
Command   python recipes/imagenet.py tiger.jpg
          python recipes/imagenet.py photos/ --backbone inception_v3 --layers
          python recipes/imagenet.py photos/ --our-way
Hardware  any computer
Time      9 s for 100 photos, 3 s once the network is converted (MobileNetV2, 2 shared cores)
Expected  84 of 100 photos correct, our way 90 (MobileNetV2; ResNet50 was not measured here)
"""

from pathlib import Path

import command
import headstart as hs
from headstart.backbones.keras_process import summarise
from headstart.backbones.resolving import find_backbone
from headstart.evaluation import Tile, draw_sheet
from headstart.features.settings import ResizeRule


def tutorial(
    images: Path, backbone: str = "resnet50", layers: bool = False, out: str = "imagenet.png"
) -> str:
    """Squash each image to the network's size; print and draw its three most probable classes."""
    if layers:
        print(*summarise(find_backbone(backbone)).layers, sep="\n")
    return _top_3(images, backbone, "keras", out)


def our_way(images: Path, backbone: str = "auto", out: str = "imagenet.png") -> str:
    """Do the same with the best quick backbone at hand, on the centre of each image."""
    return _top_3(images, backbone, "auto", out)


def _top_3(images: Path, backbone: str, resize: ResizeRule, out: str) -> str:
    sources = hs.find_images([images]).sources
    predictions = hs.predict(sources, backbone, top=3, resize=resize)
    draw_sheet(Path(out), map(Tile, sources, predictions))
    return "\n".join(
        f"{source.name}  {found.id}  {found.label}  {found.probability:.1%}"
        for source, top in zip(sources, predictions, strict=True)
        for found in top
    )


if __name__ == "__main__":
    command.run(__doc__, tutorial, our_way)
