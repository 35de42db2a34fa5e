"""Vision transformers, built with Keras; used only where Keras may be imported.

One builder makes them all: they differ in a few numbers and in what their files call the layers
(`DESIGNS`). The files are those that transformers writes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from keras import KerasTensor, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the file of a vision transformer calls its layers, with dashes for the dots.

    See `headstart.backbones.safetensors_weights`.

    Attributes
    ----------
    embeddings : str
        The layer that adds the class token and the positions.
    class_vector, positions : str
        Its variables.
    patches, first_norm, last_norm, projection, head : str
        Layers; `head` is SigLIP's pooling head. Empty where there is none.
    block : str
        What the names of the layers of a block begin with; ``{}`` is its number, from 0.
    norms, scales, attention, hidden : tuple of str
        Layers of a block: before each half; after each half (none, or one that learns a scale);
        query, key, value and output; the two of the hidden layer.
    """

    embeddings: str
    class_vector: str = ""
    positions: str
    patches: str
    first_norm: str = ""
    last_norm: str
    projection: str = ""
    head: str = ""
    block: str
    norms: tuple[str, str]
    scales: tuple[str, str] | None = None
    attention: tuple[str, str, str, str]
    hidden: tuple[str, str] = ("mlp-fc1", "mlp-fc2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a vision transformer is made of.

    Attributes
    ----------
    names : Names
        They say as well which layers there are.
    patch : int
        Height and width of a patch, in pixels.
    grid : int
        How many patches the images of the published weights have along each side: there is a
        position embedding for each of them.
    width, heads : int
        Numbers of a token, and attention heads.
    activation : {"gelu", "gelu_tanh"}
        Of the hidden layer of each block.
    epsilon : float
        Of the normalisations.
    patch_bias : bool
        Whether the patch embedding has a bias.
    projection : int
        Numbers of the space that images share with texts, if it is another one; else 0.
    with_texts : bool
        Whether images share a space with texts. There, all features have the length 1.
    """

    names: Names
    patch: int
    grid: int
    width: int
    heads: int
    activation: Literal["gelu", "gelu_tanh"] = "gelu"
    epsilon: float = 1e-6
    patch_bias: bool = True
    projection: int = 0
    with_texts: bool = False


# Blocks of every network here, and how much wider their hidden layer is.
_DEPTH, _HIDDEN = 12, 4

_DINO = Names(
    embeddings="embeddings",
    class_vector="cls_token",
    positions="position_embeddings",
    patches="embeddings-patch_embeddings-projection",
    last_norm="layernorm",
    block="encoder-layer-{}-",
    norms=("norm1", "norm2"),
    scales=("layer_scale1", "layer_scale2"),
    attention=(
        "attention-attention-query",
        "attention-attention-key",
        "attention-attention-value",
        "attention-output-dense",
    ),
)
_CLIP = Names(
    embeddings="vision_model-embeddings",
    class_vector="class_embedding",
    positions="position_embedding-weight",
    patches="vision_model-embeddings-patch_embedding",
    first_norm="vision_model-pre_layrnorm",  # spelt so
    last_norm="vision_model-post_layernorm",
    projection="visual_projection",
    block="vision_model-encoder-layers-{}-",
    norms=("layer_norm1", "layer_norm2"),
    attention=("self_attn-q_proj", "self_attn-k_proj", "self_attn-v_proj", "self_attn-out_proj"),
)
_SIGLIP = Names(
    embeddings="vision_model-embeddings",
    positions="position_embedding-weight",
    patches="vision_model-embeddings-patch_embedding",
    last_norm="vision_model-post_layernorm",
    head="vision_model-head",
    block=_CLIP.block,
    norms=_CLIP.norms,
    attention=_CLIP.attention,
)
#: By the name of the builder.
DESIGNS = {
    "DINOv2Small": Design(names=_DINO, patch=14, grid=37, width=384, heads=6),
    "DINOv2Base": Design(names=_DINO, patch=14, grid=37, width=768, heads=12),
    "CLIPViTB32": Design(
        names=_CLIP,
        patch=32,
        grid=7,
        width=768,
        heads=12,
        epsilon=1e-5,
        patch_bias=False,
        projection=512,
        with_texts=True,
    ),
    "SigLIP2ViTB16": Design(
        names=_SIGLIP,
        patch=16,
        grid=14,
        width=768,
        heads=12,
        activation="gelu_tanh",
        with_texts=True,
    ),
}


def vision_transformer(
    builder: str,
    *,
    include_top: bool = False,
    weights: None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    pooling: str | None = "avg",
) -> Model:
    """Return a vision transformer. It has no classifier: its output is the features.

    Parameters
    ----------
    builder : str
        A name in `DESIGNS`.
    include_top, weights, pooling
        Ignored. The arguments are those of the builders in ``keras.applications``.
    input_shape : tuple
        Height, width and 3 channels: RGB, preprocessed. Height and width are multiples of the
        patch. The position embeddings are interpolated to the grid of its patches: bicubic, as
        transformers does.

    References
    ----------
    Dosovitskiy et al. 2020, arXiv:2010.11929; Touvron et al. 2021, arXiv:2103.17239 (the learnt
    scale of each half block); Zhai et al. 2021, arXiv:2106.04560 (the probe).
    """
    from keras import Input, Model, layers

    from headstart.backbones.attention_layers import Embeddings, Unit

    del include_top, weights, pooling
    design = DESIGNS[builder]
    names, patch = design.names, design.patch
    image = Input(input_shape, name="image")
    x = layers.Conv2D(
        design.width, patch, strides=patch, use_bias=design.patch_bias, name=names.patches
    )(image)
    _, height, width, _ = x.shape
    x = layers.Reshape((height * width, design.width), name="tokens")(x)
    x = Embeddings(
        (height, width), design.grid, names.positions, names.class_vector, name=names.embeddings
    )(x)
    if names.first_norm:
        x = _norm(x, design, names.first_norm)
    for number in range(_DEPTH):
        x = _block(x, design, names.block.format(number))
    x = _norm(x, design, names.last_norm)
    x = _probed(x, design) if names.head else _class_token(x, design)
    if names.projection:
        x = layers.Dense(design.projection, use_bias=False, name=names.projection)(x)
    if design.with_texts:
        x = Unit(name="unit")(x)
    return Model(image, x, name=builder)


def token_map(model: Model) -> KerasTensor | None:
    """Return the last tokens of the patches in their places: (n, height, width, channels).

    None for a network that is not of this module.
    """
    from keras import layers

    if model.name not in DESIGNS:
        return None
    names = DESIGNS[model.name].names
    tokens, places = (model.get_layer(name).output for name in (names.last_norm, names.patches))
    if names.class_vector:
        tokens = layers.Cropping1D((1, 0))(tokens)
    return layers.Reshape(places.shape[1:])(tokens)


def _block(x: KerasTensor, design: Design, name: str) -> KerasTensor:
    """Let each token look at all others, then change each one alone."""
    from keras import layers

    from headstart.backbones.attention_layers import Attention

    before, other = (name + norm for norm in design.names.norms)
    *inputs, out = (name + layer for layer in design.names.attention)
    attended = _norm(x, design, before)
    parts = [layers.Dense(design.width, name=layer)(attended) for layer in inputs]
    attended = Attention(design.heads, name=f"{name}attend")(*parts)
    x = _added(x, layers.Dense(design.width, name=out)(attended), design, name, 0)
    changed = _hidden_layer(_norm(x, design, other), design, name)
    return _added(x, changed, design, name, 1)


def _hidden_layer(x: KerasTensor, design: Design, name: str) -> KerasTensor:
    from keras import activations, layers

    gelu = functools.partial(activations.gelu, approximate=design.activation == "gelu_tanh")
    into, out = (name + layer for layer in design.names.hidden)
    x = layers.Dense(_HIDDEN * design.width, name=into)(x)
    x = layers.Activation(gelu, name=f"{name}gelu")(x)
    return layers.Dense(design.width, name=out)(x)


def _added(
    x: KerasTensor, change: KerasTensor, design: Design, name: str, half: int
) -> KerasTensor:
    from keras import layers

    from headstart.backbones.attention_layers import Scale

    if design.names.scales:
        change = Scale(name=name + design.names.scales[half])(change)
    return layers.Add(name=f"{name}add{half + 1}")([x, change])


def _norm(x: KerasTensor, design: Design, name: str) -> KerasTensor:
    from keras import layers

    return layers.LayerNormalization(epsilon=design.epsilon, name=name)(x)


def _class_token(x: KerasTensor, design: Design) -> KerasTensor:
    from keras import layers

    first = layers.Cropping1D((0, x.shape[1] - 1), name="first_token")(x)
    return layers.Reshape((design.width,), name="class_token")(first)


def _probed(x: KerasTensor, design: Design) -> KerasTensor:
    """Let a learnt probe look at all tokens, then change what it found as a block does."""
    from keras import layers

    from headstart.backbones.attention_layers import Probe

    name = f"{design.names.head}-"
    x = Probe(design.heads, name=design.names.head)(x)
    x = layers.Dense(design.width, name=f"{name}attention-out_proj")(x)
    changed = _hidden_layer(_norm(x, design, f"{name}layernorm"), design, name)
    return layers.Add(name=f"{name}add")([x, changed])


#: The builders, by name.
VISION_TRANSFORMERS: dict[str, Callable[..., Model]] = {
    name: functools.partial(vision_transformer, name) for name in DESIGNS
}
