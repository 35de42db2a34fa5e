"""``headstart compare``."""

import json

import pytest

from headstart.cli.main import main


def test_a_table_and_a_reason(photos, backbone, capsys):
    words = ["compare", str(photos), "--backbones", backbone, "--heads", "ridge", "knn"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "has the lowest cross-validated log loss" in shown
    assert "95 % interval" in shown


def test_programs_get_everything(photos, backbone, capsys):
    words = ["compare", str(photos), "--backbones", backbone, "--resizes", "crop", "--json"]
    assert main([*words, "--budget", "none"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert len(record["results"]) == 4
    assert record["budget"] is None


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--budget", "soon"], "30s, 2m or 1h"),
        (["--backbones", "resnet51"], "resnet50"),
        (["--heads", "svm"], "invalid choice"),
        (["--heads"], "--heads must name at least one"),
    ],
)
def test_what_people_do_wrong(words, named, photos, capsys):
    try:
        status = main(["compare", str(photos), *words])
    except SystemExit as ending:
        status = ending.code
    assert status in (1, 2)
    assert named in capsys.readouterr().err
