"""Options that several commands share."""

import argparse
import importlib

import pytest

from headstart.augmentation.settings import Augmentation
from headstart.backbones.spec import NetworkSpec
from headstart.cli.main import main
from headstart.cli.options import (
    FEATURES,
    NETWORK,
    PREDICTING,
    fraction,
    png,
    positive,
    seconds,
    seed,
    view_flags,
)
from headstart.cli.parser import CommandParser
from headstart.features.settings import FeatureSettings


def settings(flags, words):
    parser = argparse.ArgumentParser()
    flags.add(parser)
    return flags.settings(parser.parse_args(words.split()))


def test_the_flags_of_the_network():
    assert settings(NETWORK, "") == NetworkSpec()
    words = "--model vgg16 --weights w.h5 --size 96 --layer block5 --pooling max --mirror"
    assert settings(NETWORK, words) == NetworkSpec("vgg16", "w.h5", (96, 96), "block5", "max", True)


def test_the_flags_of_the_features():
    assert settings(FEATURES, "") == FeatureSettings()
    words = "--resize crop --precision f32 --workers 3"
    asked = FeatureSettings(resize="crop", precision="f32", workers=3)
    assert settings(FEATURES, words) == asked


@pytest.mark.parametrize("words", ["--workers 0", "--resize zoom", "--precision f16"])
def test_what_no_setting_takes_is_refused(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        settings(FEATURES, words)
    assert words.split()[0] in capsys.readouterr().err


def test_the_flags_of_the_views():
    words = "--crop 0.5 --aspect 1.2 --rotation 20 --no-flip --vertical-flip --colour 0"
    assert settings(view_flags(Augmentation()), words) == Augmentation(
        crop=(0.5, 1.0), aspect=1.2, rotation=20, flip=0.0, vertical_flip=0.5, colour=0.0
    )


@pytest.mark.parametrize(
    "defaults",
    [
        Augmentation(),
        Augmentation.none(),
        Augmentation(crop=(0.8, 0.9), rotation=15, flip=0.3, vertical_flip=0.5, colour=0.05),
    ],
)
def test_without_flags_the_default_views_hold(defaults):
    assert settings(view_flags(defaults), "") == defaults


def test_help_shows_the_default_views():
    flags = view_flags(Augmentation(rotation=15))
    shown = {name: flags.help(name).rpartition("(default: ")[2] for name in flags.fields}
    assert shown == {
        "crop": "0.35)",
        "aspect": "1.33)",
        "rotation": "15)",
        "flip": "yes)",
        "vertical_flip": "no)",
        "colour": "0.2)",
    }


@pytest.mark.parametrize("flip", [True, False])
def test_a_flip_that_is_the_default_can_be_switched_off_and_the_other_way_round(flip):
    defaults = Augmentation(flip=0.5 * flip, vertical_flip=0.5 * flip)
    words = "--no-flip --no-vertical-flip" if flip else "--flip --vertical-flip"
    views = settings(view_flags(defaults), words)
    assert (views.flip, views.vertical_flip) == ((0, 0) if flip else (0.5, 0.5))


@pytest.mark.parametrize(
    "words",
    [
        "predict {photos} --model {net}",
        "explain {photos} --model {net} --out {new}",
        "evaluate {net} {photos}",
        "export {net} --to openvino --out {new}.xml",
        "train {photos} --out {new} --model {net}",
        "curve {photos} --model {net}",
        "check {photos} --model {net}",
        "compare {photos} --backbones {net}",
        "bench {net} --images {photos}",
    ],
)
def test_wherever_a_backbone_is_named_its_variant_can_be(words, backbone, photos, tmp_path, capsys):
    command, *rest = words.format(photos=photos, net=backbone, new=tmp_path / "new").split()
    parser = CommandParser(importlib.import_module(f"headstart.cli.{command}"))
    predicts = command in ("predict", "explain", "evaluate", "export")
    flags = PREDICTING if predicts else NETWORK
    known = set(parser._option_string_actions)
    assert {flags.flag(name) for name in flags.fields if name != "backbone"} <= known
    # What is converted already has a size: so this one arrived.
    assert main([command, *rest, "--size", "7"]) == 2
    assert "Received: size (7, 7)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (positive, [("3", 3)], ["0", "-1", "x", "1.5"]),
        (seed, [("0", 0), ("4294967295", 2**32 - 1)], ["-1", "4294967296", "x"]),
        (fraction, [("0.2", 0.2)], ["0", "1", "x", "1.5"]),
        (
            seconds,
            [("30", 30), ("30s", 30), ("1.5m", 90), ("2h", 7200)],
            ["", "0", "m", "-1s", "1d", "inf", "nan", "2mm"],
        ),
        (png, [], ["sheet.pdf", ""]),
    ],
)
def test_words_that_are_not_what_must_hold(read, good, bad):
    for text, value in good:
        assert read(text) == value
    for text in bad:
        with pytest.raises(argparse.ArgumentTypeError, match=r"must .*\. Received: "):
            read(text)


@pytest.mark.parametrize(
    "words",
    ["train photos --out model", "augment photos --out sheet.png", "pretrain photos --out net"],
)
def test_each_command_refuses_a_seed_that_no_library_takes(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*words.split(), "--seed", "-1"])
    assert "--seed: must be a whole number from 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        "train PHOTOS --out PHOTOS/model",
        "train PHOTOS --out PHOTOS",
        "train PHOTOS/red --out PHOTOS",
        "train PHOTOS --test-folder OTHERS --out OTHERS/model",
        "pretrain PHOTOS --out PHOTOS/red/net",
        "augment PHOTOS --out PHOTOS/sheet.png",
        "predict PHOTOS/red PHOTOS --sheet PHOTOS/sheet.png",
        "evaluate mini PHOTOS --plots PHOTOS/plots",
    ],
)
def test_results_are_refused_among_the_images_before_the_work(words, photos, tmp_path, capsys):
    (tmp_path / "others").mkdir()
    before = sorted(tmp_path.rglob("*"))
    words = words.replace("PHOTOS", str(photos)).replace("OTHERS", str(tmp_path / "others"))
    assert main(words.split()) == 2
    told = capsys.readouterr().err
    assert "must be written outside the folder" in told or "a place of its own" in told
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "words",
    [
        ["predict", ""],
        ["augment", "", "--out", "views.png"],
        ["train", "", "--out", "model"],
        ["train", "images", "--out", ""],
        ["evaluate", "model", ""],
        ["pretrain", "", "--out", "net"],
    ],
)
def test_an_empty_path_is_not_the_folder_one_is_in(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "must name a file or folder. Received: ''." in capsys.readouterr().err
