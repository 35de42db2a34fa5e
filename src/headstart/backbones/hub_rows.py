"""The catalogue's rows whose weights are files of a hub.

Each names one revision of a repository, so that the file can't change. Preprocessing, resizing and
crop are those of the repository's configuration. Accuracies are those on the validation images of
ImageNet-1k at this size, from the table in timm's repository (results-imagenet.csv of October
2024). Parameters and multiply-accumulates are counted. The hub's hashes are not known here.
"""

from typing import Any

from headstart.backbones.row import Backbone, OfficialWeights
from headstart.networks.preprocessing import STANDARDISED


def _of_timm(repository: str, revision: str) -> OfficialWeights:
    """Return the file of a repository of timm."""
    return OfficialWeights(
        f"https://huggingface.co/timm/{repository}/resolve/{revision}/model.safetensors",
        f"{repository}.safetensors",
        None,
    )


_MOBILENET_V4: dict[str, Any] = {
    "family": "mobilenet_v4",
    "preprocessing": STANDARDISED,
    "interpolation": "bicubic",
    "n_features": 960,
    "license": "Apache-2.0",
    "source": "Qin et al. 2024, arXiv:2404.10518",
}

_EFFICIENTVIT: dict[str, Any] = {
    "family": "efficientvit",
    "preprocessing": STANDARDISED,
    "interpolation": "bicubic",
    "crop_fraction": 0.95,
    "license": "Apache-2.0",
    "source": "Cai et al. 2022, arXiv:2205.14756",
}
_TINY_VIT: dict[str, Any] = {
    "family": "tiny_vit",
    "preprocessing": STANDARDISED,
    "interpolation": "bicubic",
    "crop_fraction": 0.95,
    "feature_layer": "head-norm",
    "license": "Apache-2.0",
    "source": "Wu et al. 2022, arXiv:2207.10666",
}

# Lines broken by hand read better here than one argument on each line.
# fmt: off
HUB_ROWS = (
    Backbone(name="efficientvit_b1", builder="efficientvit_b1", size=(224, 224), n_features=1536,
        parameters=9_115_432, macs=518_963_712, top1=0.792, top5=0.943, **_EFFICIENTVIT,
        weights=_of_timm("efficientvit_b1.r224_in1k",
            "a1ad9baf3363d93b8111fdc853e1ba728e581b8b")),
    Backbone(name="mobilenet_v4_small", builder="mobilenet_v4_small", size=(224, 224),
        parameters=3_799_112, macs=186_005_568, top1=0.737, top5=0.914, **_MOBILENET_V4,
        weights=_of_timm("mobilenetv4_conv_small.e2400_r224_in1k",
            "62da402ab468e9f1581764050d6be51fda8a35f0")),
    Backbone(name="mobilenet_v4_medium", builder="mobilenet_v4_medium", size=(256, 256),
        parameters=9_783_416, macs=1_080_244_224, top1=0.799, top5=0.952, **_MOBILENET_V4,
        crop_fraction=0.95,
        weights=_of_timm("mobilenetv4_conv_medium.e500_r256_in1k",
            "d0d670186c88bde4016f9a23e22bf8ed02f41d05")),
    Backbone(name="tiny_vit_5m", builder="tiny_vit_5m", size=(224, 224), n_features=320,
        parameters=5_402_620, macs=1_255_174_720, top1=0.809, top5=0.957, **_TINY_VIT,
        weights=_of_timm("tiny_vit_5m_224.dist_in22k_ft_in1k",
            "9e74a83a8c955edfa17465c7df6e5c72a4ff5dab")),
    Backbone(name="tiny_vit_11m", builder="tiny_vit_11m", size=(224, 224), n_features=448,
        parameters=11_009_836, macs=2_016_046_144, top1=0.832, top5=0.966, **_TINY_VIT,
        weights=_of_timm("tiny_vit_11m_224.dist_in22k_ft_in1k",
            "41faee9688bab1b3975adfa9a4dbbc90c43120b0")),
)
# fmt: on
