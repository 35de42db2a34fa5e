"""A saved model as a repository of Hugging Face: a folder to upload there, which still loads here.

It is a saved model (see `headstart.model.parts`) whose card begins with the front matter that the
hub reads, with the small files that other programs look for beside it. None of them is a part of
the model, so ``SHA256SUMS`` says the same as before. Small copies of training images
(``examples.npz``) and their hashes (``hashes.npz``) stay at home.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

from headstart.display.text import json_text
from headstart.errors import UsageError
from headstart.escaping import printable
from headstart.model import parts
from headstart.model.card import model_card
from headstart.model.golden import golden_error
from headstart.model.loading import load
from headstart.model.replacing import check_place, place_for_model

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.images.resizing import Resize
    from headstart.model.saved import SavedModel

# The hub's names of usual licences: https://huggingface.co/docs/hub/repositories-licenses
_LICENCES = {
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-3.0"),
    *("cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "gpl-3.0", "agpl-3.0", "unlicense"),
}
_FRONT_MATTER = re.compile(r"\A---\n.*?^---\n+", re.DOTALL | re.MULTILINE)
# Pillow's numbers of its filters, as transformers writes them.
_RESAMPLE = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}
# What Git is to keep beside itself.
_ATTRIBUTES = "".join(
    f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in ("*.bin", "*.npz", "*.png")
)
_PRIVATE = ("examples.npz", "hashes.npz")
# Of a card that a user has written.
_MOST_LETTERS = 2**20


def write_repository(model: SavedModel, out: Path, *, overwrite: bool = False) -> float:
    """Write a folder to upload as a repository; `headstart.load` loads it, too.

    Parameters
    ----------
    model : SavedModel
    out : Path
        A new or empty folder.
    overwrite : bool
        Whether a saved model in the folder may be replaced.

    Returns
    -------
    float
        How far the worst probability of the golden images is off in what was written.

    Raises
    ------
    UsageError
        If there is something else in the folder, or it is the model's own.
    DamagedModel
        If the files of the model were altered since it was loaded.
    StorageError
        If the folder can't be written.
    """
    check_place(out, overwrite=overwrite)
    if out.exists() and out.samefile(model.folder):
        raise UsageError(
            "A repository must have a folder of its own, beside the model's. Received: "
            f"{str(out)!r}, which holds the model. Name a new folder."
        )
    with place_for_model(out, overwrite=overwrite) as new:
        kept = [name for name in parts.check_parts(model.folder) if name not in _PRIVATE]
        for name in kept:
            shutil.copyfile(model.folder / name, new / name)
        for name in model.description.extras:
            if (model.folder / name).is_file():
                shutil.copyfile(model.folder / name, new / name)
        parts.write_checksums(new, kept)
        (new / parts.CARD).write_text(front_matter(model) + _card(model), "utf-8")
        for name, content in small_files(model).items():
            (new / name).write_text(content, "utf-8")
        golden = parts.read_part(new, "golden")
        return golden_error(golden or {}, load(new).predictor)[0]


def front_matter(model: SavedModel) -> str:
    """Return the lines of YAML that the hub reads: licence, library, task, tags and accuracy."""
    lines = [
        *_licence(model.network.license),
        "library_name: headstart",
        "pipeline_tag: image-classification",
        "tags:",
        *(f"- {tag}" for tag in ("image-classification", "headstart", "openvino")),
        *_measured(model),
    ]
    return "\n".join(["---", *lines, "---", "", ""])


def _licence(name: str | None) -> list[str]:
    if name is None:
        return ["license: unknown"]
    if name.lower() in _LICENCES:
        return [f"license: {name.lower()}"]
    plain = re.sub(r"[^a-z0-9.]+", "-", name.lower())[:100].strip("-.")
    return ["license: other", f"license_name: {plain or 'unnamed'}"]


def _measured(model: SavedModel) -> list[str]:
    accuracy = model.evaluation.get("accuracy")
    if type(accuracy) is not float:
        return []
    return [
        "model-index:",
        f"- name: {json.dumps('headstart on ' + printable(model.network.name))}",
        "  results:",
        "  - task:",
        "      type: image-classification",
        "    dataset:",
        "      name: images that it was not trained on",
        "      type: imagefolder",
        "    metrics:",
        "    - type: accuracy",
        f"      value: {accuracy:.4f}",
    ]


def _card(model: SavedModel) -> str:
    """Return the card as the user may have edited it, without a front matter."""
    path = model.folder / parts.CARD
    if not path.is_file() or path.stat().st_size > _MOST_LETTERS:
        return model_card(model.description)
    return _FRONT_MATTER.sub("", path.read_text("utf-8", "replace"))


def small_files(model: SavedModel) -> dict[str, str]:
    """Return the files that other programs look for, by name: classes, pixels, what Git does."""
    labels = [printable(str(label)) for label in model.labels]
    config = {
        "library_name": "headstart",
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "label2id": {label: number for number, label in enumerate(labels)},
    }
    found = {"config.json": json_text(config, indent=2) + "\n", ".gitattributes": _ATTRIBUTES}
    pixels = preprocessor(model.predictor.resize)
    if pixels is not None:
        found["preprocessor_config.json"] = json_text(pixels, indent=2) + "\n"
    return found


def preprocessor(resize: Resize) -> dict[str, Any] | None:
    """Return a resize rule in transformers' words; None if it has none for it.

    The arithmetic on the pixels is part of the graph.
    """
    sides = {"height": resize.height, "width": resize.width}
    found: dict[str, Any] = {"do_rescale": False, "do_normalize": False, "do_resize": True}
    interpolation = "nearest" if resize.rule == "keras" else resize.interpolation
    found["resample"] = _RESAMPLE[interpolation]
    if resize.rule in ("squash", "keras"):
        return {**found, "size": sides}
    if resize.rule == "crop" and resize.height == resize.width:
        edge = round(resize.height / resize.crop_fraction)
        return {
            **found,
            "size": {"shortest_edge": edge},
            "do_center_crop": True,
            "crop_size": sides,
        }
    return None
