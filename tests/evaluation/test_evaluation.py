import dataclasses
import json
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

from headstart.display.text import columns
from headstart.errors import DatasetError, ImageDamaged, MissingExtra, UsageError
from headstart.escaping import printable
from headstart.evaluation import Evaluation, measure
from headstart.evaluation.evaluation import display_names
from headstart.evaluation.report import WIDTH
from headstart.evaluation.results import Mistake
from headstart.features.extractor import FeatureExtractor, network_resize
from headstart.images.sources import as_source
from headstart.networks.classes import ClassName
from headstart.prediction.predictor import Predictor

NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
TRUTH = ["cat", "cat", "dog", "dog"]
SCORES = [[0.9, 0.1, 0.0], [0.3, 0.7, 0.0], [0.05, 0.95, 0.0], [0.8, 0.2, 0.0]]
CLASSES = ["cat", "dog", "owl"]


@pytest.fixture
def evaluation():
    unreadable = [("e.jpg", ImageDamaged("e.jpg is cut short."))]
    return Evaluation.from_predictions(NAMES, TRUTH, SCORES, CLASSES, unreadable)


def test_counts_and_measures(evaluation):
    assert (evaluation.n, evaluation.accuracy) == (4, 0.5)
    assert evaluation.interval.low < 0.5 < evaluation.interval.high
    np.testing.assert_array_equal(evaluation.confusion, [[1, 1, 0], [1, 1, 0], [0, 0, 0]])
    assert evaluation.majority_share == 0.5
    assert evaluation.top_5_accuracy is None
    assert evaluation.per_class[0].recall == 0.5
    assert evaluation.per_class[0].n_predicted == 2


@pytest.mark.parametrize(("k", "wrong_every", "beats"), [(3, 4, True), (2, 2, False), (1, 9, True)])
def test_a_result_that_is_no_better_than_guessing_is_said(make_evaluation, k, wrong_every, beats):
    labels = ["cat", "dog", "eel"][:k]
    evaluation = make_evaluation(classes=labels, wrong_every=wrong_every) if k > 1 else None
    if evaluation is None:
        evaluation = Evaluation.from_predictions(["a"], ["cat"], [[0.9, 0.1]], ["cat", "dog"])
    assert evaluation.beats_guessing == beats
    assert ("always guessing the most frequent class, which is right" in str(evaluation)) != beats


def test_class_absent_from_the_test_set_has_none_not_a_number(evaluation):
    owl = evaluation.per_class[2]
    assert owl.n == 0
    assert (owl.recall, owl.recall_interval, owl.precision, owl.f1) == (None, None, None, None)
    assert evaluation.macro_f1 == pytest.approx(0.5)


def test_mistakes_are_in_terms_of_the_labels(evaluation):
    assert evaluation.mistakes[0] == Mistake("d.jpg", "dog", "cat", 0.8, 0.2)


def test_unreadable_images_are_named_and_not_counted(evaluation):
    (error,) = evaluation.errors
    assert (error.path, error.type, error.message) == (
        "e.jpg",
        "ImageDamaged",
        "e.jpg is cut short.",
    )


def test_json_has_the_contract_and_survives_the_round_trip(evaluation):
    found = evaluation.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(found) == {field.name for field in dataclasses.fields(Evaluation)} - {"outcomes"}
    assert {"accuracy", "interval", "n", "per_class", "confusion"} <= set(found)
    assert found["confusion"] == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert found["per_class"]["dog"]["n"] == 2
    assert len(found["per_class"]["dog"]["recall_interval"]) == 2
    assert found["per_class"]["owl"]["f1"] is None
    assert found["errors"][0]["type"] == "ImageDamaged"


def test_top_five_counts_from_six_classes_on():
    scores = np.array([[0.3, 0.2, 0.2, 0.1, 0.1, 0.1]])
    found = Evaluation.from_predictions(["a"], ["f"], scores, list("abcdef"))
    assert found.top_5_accuracy == 0


