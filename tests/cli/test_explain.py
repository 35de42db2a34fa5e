"""``headstart explain``."""

import json

from headstart.cli.main import main


def test_each_image_gets_a_line_and_a_drawing(saved, photos, tmp_path, capsys):
    out = tmp_path / "out"
    capsys.readouterr()
    assert main(["explain", str(photos / "red"), "--model", saved, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out.count(": red ") == 6
    assert "6 of 6 images explained by activation map" in said.err
    assert len(list(out.iterdir())) == 6


def test_json_holds_the_map(saved, photos, tmp_path, capsys):
    out = tmp_path / "out"
    image = str(photos / "red" / "0.png")
    capsys.readouterr()
    words = ["explain", image, "--model", saved, "--out", str(out), "--label", "blue", "--json"]
    assert main(words) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["label"], record["method"]) == ("blue", "activation map")
    assert record["file"] == str(out / "0.png")
    assert [len(record["values"]), len(record["values"][0])] == [8, 8]


def test_an_unreadable_image_is_named(saved, photos, tmp_path, capsys):
    (photos / "red" / "0.png").write_bytes(b"")
    out = str(tmp_path / "out")
    assert main(["explain", str(photos / "red"), "--model", saved, "--out", out]) == 1
    assert "0.png: unreadable" in capsys.readouterr().out


def test_no_drawings_are_promised_where_there_are_none(saved, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["explain", str(tmp_path / "none.png"), "--model", saved, "--out", str(out)]) == 1
    assert "0 of 1 images explained by activation map." in capsys.readouterr().err
    assert not out.exists()


def test_an_unknown_class_is_refused_and_nothing_written(saved, photos, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["explain", str(photos), "--model", saved, "--out", str(out), "--label", "bleu"]
    assert main(words) == 2
    assert "Did you mean 'blue'?" in capsys.readouterr().err
    assert not out.exists()


def test_a_network_explains_its_own_classes(backbone, photos, tmp_path, capsys):
    out = str(tmp_path / "out")
    words = ["explain", str(photos), "--model", backbone, "--label", "bee", "--out", out]
    assert main(words) == 0
    assert capsys.readouterr().out.count(": bee ") == 18


def test_a_model_that_carries_its_training_images_names_the_nearest(
    backbone, photos, tmp_path, capsys
):
    model, out = str(tmp_path / "carrying"), str(tmp_path / "out")
    words = ["train", str(photos), "--out", model, "--model", backbone, "--quick"]
    assert main([*words, "--keep-examples"]) == 0
    assert "The model carries 18 of 18 training images" in capsys.readouterr().err
    image = str(photos / "red" / "0.png")
    assert main(["explain", image, "--model", model, "--out", out, "--json"]) == 0
    nearest = json.loads(capsys.readouterr().out)["nearest"]
    assert nearest[0] == {"name": "0.png", "label": "red", "similarity": 1.0}
    assert [each["label"] for each in nearest] == ["red"] * 5
