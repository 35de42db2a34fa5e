"""A backbone with a text tower that is small enough for plain tests."""

import numpy as np
from safetensors.numpy import save_file

from headstart.backbones.row import OfficialWeights, Texts

WIDTH, SHARED, DEPTH = 64, 16, 2
#: As the tokenizer of `write_tokenizer` numbers them.
WORDS = ["<unk>", "<end>", "<start>", "a", "photo", "of", ".", "rickshaw", "horse", "cart", "tiger"]

TEXTS = Texts(
    tokenizer=OfficialWeights("https://example.invalid/tokenizer.json", "tiny.json", None),
    template="a photo of a {}.",
    length=12,
    first=(2,),
    last=1,
    pad=0,
    causal=True,
    gelu="erf",
    epsilon=1e-5,
)


def write_tokenizer(path):
    """Write a tokenizer of whole words."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=WORDS[0]))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(path))


def text_arrays():
    """Return random arrays of a text tower, as transformers names those of CLIP."""
    rng = np.random.default_rng(0)

    def draw(*shape):
        return (rng.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)

    arrays = {
        "text_model.embeddings.token_embedding.weight": draw(len(WORDS), WIDTH),
        "text_model.embeddings.position_embedding.weight": draw(TEXTS.length, WIDTH),
        "text_projection.weight": draw(SHARED, WIDTH),
        "logit_scale": np.array(np.log(20), np.float32),
    }
    dense = {f"self_attn.{part}_proj": (WIDTH, WIDTH) for part in ("q", "k", "v", "out")}
    dense |= {"mlp.fc1": (4 * WIDTH, WIDTH), "mlp.fc2": (WIDTH, 4 * WIDTH)}
    norms = ["text_model.final_layer_norm"]
    for number in range(DEPTH):
        block = f"text_model.encoder.layers.{number}."
        norms += [f"{block}layer_norm1", f"{block}layer_norm2"]
        for name, shape in dense.items():
            arrays[f"{block}{name}.weight"] = draw(*shape)
            arrays[f"{block}{name}.bias"] = draw(shape[0])
    for name in norms:
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = draw(WIDTH) + 1, draw(WIDTH)
    return arrays


def write_tower(path, arrays=None):
    """Write the arrays of a text tower."""
    save_file(text_arrays() if arrays is None else arrays, path)