def test_labels_may_be_anything_hashable():
    classes = [1, (2, "b"), None]
    found = Evaluation.from_predictions(["a", "b"], [None, 1], np.eye(3)[[2, 0]], classes)
    assert found.accuracy == 1
    assert found.classes == ("1", "(2, 'b')", "None")


def test_numpy_labels_equal_plain_ones():
    found = Evaluation.from_predictions(["a"], np.array(["y"]), [[0.2, 0.8]], ["x", "y"])
    assert found.accuracy == 1


def test_names_of_classes_stay_distinct():
    assert display_names([1, "1"]) == ("1", "'1'")
    assert display_names([1, "2"]) == ("1", "2")


def test_frame_has_a_row_a_class(evaluation):
    frame = evaluation.to_frame()
    assert list(frame.index) == CLASSES
    assert frame.loc["cat", "recall"] == 0.5
    assert frame.loc["cat", "recall_low"] < 0.5 < frame.loc["cat", "recall_high"]
    assert frame.loc["owl", ["recall", "recall_low", "f1_high"]].isna().all()


def test_frame_without_pandas_says_what_to_install(evaluation, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"pandas DataFrame needs the extra \"pandas\""):
        evaluation.to_frame()


def test_unknown_label_is_refused_by_name():
    with pytest.raises(DatasetError, match=r"'cat', 'dog', 'owl'\. Received: 'bat'"):
        Evaluation.from_predictions(NAMES, ["cat", "bat", "dog", "bat"], SCORES, CLASSES)


def test_many_classes_are_not_all_listed():
    with pytest.raises(DatasetError, match="9 and 190 more"):
        Evaluation.from_predictions(["a"], ["no"], np.zeros((1, 200)), list(range(200)))


def test_no_readable_image_is_an_error_with_the_reason():
    unreadable = [("e.jpg", ImageDamaged("e.jpg is cut short."))]
    with pytest.raises(DatasetError, match=r"All 1 are unreadable, the first one: e\.jpg is cut"):
        Evaluation.from_predictions([], [], np.zeros((0, 3)), CLASSES, unreadable)
    with pytest.raises(DatasetError, match=r"at least one labelled image that can be read\.$"):
        Evaluation.from_predictions([], [], np.zeros((0, 3)), CLASSES)


@pytest.mark.parametrize(
    ("names", "truth", "scores"),
    [
        (NAMES[:3], TRUTH, SCORES),
        (NAMES, TRUTH[:3], SCORES),
        (NAMES, TRUTH, SCORES[:3]),
        (NAMES, TRUTH, [row[:2] for row in SCORES]),
    ],
)
def test_lengths_that_do_not_fit_are_refused(names, truth, scores):
    with pytest.raises(UsageError, match=r"one label and one row .* Received: \d names"):
        Evaluation.from_predictions(names, truth, scores, CLASSES)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.5])
def test_what_is_no_probability_is_refused(value):
    with pytest.raises(UsageError, match="from 0 to 1"):
        Evaluation.from_predictions(["a"], ["cat"], [[value, 0, 0]], CLASSES)


def test_class_listed_twice_is_refused():
    with pytest.raises(UsageError, match="differ"):
        Evaluation.from_predictions(["a"], ["cat"], [[1, 0]], ["cat", "cat"])


def test_each_metric_reaches_the_report_and_the_json(make_evaluation):
    evaluation = make_evaluation(6, n_each=4)
    shown = {
        "top-5 accuracy": evaluation.top_5_accuracy,
        "macro F1": evaluation.macro_f1,
        "balanced accuracy": evaluation.balanced_accuracy,
        "majority class": evaluation.majority_share,
        "log loss": evaluation.log_loss,
    }
    lines = [re.split("  +", line.strip()) for line in str(evaluation).splitlines()]
    written = {label: value for label, value, _ in (line for line in lines if len(line) == 3)}
    for label, value in shown.items():
        number = float(written[label].removesuffix(" %"))
        assert number in (round(value, 2), round(100 * value, 1), round(value, 3))
        assert f">{label}</td>" in evaluation._repr_html_()
        assert value in evaluation.to_dict().values()


