import argparse

import pytest

from headstart.augmentation.settings import Augmentation
from headstart.cli.options import add_augmentation, augmentation_from


def parser(defaults):
    made = argparse.ArgumentParser()
    add_augmentation(made.add_argument_group("views"), defaults)
    return made


@pytest.mark.parametrize(
    "defaults",
    [
        Augmentation(),
        Augmentation.none(),
        Augmentation(crop=(0.8, 1.0), rotation=15, flip=0.0, vertical_flip=0.5, colour=0.05),
    ],
)
def test_where_nothing_is_said_the_defaults_hold(defaults):
    assert augmentation_from(parser(defaults).parse_args([])) == defaults


def test_help_tells_the_defaults():
    told = " ".join(parser(Augmentation(rotation=15)).format_help().split())
    for words in ("--crop", "default: 0.35", "default: 1.33", "default: 15", "yes)", "no)"):
        assert words in told


@pytest.mark.parametrize("flip", [True, False])
def test_what_is_mirrored_by_default_can_be_left_and_the_other_way_round(flip):
    defaults = Augmentation(flip=0.5 * flip, vertical_flip=0.5 * flip)
    words = ["--no-flip", "--no-vertical-flip"] if flip else ["--flip", "--vertical-flip"]
    views = augmentation_from(parser(defaults).parse_args(words))
    assert (views.flip, views.vertical_flip) == ((0, 0) if flip else (0.5, 0.5))
