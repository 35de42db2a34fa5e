"""The table of formats. To add one, add a row."""

from headstart.exporting.format import Format
from headstart.exporting.keras_files import KERAS, LITERT
from headstart.exporting.onnx_files import ONNX
from headstart.exporting.openvino_files import OPENVINO

#: By the name that users give.
FORMATS: dict[str, Format] = {
    "keras": KERAS,
    "litert": LITERT,
    "onnx": ONNX,
    "openvino": OPENVINO,
}

#: A saved model with what the hub reads beside it, and not one file of another program.
HUGGING_FACE = "huggingface"