def test_each_number_has_its_row(evaluation):
    hints = Evaluation.__annotations__
    numbers = [name for name, hint in hints.items() if hint in ("float", "float | None")]
    with_five_or_fewer_classes = set(numbers) - {"accuracy", "top_5_accuracy"}
    # The calibration error has a row as well.
    assert len(list(evaluation._metric_rows())) == len(with_five_or_fewer_classes) + 1


def test_it_can_not_be_altered(evaluation):
    with pytest.raises(dataclasses.FrozenInstanceError):
        evaluation.accuracy = 1.0


def test_printing_gives_the_report(make_evaluation):
    unreadable = [("x/broken.jpg", ImageDamaged("x/broken.jpg is cut short."))]
    assert str(make_evaluation(3, n_each=4, errors=unreadable)).splitlines() == [
        "9 of 12 right: 75.0 % (95 % interval 46.8 to 91.1 %)",
        "",
        "  macro F1             0.75  mean F1 of the classes; each class counts the same",
        "  balanced accuracy  75.0 %  mean recall of the classes; each class counts the same",
        "  majority class     33.3 %  accuracy of always predicting the most frequent class",
        "  log loss            0.807  mean of -ln(probability of the true class); lower is better",
        "  calibration error   2.5 %  confidence against accuracy; up to 22.5 % is chance",
        "",
        "Classes",
        "  class   images  recall                  precision                 F1",
        "  kind 0       4   75.0 % (30.1 to 95.4)   75.0 % (30.1 to 95.4)  0.75",
        "  kind 1       4   75.0 % (30.1 to 95.4)   75.0 % (30.1 to 95.4)  0.75",
        "  kind 2       4   75.0 % (30.1 to 95.4)   75.0 % (30.1 to 95.4)  0.75",
        "  recall: how many of the images of this class were recognised",
        "  precision: how many of the images predicted as this class belong to it",
        "  F1: the harmonic mean of recall and precision, from 0 to 1",
        "  in brackets: the 95 % confidence interval",
        "",
        "Confusion matrix (a row for each true class, a column for each predicted class)",
        "          kind 0  kind 1  kind 2",
        "  kind 0       3       1       .",
        "  kind 1       .       3       1",
        "  kind 2       1       .       3",
        "",
        "Mistakes, the most confident first (all)",
        "  probability  predicted class  true class  image",
        "       91.8 %  kind 1           kind 0      kind 0/0001.jpg",
        "       79.1 %  kind 2           kind 1      kind 1/0005.jpg",
        "       66.4 %  kind 0           kind 2      kind 2/0009.jpg",
        "",
        "Unreadable images, not counted above: 1",
        "  x/broken.jpg is cut short.",
    ]


def test_report_fits_its_width_whatever_the_number_of_classes(any_size):
    assert max(map(columns, str(any_size).splitlines())) <= WIDTH


def test_report_stays_short_with_many_classes(make_evaluation):
    found = str(make_evaluation(200, n_each=4))
    assert len(found.splitlines()) < 70
    assert "top-5 accuracy" in found


def test_report_has_no_letters_that_move_the_cursor(strange):
    assert all(printable(line) == line for line in str(strange).split("\n"))
    assert "$x_1$ & <b>%d</b>" in str(strange)


def test_nothing_wrong_leaves_the_tables_of_mistakes_out():
    for k in (3, 30):
        classes = [f"kind {index}" for index in range(k)]
        found = str(Evaluation.from_predictions(classes, classes, np.eye(k), classes))
        assert found.startswith(f"{k} of {k} right: 100.0 %")
        assert "Mistakes" not in found
        assert "confusions" not in found


def test_repr_is_one_line(evaluation):
    assert repr(evaluation).startswith("<Evaluation: 2 of 4 right: 50.0 % (95 % interval")
    assert "\n" not in repr(evaluation)


