"""The catalogue's rows of vision transformers, whose weights are files of Hugging Face.

Each names one revision of its repository and the hash of the file, as others who pinned them state
it. Preprocessing, resizing and crop are those of the repository's ``preprocessor_config.json``.
None of them has a classifier, so there is no accuracy on the images that it was trained on.
Parameters and multiply-accumulates are counted, without the text tower.
"""

from typing import Any

from headstart.backbones.row import Backbone, OfficialWeights, Texts
from headstart.networks.preprocessing import CLIP, MINUS_ONE_TO_ONE, STANDARDISED


def _file(repository: str, revision: str, name: str, kept_as: str, digest: str) -> OfficialWeights:
    address = f"https://huggingface.co/{repository}/resolve/{revision}/{name}"
    return OfficialWeights(address, kept_as, digest)


_NO_CLASSIFIER: dict[str, Any] = {"classes": (), "top1": None, "top5": None}
_DINO: dict[str, Any] = {
    "family": "dinov2",
    "size": (224, 224),
    "min_size": 56,
    "max_size": 518,
    "multiple_of": 14,
    "preprocessing": STANDARDISED,
    "interpolation": "bicubic",
    "trained_on": "LVD-142M",
    "license": "Apache-2.0",
    "source": "Oquab et al. 2023, arXiv:2304.07193",
    **_NO_CLASSIFIER,
}
_LAION = ("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "1a25a446712ba5ee05982a381eed697ef9b435cf")
_SIGLIP2 = ("google/siglip2-base-patch16-224", "75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2")

# Lines broken by hand read better here than one argument on each line.
# fmt: off
TRANSFORMER_ROWS = (
    Backbone(name="dinov2_small", builder="DINOv2Small", n_features=384, parameters=22_056_192,
        macs=6_123_561_984, **_DINO,
        weights=_file("facebook/dinov2-small", "ed25f3a31f01632728cabb09d1542f84ab7b0056",
            "model.safetensors", "dinov2_small.safetensors",
            "ae1e99fcefd534ed978cdeb8326f08030c96e28b7a81ffcbc98a857c84d14be1")),
    Backbone(name="dinov2_base", builder="DINOv2Base", n_features=768, parameters=86_579_712,
        macs=23_161_227_264, **_DINO,
        weights=_file("facebook/dinov2-base", "f9e44c814b77203eaa57a6bdbbd535f21ede1415",
            "model.safetensors", "dinov2_base.safetensors",
            "d73036b56966966d07975d696bde331762f37297e2f095de8cea0040c3aa0841")),
    Backbone(name="clip_vit_b32", family="clip", builder="CLIPViTB32", size=(224, 224),
        min_size=64, max_size=448, multiple_of=32, n_features=512,
        parameters=87_849_216, macs=4_408_811_520,
        preprocessing=CLIP, crop_fraction=1.0, interpolation="bicubic", trained_on="LAION-2B",
        license="MIT",
        source="Radford et al. 2021, arXiv:2103.00020; weights of Schuhmann et al. 2022, "
            "arXiv:2210.08402",
        **_NO_CLASSIFIER,
        weights=_file(*_LAION, "model.safetensors", "clip_vit_b32.safetensors",
            "74813fbcdc750f235c9784c367ca1394d2a5c25eb0aac92761752ac239db7cff"),
        texts=Texts(
            tokenizer=_file(*_LAION, "tokenizer.json", "clip_vit_b32_tokenizer.json",
                "b556ac8c99757ffb677208af34bc8c6721572114111a6e0aaf5fa69ff0b8d842"),
            template="a photo of a {}.", length=77, first=(49406,), last=49407, pad=0,
            causal=True, gelu="erf", epsilon=1e-5)),
    Backbone(name="siglip2_vit_b16", family="siglip2", builder="SigLIP2ViTB16", size=(224, 224),
        min_size=64, max_size=512, multiple_of=16, n_features=768,
        parameters=92_884_224, macs=17_707_702_272,
        preprocessing=MINUS_ONE_TO_ONE, resize="squash", trained_on="WebLI", license="Apache-2.0",
        source="Tschannen et al. 2025, arXiv:2502.14786",
        **_NO_CLASSIFIER,
        weights=_file(*_SIGLIP2, "model.safetensors", "siglip2_vit_b16.safetensors",
            "612923381c76ec5a9bed335d1c48827e3f2e506ac31b044b63b2031fadee6a0b"),
        texts=Texts(
            tokenizer=_file(*_SIGLIP2, "tokenizer.json", "siglip2_vit_b16_tokenizer.json",
                "cb9140fae3ac5122c972d37adf83e1248471a38147ad76f8215c8872c6fd8322"),
            template="This is a photo of a {}.", length=64, first=(), last=1, pad=0,
            causal=False, gelu="tanh", epsilon=1e-6)),
)
# fmt: on
