"""The checks by themselves, and every public function with arguments of every wrong kind."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict, Unpack

import numpy as np
import pytest

import headstart as hs
from headstart.arguments import (
    Between,
    Means,
    Positive,
    Seed,
    check,
    check_fields,
    check_known,
    check_parameters,
    checked,
)
from headstart.errors import HeadstartError, UsageError
from headstart.features.settings import FeatureSettings
from headstart.heads.settings import DenseSettings
from headstart.images.reader import read_images
from headstart.images.resizing import Resize
from headstart.images.sources import as_source
from headstart.progress import NoProgress, Progress


class Odd:
    """Nothing that anybody expects."""

    def __repr__(self):
        return "<odd>"


WRONG = [
    None,
    True,
    0,
    -1,
    10**30,
    0.5,
    -2.5,
    float("nan"),
    float("inf"),
    "",
    "nonsense",
    b"bytes",
    [],
    [1, [2]],
    ["a", None],
    (1, 2, 3),
    {},
    {"a": 1},
    {1, 2},
    np.zeros((2, 3)),
    np.float64(0.25),
    np.array("text"),
    print,
    int,
    Odd(),
]


@pytest.mark.parametrize(
    ("hint", "fitting", "wrong", "words"),
    [
        (int, [0, -3, np.int64(2)], [True, 1.0, "1", None], "a whole number"),
        (float, [0, 0.5, np.float32(1)], [True, np.nan, np.inf, "1"], "a number"),
        (bool, [True, np.bool_(0)], [0, 1, "yes", None], "True or False"),
        (str, ["a"], ["", b"a", 1, Path("a")], "text"),
        (str | Path, ["a", Path("a")], ["", 1, None], "text or a path"),
        (int | None, [1, None], [0.5, ""], "a whole number or None"),
        (Literal["a", "b"], ["a"], ["c", 1, None, ["a"]], "one of a, b"),
        (tuple[int, int], [(1, 2), [3, 4]], [1, (1,), (1, 2, 3), ("a", 2)], "(a whole number,"),
        (tuple[int, ...], [(), (1,), [1, 2]], ["12", 1, ("a",)], "a list (each item a whole"),
        (Sequence[str], [["a"], ()], ["a", ["a", 1], 3], "a list (each item text)"),
        (Sequence[Any], [["a", 1]], ["a"], "a list"),
        (Mapping[str, int], [{}, {"a": 1}], [[], "a", {1: 1}, {"a": "b"}], "a dict"),
        (Positive, [1, 10**9], [0, -1, True], "a whole number of at least 1"),
        (Seed, [0, 2**32 - 1], [-1, 2**32], "of at least 0 and at most 4294967295"),
        (Annotated[float, Between(0, 1)], [0, 0.5], [1.5, np.nan], "at most 1"),
        (Annotated[int, Means("a week")], [1], ["a"], "a week"),
        (Progress, [NoProgress(), hs.Bars()], [3, print], "a Progress"),
        (hs.FineTuning, [hs.FineTuning()], [hs.FineTuning, {}], "a FineTuning"),
        (Callable[..., Any], [print], [3], "a Callable"),
        (Any, WRONG, [], ""),
    ],
)
def test_values_fit_their_annotation_or_are_refused_in_words(hint, fitting, wrong, words):
    for value in fitting:
        check("it", value, hint)
    for value in wrong:
        with pytest.raises(UsageError, match=r"^it must be .*\. Received: ") as caught:
            check("it", value, hint)
        assert words in str(caught.value)


def test_what_was_received_is_shortened():
    with pytest.raises(UsageError) as caught:
        check("it", "x" * 10_000, int)
    assert len(str(caught.value)) < 300


@checked
def paint(colour: Literal["red", "blue"], *, times: Positive = 1, **more: Any) -> str:
    """Paint."""
    return f"{colour} {times} {sorted(more)}"


def test_a_checked_function_does_as_before():
    assert paint("red", times=2, other=3) == "red 2 ['other']"
    assert paint.__doc__ == "Paint."
    assert list(inspect.signature(paint).parameters) == ["colour", "times", "more"]


def test_a_value_is_one_of_those_that_are_known():
    check_known("The output", "features", {"features": 8, "probabilities": 2})
    with pytest.raises(UsageError, match=r"^The output must be one of a, b\. Received: 'c'\.$"):
        check_known("The output", "c", ["a", "b"])


def test_a_checked_function_refuses_wrong_values_and_python_wrong_names():
    with pytest.raises(UsageError, match=r"colour must be one of red, blue\. Received: 'green'\."):
        paint("green")
    with pytest.raises(TypeError, match="multiple values"):
        paint("red", colour="blue")
    with pytest.raises(TypeError, match=r"paint\(\) takes 1 positional argument"):
        paint("red", "blue")


@dataclasses.dataclass
class Settings:
    size: "int | None" = None
    unknown: "Whatever" = 3  # type: ignore[name-defined]  # noqa: F821 - as if it were imported for type checkers only
    network: "Network | None" = None


class Network:
    """Has the name of a class of the package."""


class Colours(TypedDict, total=False):
    wall: str
    door: str


def test_keywords_of_a_typed_dict_are_shown_and_others_refused():
    @checked
    def paint(rooms: int, **colours: Unpack[Colours]) -> object:
        return rooms, colours

    assert list(inspect.signature(paint).parameters) == ["rooms", "wall", "door"]
    misspelt: Any = {"dor": "red", "wall": "white"}
    assert paint(2, door="red") == (2, {"door": "red"})
    with pytest.raises(TypeError, match=r"^paint\(\) got an unexpected keyword argument 'dor'"):
        paint(2, **misspelt)
    assert list(inspect.signature(checked(lambda **any_: any_)).parameters) == ["any_"]
    with pytest.raises(
        TypeError, match=r"predict\(\) got an unexpected keyword argument 'wieghts'"
    ):
        hs.predict("photo.jpg", wieghts="w.h5")


def test_fields_are_checked_by_annotations_that_are_text():
    check_fields(Settings())
    check_fields(Settings(1, "anything", Network()))
    with pytest.raises(UsageError, match="size must be a whole number or None"):
        check_fields(Settings("1"))
    with pytest.raises(UsageError, match="network must be a Network or None"):
        check_fields(Settings(network=3))


def test_parameters_of_an_estimator_are_checked():
    check_parameters(hs.LogisticHead())
    check_parameters(hs.LogisticHead(random_state=None))
    with pytest.raises(UsageError, match="folds must be a whole number"):
        check_parameters(hs.LogisticHead(folds="5"))


def says_what_was_received(call):
    """Call; return what it is refused with, if it is; any other error fails the test."""
    try:
        call()
    except UsageError as error:
        says = str(error)
        return says if "Received: " in says else pytest.fail(says)
    return None


SETTINGS = (
    hs.Augmentation,
    hs.DatasetSettings,
    DenseSettings,
    FeatureSettings,
    hs.FineTuning,
    hs.NetworkSpec,
    hs.Pretraining,
    hs.UnsureRule,
)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        pytest.param(kind, field.name, id=f"{kind.__name__}.{field.name}")
        for kind in SETTINGS
        for field in dataclasses.fields(kind)
    ],
)
def test_settings_refuse_wrong_values_in_words(kind, field):
    refused = 0
    for value in WRONG:
        says = says_what_was_received(lambda value=value: kind(**{field: value}))
        refused += says is not None
    assert refused > 8


# The last thing that goes wrong in each: no work is done, even if all arguments are right.
CALLS = {
    hs.predict: {"images": ["a.png"], "backbone": "nowhere"},
    hs.train: {"data": "nowhere", "out": "out", "backbone": "no such network"},
    hs.explain: {"images": ["a.png"], "model": "nowhere"},
    hs.evaluate: {"model": "nowhere", "X": "nowhere"},
    hs.fine_tune: {"classifier": hs.ImageClassifier("nowhere"), "X": "nowhere"},
    hs.pretrain: {"dataset": "nowhere", "out": "out"},
    hs.load: {"folder": "nowhere"},
    hs.read_dataset: {"path": "nowhere"},
    hs.draw_samples: {"data": "nowhere"},
    hs.plot_counts: {"data": "nowhere"},
    hs.plot_history: {"history": [], "best_epoch": 1},
    hs.ImageClassifier("nowhere").fit: {"X": ["a.png", "b.png"], "y": ["a", "b"]},
    hs.Embedder("nowhere").fit: {"X": ["a.png"]},
    hs.Embedder("nowhere").transform: {"X": ["a.png"]},
}


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        pytest.param(function, name, id=f"{function.__qualname__}({name})")
        for function in CALLS
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ],
)
def test_functions_refuse_wrong_values_in_words(function, argument, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in WRONG:
        with pytest.raises(HeadstartError):
            function(**{**CALLS[function], argument: value})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [
        pytest.param(kind, name, id=f"{kind.__name__}.{name}")
        for kind in (hs.ImageClassifier, hs.Embedder)
        for name in kind().get_params()
    ],
)
def test_estimators_refuse_wrong_parameters_in_words(kind, parameter):
    refused = 0
    for value in WRONG:
        estimator = kind(**{"backbone": "nowhere", parameter: value})
        with pytest.raises(HeadstartError):
            estimator.fit(["a.png", "b.png"], ["a", "b"])
        refused += 1
    assert refused == len(WRONG)


HEADS = (hs.LogisticHead, hs.RidgeHead, hs.NearestMeanHead, hs.NeighboursHead)


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [
        pytest.param(kind, name, id=f"{kind.__name__}.{name}")
        for kind in HEADS
        for name in kind().get_params()
    ],
)
def test_heads_refuse_wrong_parameters_in_words(kind, parameter):
    features = np.random.default_rng(0).normal(size=(12, 3))
    for value in WRONG:
        head = kind(**{parameter: value})
        says_what_was_received(lambda head=head: head.fit(features, [0, 1] * 6))


def test_finding_images_needs_a_list_of_paths():
    for value in WRONG:
        says_what_was_received(lambda value=value: hs.find_images(value))
    with pytest.raises(UsageError, match="paths must be a list"):
        hs.find_images("folder")


SOURCES = [as_source("a.png"), as_source("b.png")]
DATA = hs.LabelledImages(SOURCES, ["a", "b"], ["a", "b"], ["train", "test"])
PREDICTED = (["x"], ["a"], [[1, 0]], ["a", "b"])


@pytest.mark.parametrize(
    "call",
    [
        lambda wrong: hs.LabelledImages(wrong, ["a", "b"], ["a", "b"]),
        lambda wrong: hs.LabelledImages(SOURCES, wrong, ["a", "b"]),
        lambda wrong: hs.LabelledImages(SOURCES, ["a", "b"], wrong),
        lambda wrong: hs.LabelledImages(SOURCES, ["a", "b"], ["a", "b"], wrong),
        lambda wrong: hs.LabelledImages(SOURCES, ["a", "b"], ["a", "b"], None, wrong),
        DATA.subset,
        DATA.part,
        lambda wrong: hs.Evaluation.from_predictions(wrong, *PREDICTED[1:]),
        lambda wrong: hs.Evaluation.from_predictions(*PREDICTED[:1], wrong, *PREDICTED[2:]),
        lambda wrong: hs.Evaluation.from_predictions(*PREDICTED[:2], wrong, *PREDICTED[3:]),
        lambda wrong: hs.Evaluation.from_predictions(*PREDICTED[:3], wrong),
        lambda wrong: list(read_images(SOURCES, Resize("squash", 4, 4), workers=wrong)),
    ],
)
def test_datasets_and_results_refuse_wrong_values_in_words(call):
    refused = 0
    for value in WRONG:
        try:
            call(value)
        except HeadstartError:
            refused += 1
    assert refused > len(WRONG) / 2


def test_half_a_thread_is_refused_instead_of_waiting_for_it():
    with pytest.raises(UsageError, match="workers must be a whole number of at least 1"):
        read_images(SOURCES, Resize("squash", 4, 4), workers=0.5)