def test_html_is_well_formed_and_shows_the_names_of_classes_as_they_are(strange):
    found = strange._repr_html_()
    page = ET.fromstring(found)  # noqa: S314 - our own text
    assert {element.tag for element in page.iter()} == {
        *("div", "p", "b", "br", "table", "tr", "th", "td")
    }
    written = set(page.itertext())
    assert {"猫科动物", "$x_1$ & <b>%d</b>", printable("new\nline\x1b[2J")} <= written
    assert "mathjax_ignore" in page.get("class")
    found.encode()


@pytest.mark.parametrize("draw", [Evaluation.plot_confusion, Evaluation.plot_classes])
def test_figures_need_no_file_and_leave_pyplot_alone(evaluation, draw, tmp_path):
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    figure = draw(evaluation)
    assert isinstance(figure, Figure)
    assert "2 of 4 right" in "".join(text.get_text() for text in figure.axes[0].texts)
    assert plt.get_fignums() == []
    draw(evaluation, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        assert image.format == "PNG"


def test_importing_loads_no_matplotlib_and_drawing_loads_no_pyplot(tmp_path):
    code = """
import sys
from pathlib import Path
import headstart.evaluation as room
heavy = {"matplotlib", "sklearn", "scipy", "pandas", "keras", "openvino"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert room.__all__ == sorted(room.__all__, key=lambda name: (name.islower(), name))
found = room.Evaluation.from_predictions(["a"], ["x"], [[1, 0]], ["x", "y"])
found.plot_confusion(Path(sys.argv[1]))
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.png")], check=True)


IMAGES = list(np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8))
SOURCES = [as_source(image, i) for i, image in enumerate(IMAGES)]


@pytest.fixture
def make(tiny_network):
    """Return a maker of predictors with these identifiers and labels."""

    def make(identifiers="abcde", labels=(0, 1, 2, 3, 4)):
        extractor = FeatureExtractor(
            tiny_network,
            network_resize(tiny_network, "squash"),
            output="probabilities",
        )
        classes = tuple(map(ClassName, identifiers, labels))
        return Predictor("tiny", extractor, classes)

    return make


def test_right_and_wrong_answers_are_counted(make):
    predictor = make()
    truth = predictor.predict(IMAGES).tolist()
    assert measure(predictor, SOURCES, truth).accuracy == 1
    wrong = [(truth[0] + 1) % 5, *truth[1:]]
    evaluation = measure(predictor, SOURCES, wrong)
    assert (evaluation.accuracy, evaluation.n) == (0.75, 4)
    assert [mistake.path for mistake in evaluation.mistakes] == ["image 0"]


def test_unreadable_images_count_in_no_figure(make):
    predictor = make()
    truth = predictor.predict(IMAGES).tolist()
    sources = [SOURCES[0], as_source(b"no image", 9), *SOURCES[1:]]
    evaluation = measure(predictor, sources, [truth[0], 0, *truth[1:]])
    assert (evaluation.accuracy, evaluation.n) == (1, 4)
    assert [error.path for error in evaluation.errors] == ["image 9"]
    with pytest.raises(DatasetError, match="at least one labelled image"):
        measure(predictor, sources[1:2], [0])


def test_labels_that_only_look_like_the_classes_are_matched_and_it_is_said(make):
    predictor = make()
    truth = [str(label) for label in predictor.predict(IMAGES).tolist()]
    progress = Recorder()
    assert measure(predictor, SOURCES, truth, progress=progress).accuracy == 1
    assert "They are read as those: '" in progress.said[0]


def test_labels_may_be_the_identifiers_of_the_classes(make):
    twins = make(labels=["crane", "crane", "ant", "bee", "cat"])
    truth = ["abcde"[i] for i in twins.predict_proba(IMAGES).argmax(axis=1)]
    assert measure(twins, SOURCES, truth).accuracy == 1


def test_labels_come_before_identifiers(make):
    crossed = make(identifiers="abcde", labels="bcdea")
    truth = crossed.predict(IMAGES).tolist()
    assert measure(crossed, SOURCES, truth).accuracy == 1


def test_a_label_must_be_a_class(make):
    with pytest.raises(DatasetError, match="Received: 7"):
        measure(make(), SOURCES, [0, 1, 2, 7])


def test_progress_says_what_is_measured(make):
    progress = Recorder()
    measure(make(), SOURCES, [0] * 4, progress=progress, what="measuring")
    assert progress.bars == [["measuring", 4, "image", 4]]


def test_outcomes_say_what_each_image_got(evaluation):
    outcomes = evaluation.outcomes
    assert outcomes.names == tuple(NAMES)
    np.testing.assert_array_equal(outcomes.truth, [0, 0, 1, 1])
    np.testing.assert_array_equal(outcomes.right, [True, False, True, False])
    np.testing.assert_array_equal(outcomes.probabilities, np.float32(SCORES))
    assert (outcomes.probabilities.dtype, outcomes.groups) == (np.float32, None)
    assert evaluation.basis == ""


def _copied(n_copies):
    """Return the evaluation above with so many copies of each image, in groups and not."""
    names = [f"{number}/{name}" for number in range(n_copies) for name in NAMES]
    rows = names, TRUTH * n_copies, SCORES * n_copies, CLASSES
    groups = np.tile(np.arange(4), n_copies)
    return Evaluation.from_predictions(*rows, groups=groups, folds=5), (
        Evaluation.from_predictions(*rows)
    )


def test_copies_of_images_make_no_interval_narrower(evaluation):
    grouped, alone = _copied(25)
    assert grouped.accuracy == alone.accuracy == evaluation.accuracy
    assert np.diff(alone.interval) < 0.5 * np.diff(evaluation.interval)
    assert np.diff(grouped.interval) >= np.diff(evaluation.interval)
    for result, one in zip(grouped.per_class[:2], evaluation.per_class[:2], strict=True):
        for kind in ("recall_interval", "precision_interval", "f1_interval"):
            assert np.diff(getattr(result, kind)) >= np.diff(getattr(one, kind)) - 1e-12


def test_report_says_how_images_were_predicted_and_what_intervals_count():
    grouped, _ = _copied(25)
    said = "Cross-validated in 5 folds. The intervals count 4 groups of images, not 100 images."
    assert grouped.basis == said
    assert said in str(grouped)
    assert (grouped.to_dict()["how"], grouped.to_dict()["n_groups"]) == (grouped.how, 4)


@pytest.mark.parametrize("groups", [[0, 1], [0.5] * 4, [[0]] * 4])
def test_groups_that_do_not_fit_are_refused(groups):
    with pytest.raises(UsageError, match="one for each of 4 images"):
        Evaluation.from_predictions(NAMES, TRUTH, SCORES, CLASSES, groups=groups)


def test_cross_validated_images_tell_less_than_images_that_nothing_learnt_from(evaluation):
    rows = NAMES, TRUTH, SCORES, CLASSES
    found = Evaluation.from_predictions(*rows, folds=5)
    assert (found.how, found.basis) == ("cross-validated in 5 folds", "Cross-validated in 5 folds.")
    assert found.accuracy == evaluation.accuracy
    assert np.diff(found.interval) > np.diff(evaluation.interval)
    one, other = found.per_class[0], evaluation.per_class[0]
    assert np.diff(one.recall_interval) > np.diff(other.recall_interval)
    assert Evaluation.from_predictions(*rows, how="by hand").basis == "By hand."


def test_operating_points_are_set_by_recall_or_by_precision(evaluation):
    assert evaluation.operating_points(recall=1).points[0].threshold == pytest.approx(0.3)
    assert evaluation.operating_points(precision=0.5).points[1].threshold == pytest.approx(0.1)
    for wrong in ({}, {"recall": 0.5, "precision": 0.5}, {"recall": 0}, {"precision": 1.1}):
        with pytest.raises(UsageError, match="An operating point is set by a recall"):
            evaluation.operating_points(**wrong)


def test_sections_are_shown_where_they_were_asked_for(evaluation):
    points = evaluation.operating_points(recall=0.9)
    asked = dataclasses.replace(
        evaluation, against=evaluation.compared_to(evaluation), operating=points
    )
    assert str(points) in str(asked)
    assert "Compared on the same 4 images" in str(asked)
    assert asked.to_dict()["operating"] == points.to_dict()
