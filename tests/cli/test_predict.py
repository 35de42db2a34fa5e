"""``headstart predict``."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from tests.images.odd_images import write_all

from headstart.cli.main import main
from headstart.evaluation.sheet import FOOT_LINE
from headstart.networks.network import load_network


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def test_json_gives_one_record_for_each_image_in_natural_order(backbone, photos, capsys):
    assert main(["predict", str(photos / "red"), "--model", backbone, "--json", "--top", "2"]) == 0
    found = records(capsys.readouterr().out)
    assert [record["path"] for record in found] == [
        str(photos / "red" / f"{i}.png") for i in range(6)
    ]
    for record in found:
        first, second = record["predictions"]
        assert first["probability"] >= second["probability"]
        assert first["id"] in {"n0", "n1", "n2", "n3", "n4"}
        assert set(first) == {"id", "label", "probability"}


def test_text_shows_percent_name_and_id(backbone, photos, capsys):
    assert main(["predict", str(photos / "red" / "0.png"), "--model", backbone, "--top", "1"]) == 0
    out, err = capsys.readouterr()
    path, answer = out.splitlines()
    assert path == str(photos / "red" / "0.png")
    share, percent, name, identity = answer.split()
    assert float(share) > 20
    assert percent == "%"
    assert (name, identity) in {
        ("ant", "n0"),
        ("bee", "n1"),
        ("cat", "n2"),
        ("dog", "n3"),
        ("eel", "n4"),
    }
    assert "1 of 1 images predicted" in err
    assert "computed in f32" in err


def test_quiet_leaves_only_results(backbone, photos, capsys):
    (photos / "red" / "notes.txt").touch()
    assert main(["predict", str(photos), "--model", backbone, "--quiet", "--top", "1"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert len(out.splitlines()) == 2 * 18
    assert main(["predict", "nothing.jpg", "--model", "no such backbone", "-q"]) == 2
    assert "no such backbone" in capsys.readouterr().err


def test_more_classes_than_there_are(backbone, photos, capsys):
    assert (
        main(
            ["predict", str(photos / "red" / "0.png"), "--model", backbone, "--top", "99", "--json"]
        )
        == 0
    )
    probabilities = [p["probability"] for p in records(capsys.readouterr().out)[0]["predictions"]]
    assert len(probabilities) == 5
    assert sum(probabilities) == pytest.approx(1)


def test_every_odd_or_damaged_image_is_predicted_or_named_as_unreadable(backbone, tmp_path, capsys):
    folder = tmp_path / "odd"
    folder.mkdir()
    expected = write_all(folder)
    assert main(["predict", str(folder), "--model", backbone, "--json"]) == 1
    out, err = capsys.readouterr()
    found = {Path(record["path"]).name: record for record in records(out)}
    assert set(expected) - set(found) == {
        name for name in expected if "/" in name or name.startswith(".")
    }
    for name, record in found.items():
        if expected[name] is None:
            assert len(record["predictions"]) == 5, name
        else:
            assert record["error"]["type"] == expected[name].__name__, name
            assert record["error"]["message"]
    refused = sum(error is not None for error in expected.values())
    assert f"{refused} unreadable (the output gives the reasons)" in err


def test_a_missing_path_is_answered_by_name_and_the_rest_too(backbone, photos, capsys):
    paths = [str(photos / "nothing.jpg"), str(photos / "red" / "0.png")]
    assert main(["predict", *paths, "--model", backbone, "--json"]) == 1
    missing, there = records(capsys.readouterr().out)
    assert missing["error"]["type"] == "ImageNotFound"
    assert there["predictions"]


def test_an_empty_folder_is_a_failure(backbone, tmp_path, capsys):
    assert main(["predict", str(tmp_path), "--model", backbone]) == 1
    assert "no image in the folder" in capsys.readouterr().out


def test_what_is_passed_over_is_counted(backbone, photos, capsys):
    (photos / "red" / "notes.txt").write_text("hello")
    (photos / "red" / ".hidden.png").write_bytes(b"")
    assert main(["predict", str(photos / "red"), "--model", backbone]) == 0
    err = capsys.readouterr().err
    assert "skipped: 1 hidden" in err
    assert "skipped: 1 not an image" in err


def test_csv_has_a_row_for_each_image_named_from_the_folder(backbone, photos, tmp_path, capsys):
    (photos / "red" / "0.png").write_bytes(b"no image")
    table = tmp_path / "answers.csv"
    assert main(["predict", str(photos), "--model", backbone, "--csv", str(table)]) == 1
    with table.open(newline="") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    assert len(rows) == 18
    assert "must be one of JPEG" in rows[str(Path("red", "0.png"))]["error"]
    assert float(rows[str(Path("red", "1.png"))]["probability"]) > 0.2
    assert capsys.readouterr().out


def test_long_csv_has_a_row_for_each_class_or_error(backbone, photos, tmp_path, capsys):
    (photos / "red" / "0.png").write_bytes(b"no image")
    table = tmp_path / "answers.csv"
    words = ["--model", backbone, "--top", "2", "--csv", str(table), "--csv-format", "long"]
    main(["predict", str(photos / "red"), *words])
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["error"] for row in rows if row["path"].endswith("0.png")] == ["ImageUnsupported"]
    assert [row["rank"] for row in rows if row["path"].endswith("1.png")] == ["1", "2"]
    assert len(rows) == 1 + 5 * 2
    assert capsys.readouterr().out


def test_totals_are_told_at_the_end(saved, photos, capsys):
    capsys.readouterr()
    assert main(["predict", str(photos), "--model", saved, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err.endswith("Totals: blue (6), green (6), red (6).\n")
    assert len(records(out)) == 18


def test_images_below_a_probability_are_unsure(saved, photos, tmp_path, capsys):
    capsys.readouterr()
    table = tmp_path / "t.csv"
    words = ["predict", str(photos), "--model", saved, "--json", "--csv", str(table)]
    assert main([*words, "--unsure-below", "1"]) == 0
    out, err = capsys.readouterr()
    assert all(record["unsure"] for record in records(out))
    assert err.endswith("Totals: unsure (18).\n")
    with table.open(newline="") as file:
        assert {row["unsure"] for row in csv.DictReader(file)} == {"yes"}
    assert main([*words, "--unsure-below", "2"]) == 2
    assert "--unsure-below must be a probability" in capsys.readouterr().err


def test_images_are_sorted_into_copies(saved, photos, tmp_path, capsys):
    capsys.readouterr()
    out = tmp_path / "sorted"
    words = ["predict", str(photos), "--model", saved, "--sort-into", str(out)]
    for closing in ("Copied 18 images; ", "Copied 0 images; "):
        assert main(words) == 0
        assert closing in capsys.readouterr().err
    # Three images have each name.
    assert len(list(out.glob("*/*.png"))) == 18
    assert {path.name for path in out.iterdir()} == {"blue", "green", "red", "sorted.csv"}
    assert main(["predict", str(photos), "--model", saved, "--sort-into", str(photos)]) == 2
    assert "outside the folder of the images" in capsys.readouterr().err


def test_a_dash_is_the_only_path(backbone, capsys):
    assert main(["predict", "-", "a.png", "--model", backbone]) == 2
    assert "must be the only PATH" in capsys.readouterr().err


def test_a_sheet_is_drawn(backbone, photos, tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    assert main(["predict", str(photos), "--model", backbone, "--sheet", str(sheet)]) == 0
    with Image.open(sheet) as image:
        assert image.width > 500
        assert image.height > 500
    capsys.readouterr()


def test_a_sheet_says_how_many_images_it_leaves_out(
    backbone, photos, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("headstart.cli.output.SHEET_TILES", 1)
    heights = []
    for paths in ([photos / "red" / "0.png"], [photos / "red" / "0.png", photos / "blue"]):
        sheet = tmp_path / "sheet.png"
        command = ["predict", *map(str, paths), "--model", backbone, "--sheet", str(sheet)]
        assert main(command) == 0
        with Image.open(sheet) as image:
            heights.append(image.height)
    assert heights[1] == heights[0] + FOOT_LINE
    capsys.readouterr()


@pytest.mark.parametrize("option", ["--csv", "--sheet"])
def test_a_folder_that_can_not_be_written_is_said(backbone, photos, tmp_path, capsys, option):
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "out.png"
    assert main(["predict", str(photos / "red"), "--model", backbone, option, str(target)]) == 1
    assert "Could not write" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "file", "words"),
    [("--sheet", "sheet.pdf", "must end in .png"), ("--csv", "answers.xlsx", "answers.csv")],
)
def test_a_file_of_another_kind_is_refused_before_the_work(
    backbone, photos, capsys, option, file, words
):
    with pytest.raises(SystemExit, match="2"):
        main(["predict", str(photos), "--model", backbone, option, file])
    out, err = capsys.readouterr()
    assert words in err
    assert out == ""


def test_the_keras_rule_and_precision_are_taken(backbone, photos, capsys):
    outputs = []
    for rule in ("keras", "squash"):
        path = str(photos / "red" / "0.png")
        main(
            ["predict", path, "--model", backbone, "--json", "--resize", rule, "--precision", "f32"]
        )
        outputs.append(capsys.readouterr().out)
    assert outputs[0] != outputs[1]


def test_a_saved_model_is_used_by_its_folder(saved, photos, capsys):
    capsys.readouterr()
    assert main(["predict", str(photos / "green"), "--model", saved, "--json", "--top", "1"]) == 0
    labels = [record["predictions"][0]["label"] for record in records(capsys.readouterr().out)]
    assert labels == ["green"] * 6


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--weights", "w.h5"], "has its weights inside"),
        (["--resize", "crop"], "resizes images as in training, by 'squash'"),
    ],
)
def test_what_a_saved_model_does_not_take(saved, photos, capsys, options, says):
    assert main(["predict", str(photos), "--model", saved, *options]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "status", "says"),
    [
        ("resnet51", 2, "Did you mean resnet50"),
        (".", 1, "model.json (a saved model)"),
    ],
)
def test_a_model_that_is_none(photos, capsys, monkeypatch, model, status, says):
    monkeypatch.chdir(photos)
    assert main(["predict", "red", "--model", model]) == status
    assert says in capsys.readouterr().err


def test_no_weights_and_no_network_says_how_to_go_on(photos, capsys, monkeypatch):
    monkeypatch.setenv("HEADSTART_MIRROR", "http://127.0.0.1:9/")
    monkeypatch.setattr("headstart.hub.connections.PAUSE", 0)
    monkeypatch.setenv("KERAS_HOME", str(photos))
    assert main(["predict", str(photos), "--model", "vgg16"]) == 1
    err = capsys.readouterr().err
    assert "vgg16" in err
    assert "HEADSTART_WEIGHTS" in err
    assert "--weights FILE" in err


@pytest.mark.usefixtures("offline")
def test_without_weights_and_network_mini_answers_and_stderr_says_so(
    backbone, photos, capsys, stand_in
):
    stand_in(load_network(Path(backbone)))
    assert main(["predict", str(photos / "red" / "0.png"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(records(out)) == 1
    assert "so headstart uses mini" in err
    assert "by mini, computed in f32" in err
    assert main(["predict", str(photos), "--weights", "w.h5"]) == 2
    assert "name the backbone" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_a_photo_is_answered_where_there_is_nothing_but_the_package(photos):
    command = [sys.executable, "-m", "headstart", "predict", str(photos / "red"), "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert [len(record["predictions"]) for record in records(run.stdout)] == [5] * 6
    assert "so headstart uses mini" in run.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_ctrl_c_ends_with_130_and_leaves_no_half_table(backbone, photos, tmp_path):
    for i in range(3000):
        os.link(photos / "red" / "0.png", photos / "red" / f"copy{i}.png")
    table = tmp_path / "table" / "answers.csv"
    run = subprocess.Popen(
        [sys.executable, "-m", "headstart", "predict", str(photos), "--model", backbone, "--json",
         "--precision", "f32", "--csv", str(table)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout.readline()
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert list(table.parent.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_reader_that_has_enough_ends_the_run_quietly(backbone, photos, tmp_path):
    command = [sys.executable, "-m", "headstart", "predict", str(photos), "--model", backbone]
    command += ["--csv", str(tmp_path / "new" / "table.csv")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run.stdout.close()
    deadline = time.monotonic() + 60
    while run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run.returncode == 141
    assert list((tmp_path / "new").iterdir()) == []
    err = run.stderr.read()
    assert "Traceback" not in err
    assert "Could not write" not in err
    run.stderr.close()
