"""Arguments that say how a network is fine-tuned."""

import argparse
from dataclasses import fields

import pytest

from headstart.augmentation.settings import Augmentation
from headstart.cli import finetuning
from headstart.cli.finetuning import FLAGS, add_fine_tuning, settle_fine_tuning
from headstart.errors import UsageError
from headstart.finetuning.settings import FineTuning

# What `settle_fine_tuning` hands on without a flag of its own.
ALWAYS = {"precision": "f32", "restart": False, "seed": 7}


def settle(words):
    parser = argparse.ArgumentParser()
    add_fine_tuning(parser)
    arguments = parser.parse_args(words.split(), argparse.Namespace(seed=7))
    return settle_fine_tuning(arguments, "f32")


def test_it_is_not_done_unless_it_is_asked_for():
    assert settle("") is None


def test_a_flag_alone_takes_the_defaults():
    assert settle("--fine-tune") == {"where": "last-stage", **ALWAYS}


@pytest.mark.parametrize("where", ["all", "block_3", "143", "-20"])
def test_where_is_handed_on_as_it_is(where):
    assert settle(f"--fine-tune {where}") == {"where": where, **ALWAYS}


def test_every_flag_reaches_its_setting():
    settings = settle(
        "--fine-tune all --epochs 9 --batch-size 64 --optimizer sgd --learning-rate 3e-4 "
        "--layer-decay 0.9 --weight-decay 0.01 --loss binary_crossentropy --label-smoothing 0.1 "
        "--tune-dropout 0.2 --views 0 --mixup 0.2 --cutmix 1 --tune-size 96 "
        "--validation 0.02 --patience none "
        "--monitor val_loss --wise-ft 0.5 --store-limit 0.5 --restart"
    )
    assert settings == {
        "where": "all",
        "epochs": 9,
        "batch_size": 64,
        "optimizer": "sgd",
        "learning_rate": 3e-4,
        "layer_decay": 0.9,
        "weight_decay": 0.01,
        "loss": "binary_crossentropy",
        "label_smoothing": 0.1,
        "dropout": 0.2,
        "views": 0,
        "view_size": 96,
        "mixup": 0.2,
        "cutmix": 1.0,
        "validation": 0.02,
        "patience": None,
        "monitor": "val_loss",
        "wise_ft": 0.5,
        "store_limit": 2**29,
        **ALWAYS,
        "restart": True,
    }
    assert set(FLAGS) <= set(settings)
    del settings["restart"]
    FineTuning(**settings)


def test_every_flag_is_a_setting_of_the_recipe():
    assert set(FLAGS) <= {field.name for field in fields(FineTuning)}


def test_what_is_not_said_of_views_stays_gentle():
    gentle, found = Augmentation.gentle(), settle("--fine-tune --colour 0 --no-flip")
    views = found["augmentation"]
    assert (views.colour, views.flip) == (0, 0)
    assert (views.crop, views.aspect) == (gentle.crop, gentle.aspect)


@pytest.mark.parametrize("words", ["--epochs 3", "--restart", "--vertical-flip", "--views 0"])
def test_settings_without_fine_tuning_are_refused(words):
    with pytest.raises(UsageError, match=f"{words.split()[0]} must come with --fine-tune"):
        settle(words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--validation 1.5", "a share between 0 and 1, or a number of folds from 2 on"),
        ("--validation 1", "a share between 0 and 1, or a number of folds from 2 on"),
        ("--store-limit 0", "above 0"),
        ("--tune-dropout 1", "from 0 to below 1"),
        ("--patience 0", "at least 1"),
        ("--optimizer lion", "invalid choice"),
    ],
)
def test_impossible_settings_are_refused_at_once(words, says, capsys):
    with pytest.raises(SystemExit, match="2"):
        settle(f"--fine-tune {words}")
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(("text", "number"), [("0.2", 0.2), ("5", 5), ("2.0", 2)])
def test_validation_is_a_share_or_a_number_of_folds(text, number):
    found = finetuning.fraction_or_folds(text)
    assert (found, type(found)) == (number, type(number))
