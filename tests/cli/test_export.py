"""``headstart export``."""

import json

import pytest

from headstart.cli.main import main
from headstart.exporting.export import ExportSummary


def test_it_says_what_was_written_and_how_well_it_agrees(saved, tmp_path, capsys):
    out = str(tmp_path / "net.xml")
    capsys.readouterr()
    assert main(["export", saved, "--to", "openvino", "--out", out]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{out} gives probabilities, feature_vector, saliency_map. OpenVINO ")
    assert main(["export", saved, "--to", "openvino", "--out", out, "--overwrite", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["path"], found["format"], found["precision"]) == (out, "openvino", "f32")
    assert found["difference"] < 1e-4


def test_a_repository_is_said_with_the_command_that_uploads_it(saved, tmp_path, capsys):
    out = str(tmp_path / "repo")
    capsys.readouterr()
    assert main(["export", saved, "--to", "huggingface", "--out", out]) == 0
    assert capsys.readouterr().out.split()[-4:] == ["hf", "upload", "NAME", out]


def test_what_people_do_wrong(saved, photos, tmp_path, capsys):
    out = ["--out", str(tmp_path / "net.xml")]
    assert main(["export", saved, "--to", "caffe", *out]) == 2
    assert "onnx" in capsys.readouterr().err
    assert main(["export", saved, "--to", "onnx", *out]) == 2
    assert "must end in .onnx" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["export", saved, *out])
    assert main(["export", str(photos), "--to", "openvino", *out]) == 1
    assert main(["export", "no_such_model", "--to", "openvino", *out]) == 2
    assert main(["export", saved, "--to", "openvino", "--precision", "int8", *out]) == 2
    assert "--precision int8" in capsys.readouterr().err
    assert list(tmp_path.glob("net.*")) == []


def test_what_bfloat16_changes_is_said(saved, tmp_path, capsys, monkeypatch):
    found = ExportSummary(
        path=tmp_path / "net\x1b[31m.xml",
        format="openvino",
        runtime="OpenVINO",
        difference=1e-6,
        outputs=("probabilities",),
        precision="f32",
        bf16_change=0.031,
    )
    monkeypatch.setattr("headstart.jobs.export.export", lambda *_, **__: found)
    capsys.readouterr()
    assert main(["export", saved, "--to", "openvino", "--out", str(tmp_path / "net.xml")]) == 0
    text = capsys.readouterr().out
    assert "computes in bfloat16 on this computer, which changes" in text
    assert "net\\x1b[31m.xml gives" in text
