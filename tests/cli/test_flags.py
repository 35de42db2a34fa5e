"""Flags that are made from settings."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

import headstart
from headstart.cli import augment, bench, finetuning, models, pretrain
from headstart.cli.compare import COMPARISON
from headstart.cli.finetuning import FINE_TUNING
from headstart.cli.flags import Flags, Kind, kind_of, must_come_with, reader
from headstart.cli.options import FEATURES, NETWORK, PREDICTING, READING
from headstart.cli.pretrain import PRETRAINING, TEACHER
from headstart.cli.train import DENSE
from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Oven:
    """An oven.

    Parameters
    ----------
    heat : int
        How hot it is. In degrees.
    hours : float
        How long it bakes, to 100%.
    name : str
        What `bake` calls it.
    fan : bool
        Whether air is moved.
    mode : {"top", "both"}
        Where the heat comes from. It matters. "top" is for pizza, says Ann. "both" is it.
    glaze : {"egg", "milk"}, optional
        What is spread on top.
    timer : int, optional
        After how many minutes it rings. The default is never.
    share : float or int, optional
        A share, or a number.
    recipe : str, optional
        The recipe.
    place : str or Path
        A place.
    trays : tuple of int
        The height of each tray.
    doors : sequence of int
        The doors.
    """

    heat: int = 180
    hours: float = 0.0001
    name: str = "big"
    fan: bool = True
    mode: Literal["top", "both"] = "both"
    glaze: Literal["egg", "milk"] | None = None
    timer: int | None = None
    share: float | int | None = 0.25
    recipe: str | Path | None = None
    place: str | Path = "kitchen"
    trays: tuple[int, ...] = (1, 3)
    doors: Sequence[int] = ()

    def __post_init__(self):
        if self.heat < 0:
            raise UsageError(f"heat must be 0 or more. Received: {self.heat}.")
        if self.heat > 300:
            raise UsageError(f"It is too hot. Received: {self.heat}.")


def parse(words, flags=None):
    flags = flags or Flags(Oven())
    parser = argparse.ArgumentParser()
    flags.add(parser)
    return flags.settings(parser.parse_args(words.split()))


def test_without_flags_the_defaults_hold():
    assert parse("") == Oven()
    assert parse("", Flags(Oven(heat=7, fan=False))) == Oven(heat=7, fan=False)


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("--heat 200", "heat", 200),
        ("--hours 2", "hours", 2.0),
        ("--hours 1e-3", "hours", 0.001),
        ("--name small", "name", "small"),
        ("--no-fan", "fan", False),
        ("--fan", "fan", True),
        ("--mode top", "mode", "top"),
        ("--glaze egg", "glaze", "egg"),
        ("--timer 5", "timer", 5),
        ("--timer none", "timer", None),
        ("--share 0.5", "share", 0.5),
        ("--share 5", "share", 5),
        ("--share none", "share", None),
        ("--recipe none", "recipe", "none"),
        ("--place attic", "place", "attic"),
        ("--trays 1 2 3", "trays", (1, 2, 3)),
        ("--trays", "trays", ()),
        ("--doors 2", "doors", (2,)),
    ],
)
def test_each_type_of_field(words, field, value):
    found = getattr(parse(words), field)
    assert (found, type(found)) == (value, type(value))
    assert parse(words) == Oven(**{field: value})


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--heat hot", "argument --heat: must be a whole number. Received: 'hot'."),
        ("--heat 1.5", "argument --heat: must be a whole number. Received: '1.5'."),
        ("--hours long", "argument --hours: must be a number. Received: 'long'."),
        ("--share half", "argument --share: must be a number. Received: 'half'."),
        ("--mode left", "argument --mode: invalid choice: 'left' (choose from"),
        ("--trays 1 high", "argument --trays: must be a whole number. Received: 'high'."),
    ],
)
def test_a_wrong_word_is_refused_with_flag_value_and_what_must_hold(words, says, capsys):
    with pytest.raises(SystemExit, match="2"):
        parse(words)
    assert says in capsys.readouterr().err


def test_a_value_out_of_range_is_refused_under_the_name_of_its_flag():
    with pytest.raises(UsageError, match=r"^--oven-heat must be 0 or more\. Received: -1\.$"):
        parse("--oven-heat -1", Flags(Oven(), prefix="oven-"))
    with pytest.raises(UsageError, match=r"^It is too hot\. Received: 999\.$"):
        parse("--heat 999")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("heat", "how hot it is (default: 180)"),
        ("hours", "how long it bakes, to 100% (default: 0.0001)"),
        ("name", "what 'bake' calls it (default: big)"),
        ("fan", "whether air is moved (default: yes)"),
        (
            "mode",
            'where the heat comes from. "top" is for pizza, says Ann. "both" is it (default: both)',
        ),
        ("timer", "after how many minutes it rings (default: never)"),
        ("recipe", "the recipe"),
        ("share", "a share, or a number (default: 0.25)"),
        ("trays", "the height of each tray (default: 1 3)"),
        ("doors", "the doors (default: none)"),
    ],
)
def test_help_is_the_first_sentence_the_choices_and_the_default(field, text):
    assert Flags(Oven()).help(field) == text


def test_help_shows_the_default_of_these_settings():
    parser = argparse.ArgumentParser()
    Flags(Oven(heat=99)).add(parser)
    assert "how hot it is (default: 99)" in parser.format_help()
    assert "to 100% (default: 0.0001)" in parser.format_help()


def test_names_prefix_and_fields_without_a_flag():
    flags = Flags(
        Oven(),
        prefix="oven-",
        names={"name": "--called WORD"},
        without={"mode": "nobody needs it"},
    )
    assert flags.flag("name") == "--called"
    assert flags.flag("timer") == "--oven-timer"
    assert "mode" not in flags.fields
    parser = argparse.ArgumentParser()
    flags.add(parser)
    assert "--called WORD" in parser.format_help()
    arguments = parser.parse_args(["--called", "small", "--oven-timer", "3"])
    assert flags.flags_given(arguments) == ["--oven-timer", "--called"][::-1]
    assert flags.given(arguments) == {"name": "small", "timer": 3}
    assert flags.settings(arguments, mode="top") == Oven(name="small", timer=3, mode="top")


def test_some_flags_here_and_the_others_there():
    flags, parser = Flags(Oven()), argparse.ArgumentParser()
    flags.add(parser, "heat", "fan")
    flags.add_others(parser.add_argument_group("others"), "heat", "fan")
    assert flags.settings(parser.parse_args(["--heat", "5", "--timer", "5"])) == Oven(5, timer=5)


def test_a_kind_of_its_own():
    minutes = Kind(
        {"metavar": "MINUTES", "type": float},
        convert=lambda value: value / 60,
        show=lambda hours: f"{hours * 60:g}",
        help="how many minutes it bakes",
    )
    flags = Flags(Oven(hours=0.5), kinds={"hours": minutes})
    assert flags.help("hours") == "how many minutes it bakes (default: 30)"
    assert parse("--hours 90", flags) == Oven(hours=1.5)


def test_a_type_that_nobody_knows_is_refused():
    with pytest.raises(TypeError, match="must be given a Kind"):
        kind_of(dict[str, int])
    with pytest.raises(TypeError, match="must be given a Kind"):
        kind_of(bool | Path)
    with pytest.raises(TypeError, match="must be given a Kind"):
        kind_of(tuple[int, int])


def test_a_reader_refuses_what_it_cannot_read_and_what_is_out_of_range():
    even = reader("must be an even number", int, lambda n: n % 2 == 0)
    assert even("4") == 4
    for text in ("3", "four", ""):
        with pytest.raises(
            argparse.ArgumentTypeError, match=r"^must be an even number\. Received: "
        ):
            even(text)


def test_a_flag_that_needs_another_is_refused_in_words():
    must_come_with("--bake", [])
    says = r"^--heat, --fan must come with --bake\. Received: --fry\.$"
    with pytest.raises(UsageError, match=says):
        must_come_with("--bake", ["--heat", "--fan"], received="--fry")


#: Every use of `Flags` in the command line.
USED: dict[str, Flags[Any]] = {
    "network": NETWORK,
    "network that predicts": PREDICTING,
    "network that is shown": models.NETWORK,
    "features": FEATURES,
    "features that are timed": bench.FEATURES,
    "dataset": READING,
    "dense head": DENSE,
    "fine-tuning": FINE_TUNING,
    "fine-tuning's views": finetuning.VIEWS,
    "pre-training": PRETRAINING,
    "pre-training's views": pretrain.VIEWS,
    "teacher": TEACHER,
    "augment": augment.VIEWS,
    "comparison": COMPARISON,
}
#: Their help shows the default in another unit, or in words.
IN_OTHER_WORDS = {(FINE_TUNING, "store_limit"), (TEACHER, "backbone"), (COMPARISON, "budget")}
every_use = pytest.mark.parametrize("flags", USED.values(), ids=USED)


def settings_classes():
    names = (module.name for module in pkgutil.walk_packages(headstart.__path__, "headstart."))
    modules = [name for name in names if name.endswith((".settings", ".spec"))]
    return {
        each
        for module in map(importlib.import_module, modules)
        for each in vars(module).values()
        if is_dataclass(each) and each.__module__ == module.__name__
    }


def test_every_settings_object_has_flags():
    assert settings_classes() == {type(flags.defaults) for flags in USED.values()}


@every_use
def test_every_field_has_a_flag_or_a_reason_not_to(flags):
    names = {field.name for field in fields(flags.defaults)}
    assert set(flags.fields) | set(flags.without) == names

    assert all(len(reason) > 20 for reason in flags.without.values())


@every_use
def test_every_flag_has_help_that_ends_with_its_true_default(flags):
    for name in flags.fields:
        told, default = flags.help(name), getattr(flags.defaults, name)
        assert told[0].islower(), name
        assert len(told.partition(" (default: ")[0]) > 8, name
        if type(default) in (str, int) and (flags, name) not in IN_OTHER_WORDS:
            assert told.endswith(f"(default: {default})"), name


@every_use
def test_without_flags_the_settings_are_the_defaults(flags):
    parser = argparse.ArgumentParser()
    flags.add(parser)
    assert flags.settings(parser.parse_args([])) == flags.defaults


@pytest.mark.parametrize(
    "settings", sorted(settings_classes(), key=str), ids=lambda each: each.__name__
)
def test_docstrings_tell_the_true_defaults(settings):
    told = dict(re.findall(r"^    (\w+) : .*default=(\S.*)$", settings.__doc__, re.MULTILINE))
    for field in fields(settings):
        if field.name in told:
            assert eval(told[field.name]) == field.default, field.name  # noqa: S307 - our own text
