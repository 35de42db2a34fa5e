"""``headstart bench``."""

import json

import pytest

from headstart.cli.main import main


def test_a_table_for_people(backbone, photos, capsys):
    assert main(["bench", backbone, "--images", str(photos)]) == 0
    shown = capsys.readouterr().out
    assert "ms with reading" in shown
    assert "tiny" in shown


def test_programs_get_everything(backbone, photos, capsys):
    assert main(["bench", backbone, "--images", str(photos), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["timings"][0]["precision"] == "f32"
    assert set(record["versions"]) == {"python", "headstart", "openvino"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["resnet51"], "resnet50"),
        (["mini", "--images", "nowhere"], "nowhere"),
        (["mini", "--precision", "int8"], "precision"),
    ],
)
def test_what_people_do_wrong(words, why, capsys):
    assert main(["bench", *words]) in (1, 2)
    assert why in capsys.readouterr().err
