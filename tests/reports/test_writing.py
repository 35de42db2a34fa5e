import html.parser
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.evaluation.learnt_from import LearntFrom
from headstart.evaluation.metrics import Interval
from headstart.explaining.explainer import Explainer
from headstart.reports import writing
from headstart.reports.data import Further, Gallery
from headstart.reports.writing import command_line, write_report
from headstart.training.history import Epoch

from .conftest import NASTY

# What ends itself in HTML.
VOID = {"meta", "img", "br", "line", "circle", "rect", "polyline"}


class Page(html.parser.HTMLParser):
    """Collects what is in a page, and holds that its tags are balanced."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def written(data, path, **how):
    write_report(data, path, **how)
    return Page(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("seen", "figure"),
    [
        (None, "60.0"),
        (LearntFrom(n=0, n_others=5, accuracy=0.6, interval=Interval(0.2, 0.9)), "60.0"),
        (LearntFrom(n=3, n_others=2, accuracy=0.5, interval=Interval(0.1, 0.9)), "50.0"),
        (LearntFrom(n=5, n_others=0), None),
    ],
)
def test_the_large_figure_is_of_images_that_the_model_has_not_learnt_from(
    make, tmp_path, seen, figure
):
    data = make([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], ["cat", "dog"])
    data = replace(data, evaluation=replace(data.evaluation, learnt_from=seen))
    write_report(data, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    found = re.findall(r'<p class="figure">([\d.]+)', text)
    assert found == ([] if figure is None else [figure])
    assert ("The model has learnt from" in text) == (seen is not None and seen.n > 0)
    assert "3 of 5 right" in text


@pytest.fixture
def page(make, tmp_path):
    data = make([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], [f"cat {NASTY}", "dog"], data=["8 are copies."])
    return written(data, tmp_path / "report.html")


def test_names_of_files_and_classes_inject_nothing(page):
    assert "script" not in page.tags
    assert any(NASTY in text for text in page.text)


def test_it_loads_nothing(page):
    for _, attributes in page.attributes:
        for name in ("src", "href", "xlink:href", "action", "data"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/jpeg;base64,"))
        assert not any(name.startswith("on") for name in attributes)


def test_every_link_leads_somewhere_and_ids_are_unique(page):
    ids = [attributes["id"] for _, attributes in page.attributes if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"][1:] for tag, attributes in page.attributes if tag == "a"}
    assert links <= set(ids)


def test_images_and_charts_have_words(page):
    images = [attributes for tag, attributes in page.attributes if tag == "img"]
    assert images
    assert all(attributes["alt"] for attributes in images)
    charts = [each for tag, each in page.attributes if tag == "svg" and "role" in each]
    assert all(chart["aria-label"].strip() for chart in charts)


def test_figures_mistakes_and_sentences_are_there(page):
    text = " ".join(" ".join(page.text).split())
    assert "3 of 5 right" in text
    assert "8 are copies." in text
    assert "Most confident mistakes" in text
    assert "my <model>" in text


def heat_maps(page):
    alts = (each.get("alt") or "" for _, each in page.attributes)
    return [alt for alt in alts if alt.startswith("heat map")]


def test_heat_maps_are_for_the_class_of_the_mistake(make, tmp_path, monkeypatch):
    explained = []

    class Watched(Explainer):
        def stream(self, sources, label=None):
            explained.extend((source.name.split()[-1], label) for source in sources)
            return super().stream(sources, label)

    monkeypatch.setattr(writing, "Explainer", Watched)
    data = make([0, 1, 1, 0], [1, 0, 1, 1], ["bright", "dark"])
    page = written(data, tmp_path / "r.html")
    assert sorted(heat_maps(page)) == ["heat map for bright"] + ["heat map for dark"] * 2
    assert sorted(explained) == [("0.png", "dark"), ("1.png", "bright"), ("3.png", "dark")]
    assert "They show the saved model." not in " ".join(page.text)


def test_cross_validated_mistakes_are_those_of_other_models(make, tmp_path):
    data = make([0, 1, 1, 0], [1, 0, 1, 1], ["bright", "dark"], folds=2)
    assert "They show the saved model." in " ".join(written(data, tmp_path / "r.html").text)


def test_heat_maps_that_can_not_be_made_are_told(page):
    assert heat_maps(page) == []
    assert "There are no heat maps of some images: The label must be one" in " ".join(page.text)


def test_folders_that_all_images_share_are_not_told(page):
    assert not any("photos/" in text for text in page.text)


def test_many_classes_have_a_list_in_place_of_a_matrix(make, tmp_path):
    classes = [f"class {n}" for n in range(40)]
    truth = np.arange(80) % 40
    page = written(make(truth, (truth + (np.arange(80) < 3)) % 40, classes), tmp_path / "r.html")
    text = " ".join(page.text)
    assert "most frequent confusions" in text
    assert "class 1 predicted as class 2" in text
    assert "true \\ predicted" not in text


def test_of_many_classes_the_worst_come_first(make, tmp_path):
    classes = [f"class {n}" for n in range(40)]
    truth = np.arange(120) % 40
    predicted = truth.copy()
    predicted[[7, 47, 9]] = 0
    page = written(make(truth, predicted, classes), tmp_path / "r.html")
    text = " ".join(page.text)
    assert "The classes with the lowest recall come first." in text
    rows = text[text.index("The classes with the lowest") :]
    assert rows.index("class 7") < rows.index("class 9") < rows.index("class 0")


def test_there_is_a_limit_and_what_is_left_out_is_told(make, tmp_path):
    data = make([0, 1] * 20, [1, 0] * 20, ["cat", "dog"])
    path = tmp_path / "r.html"
    page = written(data, path, most_bytes=20_000)
    assert len(path.read_text("utf-8").split("base64,")) > 2
    assert re.search(r"\d+ images are left out", " ".join(page.text))
    assert sum(map(len, re.findall(r"data:[^\"]*", path.read_text("utf-8")))) <= 20_000


def test_images_that_can_not_be_read_are_no_reason_to_fail(make, tmp_path):
    data = make([0, 1], [1, 0], ["cat", "dog"], most_unreadable=2)
    assert "img" not in written(data, tmp_path / "r.html").tags


def test_perfect_predictions_have_no_mistakes(make, tmp_path):
    page = written(make([0, 1], [0, 1], ["cat", "dog"]), tmp_path / "r.html")
    assert "Most confident mistakes" not in " ".join(page.text)


class Said(Displayed):
    def display_parts(self):
        yield NASTY
        yield Table(rows=[(NASTY, "1")], headings=("name", "n"), align="<>", notes=[NASTY])
        yield Table(rows=[])


def test_further_results_and_curves_are_shown(make, tmp_path):
    figures = {"seconds": 1.0, "size": 224, "learning_rate": 0.1, "loss": 1.0, "val_loss": 1.0}
    history = [
        Epoch(
            epoch=n, accuracy=0.5 + n / 10, val_accuracy=float("nan") if n < 2 else 0.4, **figures
        )
        for n in (1, 2, 3)
    ]
    data = make(
        [0, 1], [0, 1], ["cat", "dog"], history=history, further=[Further("Findings", Said())]
    )
    page = written(data, tmp_path / "r.html")
    text = " ".join(page.text)
    assert "Findings" in text
    assert text.count(NASTY) >= 3
    assert page.tags.count("polyline") == 2
    assert "80.0\N{NO-BREAK SPACE}% at the end" in text


def test_galleries_show_images_with_words_also_those_that_can_not_be_read(make, tmp_path):
    data = make([0, 1], [0, 1], ["cat", "dog"], most_unreadable=1)
    names = list(data.sources)
    gallery = Gallery("2 are odd.", [(name, f"odd {NASTY}") for name in names])
    page = written(
        replace(data, further=[Further("Findings", Said(), [gallery])]), tmp_path / "r.html"
    )
    text = " ".join(page.text)
    assert "2 are odd." in text
    assert text.count(f"odd {NASTY}") == 2
    assert [each["alt"] for tag, each in page.attributes if tag == "img"].count(f"odd {NASTY}") == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=4, unique=True))
def test_any_class_name_is_safe(make, tmp_path, classes):
    page = written(make([0, 1], [1, 1], classes), tmp_path / "r.html")
    assert "script" not in page.tags


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["/bin/headstart", "train", "my photos"], "headstart train 'my photos'"),
        (["pytest", "tests"], ""),
    ],
)
def test_the_command_is_told_if_it_is_one_of_headstart(argv, shown, monkeypatch):
    monkeypatch.setattr(writing.sys, "argv", argv)
    assert command_line() == shown
