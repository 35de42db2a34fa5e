"""The text tower of a network that was trained on images with their texts: texts in, vectors out.

Its weights are in the same file as those of the image tower. OpenVINO runs it: what is frozen needs
no Keras. The vector of a text and the features of an image lie in one space, both of length 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import MissingExtra, WeightsMismatch
from headstart.networks.runtime import load_openvino, load_processor
from headstart.untrusted.regular_files import read_bytes
from headstart.untrusted.tensor_files import TensorFile, open_tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from openvino import Node

    from headstart.backbones.row import Texts

    Array = NDArray[np.float32]

# The numbers of an attention head, in every tower here.
_HEAD = 64
# Texts that are computed at a time.
_BATCH = 32
# Bytes of a tokenizer's file; the largest known has 34 million.
_LARGEST = 2**27
_TOKENS = "text_model.embeddings.token_embedding.weight"
_POSITIONS = "text_model.embeddings.position_embedding.weight"
_BLOCKS = "text_model.encoder.layers."


def read_tokenizer(path: Path) -> Any:
    """Return the tokenizer in a ``tokenizer.json``. The file is data: nothing in it is run.

    Raises
    ------
    MissingExtra
        If the package tokenizers is not installed.
    WeightsMismatch
        If the file is no tokenizer.
    """
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise MissingExtra("Reading classes that are texts", "text") from error
    try:
        return Tokenizer.from_buffer(read_bytes(path, _LARGEST))
    except Exception as error:  # the package raises nothing more special
        raise WeightsMismatch(
            f"{path} must be a tokenizer, as the package tokenizers writes it. Received a file "
            f"that can't be read: {error}. Delete it and try again."
        ) from error


def tokens(tokenizer: Any, texts: Sequence[str], how: Texts) -> NDArray[np.int64]:
    """Return the numbers of the tokens of texts.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    texts : sequence of str, length n
        In small letters or not: the towers were trained on small ones.
    how : Texts
        Of the backbone's row.

    Returns
    -------
    ndarray of int64, shape (n, length)
        What is shorter is filled up, and of what is longer than the tower takes the end is missing.
    """
    tokenizer.no_padding()
    tokenizer.no_truncation()
    found = tokenizer.encode_batch([text.lower() for text in texts], add_special_tokens=False)
    room = how.length - len(how.first) - 1
    rows = [[*how.first, *each.ids[:room], how.last] for each in found]
    # A tower that looks only backwards needs no more places than the longest text.
    length = max(map(len, rows), default=1) if how.causal else how.length
    numbers = np.full((len(rows), length), how.pad, np.int64)
    for row, ids in zip(numbers, rows, strict=True):
        row[: len(ids)] = ids
    return numbers


def text_vectors(path: Path, ids: NDArray[np.int64], how: Texts) -> tuple[Array, float]:
    """Return the vectors of texts, by the text tower in a file of transformers.

    Parameters
    ----------
    path : Path
        In the safetensors format. Only the text tower is read, and of the table of tokens only the
        rows that are needed.
    ids : ndarray of int64, shape (n, length)
        From `tokens`.
    how : Texts
        Of the backbone's row.

    Returns
    -------
    vectors : ndarray of float32, shape (n, d)
        Each of length 1.
    scale : float
        What similarities of images and texts are multiplied by before the softmax.

    Raises
    ------
    WeightsMismatch
        If the file is cut short, or has no such tower for these tokens.
    """
    try:
        with open_tensors(path) as file:
            used, places = np.unique(ids, return_inverse=True)
            table = _numbers(file.read_rows(_TOKENS, used), _TOKENS)
            network = _compiled(file, how, *ids.shape[1:])
            project = _projection(file)
            scale = math.exp(_read(file, "logit_scale").item())
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        raise WeightsMismatch(
            f"{path} must hold the text tower beside the image tower, as transformers writes both. "
            f"Received: {error}. Get the file again, with the tokenizer that belongs to it."
        ) from error
    ends = (ids == how.last).argmax(axis=1) if how.causal else np.full(len(ids), -1)
    embedded, found = places.reshape(ids.shape), []
    for start in range(0, len(ids), _BATCH):
        part = slice(start, start + _BATCH)
        outputs = network(table[embedded[part]])[0]
        found.append(outputs[np.arange(len(outputs)), ends[part]])
    vectors = project(np.concatenate(found))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), scale


def _projection(file: TensorFile) -> Any:
    """Return what brings the last token of a text into the space that it shares with images."""
    if "text_projection.weight" in file.entries:
        matrix = _read(file, "text_projection.weight").T
        return lambda tokens: tokens @ matrix
    matrix = _read(file, "text_model.head.weight").T
    bias = _read(file, "text_model.head.bias")
    return lambda tokens: tokens @ matrix + bias


def _compiled(file: TensorFile, how: Texts, length: int) -> Any:
    """Return the network from embedded tokens (n, length, width) to what becomes of them."""
    openvino = load_openvino()
    ops = openvino.opset13
    positions = _read(file, _POSITIONS)
    if len(positions) < length:
        raise ValueError(f"positions for {len(positions)} tokens, where {length} are needed")
    width = positions.shape[1]
    embedded = ops.parameter([-1, length, width], openvino.Type.f32)
    x = ops.add(embedded, positions[None, :length])
    depth = sum(name.startswith(_BLOCKS) and name.endswith("mlp.fc1.bias") for name in file.entries)
    for number in range(depth):
        x = _Block(file, how, f"{_BLOCKS}{number}.", ops).applied(x, length, width)
    x = _norm(file, "text_model.final_layer_norm", x, how, ops)
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    return load_processor().compile_model(openvino.Model([x], [embedded]), "CPU", hints)


class _Block:
    """One block of the tower: each token looks at others, then each is changed alone."""

    def __init__(self, file: TensorFile, how: Texts, name: str, ops: Any) -> None:
        self.file, self.how, self.name, self.ops = file, how, name, ops

    def applied(self, x: Node, length: int, width: int) -> Node:
        """Return the tokens (n, length, width) after the block."""
        ops, how = self.ops, self.how
        before = _norm(self.file, f"{self.name}layer_norm1", x, how, ops)
        query, key, value = (
            self._in_heads(self._dense(before, f"self_attn.{part}_proj"), length, width)
            for part in "qkv"
        )
        scores = ops.matmul(ops.multiply(query, np.float32(_HEAD**-0.5)), key, False, True)
        if how.causal:
            later = np.triu(np.full((length, length), -1e9, np.float32), 1)
            scores = ops.add(scores, later[None, None])
        seen = ops.transpose(ops.matmul(ops.softmax(scores, 3), value, False, False), _SWAPPED)
        seen = ops.reshape(seen, np.array([0, length, width]), special_zero=True)
        x = ops.add(x, self._dense(seen, "self_attn.out_proj"))
        hidden = self._dense(_norm(self.file, f"{self.name}layer_norm2", x, how, ops), "mlp.fc1")
        hidden = ops.gelu(hidden, "tanh" if how.gelu == "tanh" else "erf")
        return ops.add(x, self._dense(hidden, "mlp.fc2"))

    def _in_heads(self, tokens: Node, length: int, width: int) -> Node:
        shape = np.array([0, length, width // _HEAD, _HEAD])
        return self.ops.transpose(self.ops.reshape(tokens, shape, special_zero=True), _SWAPPED)

    def _dense(self, x: Node, layer: str) -> Node:
        weights = _read(self.file, f"{self.name}{layer}.weight")
        bias = _read(self.file, f"{self.name}{layer}.bias")
        return self.ops.add(self.ops.matmul(x, weights, False, True), bias)


_SWAPPED = np.array([0, 2, 1, 3])


def _norm(file: TensorFile, name: str, x: Node, how: Texts, ops: Any) -> Node:
    normal = ops.mvn(x, np.array([-1]), True, how.epsilon, "inside_sqrt")
    scaled = ops.multiply(normal, _read(file, f"{name}.weight"))
    return ops.add(scaled, _read(file, f"{name}.bias"))


def _read(file: TensorFile, name: str) -> Array:
    return _numbers(file.read(name), name)


def _numbers(values: NDArray[Any], name: str) -> Array:
    """Return finite numbers as float32."""
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise ValueError(f"{name} holds something else than finite numbers")
    return values.astype(np.float32, copy=False)
