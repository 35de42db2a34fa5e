"""Options that say how a network is fine-tuned."""

import pytest

from headstart.augmentation.settings import Augmentation
from headstart.cli import train
from headstart.cli.finetuning import FINE_TUNING, chosen_fine_tuning
from headstart.cli.parser import CommandParser
from headstart.errors import UsageError
from headstart.finetuning.settings import FineTuning


def chosen(words):
    parser = CommandParser(train)
    return chosen_fine_tuning(parser.parse_args(["birds", "--out", "model", *words.split()]))


def test_it_is_not_done_unless_it_is_asked_for():
    assert chosen("") is None


def test_the_flag_alone_takes_the_defaults():
    assert chosen("--fine-tune") == FineTuning()


@pytest.mark.parametrize("where", ["all", "block_3", "143", "-20"])
def test_where_is_handed_on_as_it_is(where):
    assert chosen(f"--fine-tune={where}") == FineTuning(where=where)


def test_every_flag_reaches_its_setting():
    words = (
        "--fine-tune all --epochs 9 --batch-size 64 --optimizer sgd --learning-rate 3e-4 "
        "--warm-up 0 --layer-decay 0.9 --weight-decay 0.01 --loss binary_crossentropy "
        "--label-smoothing 0.1 --dropout 0.2 --views 0 --mixup 0.2 --cutmix 1 --view-size 96 "
        "--validation 0.02 --patience none --monitor val_loss --wise-ft 0.5 --store-limit 0.5"
    )
    given = {flag for flag in words.split() if flag.startswith("--")}
    assert given == {"--fine-tune", *map(FINE_TUNING.flag, FINE_TUNING.fields)}
    assert chosen(words) == FineTuning(
        where="all",
        epochs=9,
        batch_size=64,
        optimizer="sgd",
        learning_rate=3e-4,
        warm_up=0.0,
        layer_decay=0.9,
        weight_decay=0.01,
        loss="binary_crossentropy",
        label_smoothing=0.1,
        dropout=0.2,
        views=0,
        view_size=96,
        mixup=0.2,
        cutmix=1.0,
        validation=0.02,
        patience=None,
        monitor="val_loss",
        wise_ft=0.5,
        store_limit=2**29,
    )


def test_what_it_shares_with_the_rest_of_the_job_is_said_once():
    words = "--fine-tune --precision f32 --workers 3 --seed 7 --resize crop"
    assert chosen(words) == FineTuning(precision="f32", workers=3, seed=7)


def test_eight_bits_are_left_to_the_job_to_refuse():
    assert chosen("--fine-tune --precision int8") == FineTuning()


def test_what_is_not_said_of_views_is_the_default():
    gentle, views = Augmentation.gentle(), chosen("--fine-tune --colour 0 --no-flip").augmentation
    assert (views.colour, views.flip) == (0, 0)
    assert (views.crop, views.aspect) == (gentle.crop, gentle.aspect)


@pytest.mark.parametrize("words", ["--epochs 3", "--restart", "--vertical-flip", "--views 0"])
def test_settings_without_fine_tuning_are_refused(words):
    with pytest.raises(UsageError, match=rf"^{words.split()[0]} must come with --fine-tune\."):
        chosen(words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--validation 1.5", "--validation must be a share between 0 and 1, or a number of folds"),
        ("--validation 1", "--validation must be a share between 0 and 1, or a number of folds"),
        ("--store-limit 0", "--store-limit must be at least 1"),
        ("--dropout 1", "--dropout must be from 0 to below 1"),
        ("--patience 0", "--patience must be at least 1"),
        ("--epochs 0", r"--epochs must be at least 1\. Received: 0\."),
        ("--view-size 96", "--view-size needs a new view in every step"),
        ("--crop 2", "--crop must be the smallest and the largest share"),
    ],
)
def test_settings_out_of_range_are_refused(words, says):
    with pytest.raises(UsageError, match=f"^{says}"):
        chosen(f"--fine-tune {words}")


def test_validation_is_a_share_or_a_number_of_folds():
    assert chosen("--fine-tune --validation 0.2").validation == 0.2
    assert chosen("--fine-tune --validation 5").validation == 5


def test_help_says_what_where_can_be():
    text = " ".join(CommandParser(train).format_help().split())
    assert f"(default of WHERE: {FineTuning().where})" in text
    assert "WHERE is the freeze point" in CommandParser(train, full=True).format_help()
