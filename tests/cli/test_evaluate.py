"""``headstart evaluate``."""

import json

from headstart.cli.main import main


def test_the_figures_are_those_of_the_contract(saved, photos, tmp_path, capsys):
    capsys.readouterr()
    assert main(["evaluate", saved, str(photos), "--json", "--plots", str(tmp_path / "plots")]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["accuracy"] == 1
    assert figures["n"] == 18
    assert set(figures["per_class"]) == {"blue", "green", "red"}
    assert figures["confusion"] == [[6, 0, 0], [0, 6, 0], [0, 0, 6]]
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == [
        "calibration.png",
        "classes.png",
        "confusion.png",
        "roc.png",
    ]


def test_unreadable_images_are_counted_and_named(saved, photos, capsys):
    (photos / "red" / "0.png").write_bytes(b"")
    capsys.readouterr()
    assert main(["evaluate", saved, str(photos), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["n"] == 17
    assert main(["evaluate", saved, str(photos)]) == 1
    assert "0.png" in capsys.readouterr().out


def test_a_class_that_the_model_does_not_know_is_named(saved, photos, capsys):
    (photos / "red").rename(photos / "purple")
    assert main(["evaluate", saved, str(photos)]) == 1
    assert "purple" in capsys.readouterr().err


def test_a_network_is_measured_on_its_own_classes(backbone, photos, capsys):
    for colour, name in {"blue": "ant", "green": "bee", "red": "cat"}.items():
        (photos / colour).rename(photos / name)
    assert main(["evaluate", backbone, str(photos), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 18


def test_a_model_that_is_none(photos, capsys):
    assert main(["evaluate", "resnet51", str(photos)]) == 2
    assert "id you mean resnet50" in capsys.readouterr().err


def test_a_model_is_compared_with_another_one(saved, photos, capsys):
    assert main(["evaluate", saved, str(photos), "--against", saved, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["against"]
    assert (found["n"], found["difference"], found["p_value"]) == (18, 0, 1)
    assert main(["evaluate", saved, str(photos), "--against", "resnet51"]) == 2
    assert "resnet51" in capsys.readouterr().err


def test_a_variant_is_that_of_the_model_and_the_other_is_only_permitted(photos, backbone, capsys):
    for colour, name in {"blue": "ant", "green": "bee", "red": "cat"}.items():
        (photos / colour).rename(photos / name)
    words = ["evaluate", backbone, str(photos), "--against", backbone, "--mirror", "--json"]
    assert main([*words, "--allow-non-commercial"]) == 0
    assert json.loads(capsys.readouterr().out)["against"]["n"] == 18


def test_thresholds_reach_the_recall_or_the_precision_that_is_asked_for(saved, photos, capsys):
    assert main(["evaluate", saved, str(photos), "--at-recall", "0.9", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["operating"]
    assert (found["goal"], found["at_least"], len(found["points"])) == ("recall", 0.9, 3)
    assert main(["evaluate", saved, str(photos), "--at-precision", "0.9"]) == 0
    assert "Thresholds for a precision of at least 90.0 %" in capsys.readouterr().out
    both = ["--at-precision", "0.9", "--at-recall", "0.9"]
    assert main(["evaluate", saved, str(photos), *both]) == 2
    assert "one of both" in capsys.readouterr().err


def test_subgroups_and_groups_are_found_in_a_table(saved, photos, capsys):
    paths = sorted(photos.glob("*/*.png"))
    table = photos.parent / "table.csv"
    rows = [
        f"{path.relative_to(photos.parent)},{path.parent.name},site {number % 2},p{number // 3}"
        for number, path in enumerate(paths)
    ]
    table.write_text("\n".join(["path,label,site,patient", *rows]))
    words = ["evaluate", saved, str(table), "--by", "site", "--group-by", "patient"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(part["value"], part["n"]) for part in found["subgroups"]["subgroups"]] == [
        ("site 0", 9),
        ("site 1", 9),
    ]
    assert found["n_groups"] == 6
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "The intervals count 6 groups of images, not 18 images." in printed
    assert "Accuracy by site" in printed
    assert main(["evaluate", saved, str(table), "--by", "camera"]) == 2
    assert "site" in capsys.readouterr().err
