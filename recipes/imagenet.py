"""What a picture shows, in the 1,000 classes of ImageNet.

Source    the first tutorial on pre-trained networks: ResNet50 names what is in a picture;
          InceptionV3 does so for a folder of them, and its layers and weights are printed
Data      a picture, or a folder of pictures
Command   python recipes/imagenet.py tiger.jpg
          python recipes/imagenet.py photos/ --backbone inception_v3 --layers
          python recipes/imagenet.py photos/ --our-way
Hardware  any computer
Time      9 s for 100 photos, 3 s once the network is converted (MobileNetV2, 2 shared cores)
Expected  84 of 100 photos right, our way 90 (MobileNetV2; ResNet50 was not measured here)
"""

from pathlib import Path

import command
import headstart as hs
from headstart.backbones.resolving import find_backbone
from headstart.backbones.summary import summarise
from headstart.data import find_images
from headstart.evaluation import Tile, draw_sheet


def tutorial(
    pictures: Path, backbone: str = "resnet50", layers: bool = False, out: str = "imagenet.png"
) -> str:
    """Squash each picture to the network's size; tell and draw its three likeliest classes."""
    if layers:
        print(*summarise(find_backbone(backbone)).layers, sep="\n")
    return _top_3(pictures, backbone, "keras", out)


def our_way(pictures: Path, backbone: str = "auto", out: str = "imagenet.png") -> str:
    """Do the same with the best quick network at hand, and look at the middle, unsquashed."""
    return _top_3(pictures, backbone, "auto", out)


def _top_3(pictures: Path, backbone: str, resize: str, out: str) -> str:
    sources = find_images([pictures]).sources
    answers = hs.predict(sources, backbone, top=3, resize=resize)
    draw_sheet(Path(out), map(Tile, sources, answers))
    return "\n".join(
        f"{source.name}  {found.id}  {found.label}  {found.probability:.1%}"
        for source, top in zip(sources, answers, strict=True)
        for found in top
    )


if __name__ == "__main__":
    command.run(__doc__, tutorial, our_way)
