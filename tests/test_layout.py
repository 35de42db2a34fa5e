"""The tests mirror the source: each module has its test file."""

from pathlib import Path

import pytest

import headstart

SOURCE = Path(headstart.__file__).parent
TESTS = Path(__file__).parent

#: Modules that are tested in another file, and where.
ELSEWHERE = {
    "backbones/attention_layers.py": "backbones/test_transformer_rows.py",  # compared there
    "backbones/vision_transformers.py": "backbones/test_transformer_rows.py",  # compared there
    "checking/base.py": "checking/test_running.py",  # abstract
    "backbones/torch_layers.py": "backbones/test_hub_rows.py",  # compared with PyTorch's there
    "exporting/format.py": "exporting/test_formats.py",  # only a row
    "hub/listing.py": "hub/test_huggingface.py",  # only what the hubs answer with
    "networks/pooling.py": "networks/test_variants.py",  # only names
    "classifier.py": "classifier/test_classifier.py",  # has fixtures of its own
    "version.py": "test_project_files.py",
}


def modules():
    return {
        str(path.relative_to(SOURCE).as_posix())
        for path in SOURCE.rglob("*.py")
        if not path.name.startswith("__")
    }


def file_for(module):
    folder, _, name = module.rpartition("/")
    return TESTS / ELSEWHERE.get(module, f"{folder}/test_{name}".lstrip("/"))


def test_every_module_has_its_test_file():
    assert [module for module in modules() if not file_for(module).is_file()] == []


@pytest.mark.parametrize("module", ELSEWHERE)
def test_what_is_tested_elsewhere_exists(module):
    assert module in modules()
    assert file_for(module).is_file()
