"""``headstart export``: a model as a file of another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.output import print_json, print_lines
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.escaping import printable

if TYPE_CHECKING:
    import argparse

USAGE = "MODEL --to FORMAT --out PATH [options]"

DESCRIPTION = """\
Write a model as a file that other programs run: pixels in, probabilities out, with the labels in
its metadata. It is run there first, and written only if it predicts the same.

MODEL is the folder of a saved model, or the name of a backbone with classes."""

EPILOG = """\
FORMAT is one of these:
  onnx      FILE.onnx; ONNX Runtime and most others (extra 'onnx')
  openvino  FILE.xml and FILE.bin; OpenVINO and its Model API
  keras     FILE.keras; Keras 3 (extra 'finetune')
  litert    FILE.tflite; LiteRT (extras 'finetune', 'litert')
  huggingface  a folder to upload to Hugging Face, which headstart loads as well

example:
  headstart export my-model/ --to onnx --out my-model.onnx"""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("model", "MODEL", type=options.path_text)
    text = "the format, see below"
    parser.add_argument("--to", metavar="FORMAT", required=True, help=text)
    text = "the file to write, with the ending of its format; or the folder"
    parser.add_argument("--out", metavar="PATH", required=True, type=options.path, help=text)
    text = "auto, f32 or int8; auto is that of the model"
    add_option(parser, "--precision P", text, str, "auto")
    text = "replace a file that is there"
    parser.add_argument("--overwrite", action="store_true", help=text)
    options.add_json(parser, "what was written, and how well it agrees")
    options.add_predicting(parser, "MODEL")


def run(arguments: argparse.Namespace) -> int:
    """Export, and say how well the file agrees."""
    from dataclasses import asdict

    from headstart.jobs.export import HUGGING_FACE, export

    found = export(
        options.PREDICTING.settings(arguments, backbone=arguments.model),
        arguments.to,
        arguments.out,
        precision=arguments.precision,
        overwrite=arguments.overwrite,
        progress=progress(arguments),
    )
    if arguments.json:
        print_json({**asdict(found), "path": str(found.path)})
        return 0
    path = printable(str(found.path))
    if found.format == HUGGING_FACE:
        print_lines(
            f"{path} holds the model and what Hugging Face reads beside it. headstart loads "
            f"it, and it predicts the same. To upload it: hf upload NAME {path}"
        )
        return 0
    print_lines(
        f"{path} gives {', '.join(found.outputs)}. {found.runtime} computes the same "
        f"probabilities as headstart in {found.precision}: those of the golden images are off by "
        f"at most {found.difference:.1g}."
    )
    if found.bf16_change is not None:
        print_lines(
            "The model itself computes in bfloat16 on this computer, which changes its own "
            f"probabilities of these images by up to {found.bf16_change:.1g}; others may change "
            "more. A model that is trained with --precision f32 gives the same numbers everywhere."
        )
    return 0
