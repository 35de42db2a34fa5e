"""Names of files and classes that come from outside are read by people, and do nothing else."""

import logging
import sys
import warnings

import numpy as np
import pytest
from PIL import Image
from tests.attacks.judges import (
    LABELS,
    NAMES,
    judge_csv,
    judge_html,
    judge_json_lines,
    judge_markdown,
    judge_svg,
    judge_terminal,
)

import headstart as hs
from headstart.cli.main import main
from headstart.escaping import printable

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no files of such names"
)
NOT_UTF8 = "caf\udce9"
NETWORK = "the folder of a network"


def write_image(path, colour):
    noise = np.random.default_rng(colour).integers(-9, 9, (12, 12, 3))
    base = np.array([colour * 37 % 256, colour * 91 % 256, colour * 13 % 256])
    pixels = np.clip(base + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder for each hostile name, with images of hostile names; one of them is damaged."""
    folder = tmp_path_factory.mktemp("hostile") / "photos"
    for colour, name in enumerate(NAMES):
        for copy in range(2):
            write_image(folder / name / f"{name[:60]}{copy}.png", colour)
    damaged = folder / NAMES[0] / f"damaged{NAMES[1]}{NOT_UTF8}.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\nno more")
    return folder


@pytest.fixture(scope="module")
def trained(photos, network_folder, tmp_path_factory):
    """The summary of a model whose classes have hostile labels."""
    files = sorted(file for file in photos.rglob("*.png") if not file.name.startswith("damaged"))
    labels = [LABELS[number % len(LABELS)] for number in range(len(files))]
    out = tmp_path_factory.mktemp("trained") / "model"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn: there are many classes
        return hs.train(
            (files, labels),
            out,
            backbone=network_folder,
            test=(files, labels),
            resize="squash",
            head="nearest_mean",
        )


@pytest.fixture
def run(capsys):
    """Return what runs a command, judges what a terminal gets, and returns what stdout got."""

    def run(*words, status=(0, 1)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = main([*map(str, words)])
            except SystemExit as ending:
                found = ending.code
        out, err = capsys.readouterr()
        judge_terminal(out)
        judge_terminal(err)
        assert found in status, err
        return out

    return run


def test_predict(run, photos, trained, tmp_path):
    words = ("predict", photos, "--model", trained.folder)
    wide, long = tmp_path / "wide.csv", tmp_path / "long.csv"
    records = judge_json_lines(run(*words, "--json", "--csv", wide))
    found = {record["predictions"][0]["label"] for record in records if "error" not in record}
    assert found <= set(LABELS)
    assert len(judge_csv(wide.read_text("utf-8"))) == len(records) + 1
    run(*words, "--verbose", "--csv", long, "--csv-format", "long")
    judge_csv(long.read_text("utf-8"))


@pytest.mark.slow
def test_copies_and_sheets(run, photos, trained, tmp_path):
    sheet, copies = tmp_path / "sheet.png", tmp_path / "by"
    run("predict", photos, "--model", trained.folder, "--sheet", sheet, "--sort-into", copies)
    judge_csv((copies / "sorted.csv").read_text("utf-8"))
    assert {path.parent.parent for path in copies.rglob("*.png")} == {copies}
    Image.open(sheet).verify()
    run("augment", photos, "--out", tmp_path / "views.png", "--images", "3", "--views", "2")
    hs.draw_samples(photos, tmp_path / "samples.png")


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "words",
    [
        ["{}"],
        ["predict", "--{}"],
        ["predict", "x", "--resize={}"],
        ["predict", "not/{}", "--model", "not/{}"],
        ["predict", "not/{}", "--model", NETWORK],
        ["predict", "x", "--sheet", "not/{}.jpg"],
        ["predict", "x", "--csv", "not/{}", "--model", NETWORK],
        ["train", "not/{}", "--out", "out"],
        ["train", "not/{}", "--out", "out", "--model", NETWORK],
        ["evaluate", "not/{}", "not"],
        ["evaluate", NETWORK, "not/{}"],
        ["augment", "not/{}", "--out", "x.png"],
        ["models", "not/{}"],
        ["models", "fetch", "{}"],
        ["cache", "{}"],
    ],
    ids=" ".join,
)
def test_what_is_refused_is_named_on_its_line(run, words, network_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("".join(NAMES[:2]) + "\u202e\x9b\u2028" + NOT_UTF8, "%s{}{0}$x$"):
        named = [word.replace("{}", name) for word in words]
        run(*(str(network_folder) if word is NETWORK else word for word in named), status=[1, 2])


@pytest.mark.slow
def test_train_and_evaluate(run, photos, network_folder, tmp_path):
    out = tmp_path / "model"
    run("train", photos, "--out", out, "--model", network_folder, "--resize", "squash", "-v")
    judge_markdown((out / "README.md").read_text("utf-8"))
    run("evaluate", out, photos, "--plots", tmp_path / "plots")
    judge_json_lines(run("evaluate", out, photos, "--json"))
    for figure in (tmp_path / "plots").rglob("*.png"):
        Image.open(figure).verify()


def test_the_card(trained):
    text = judge_markdown((trained.folder / "README.md").read_text("utf-8"))
    shown = " ".join(text.split())
    for name in NAMES:
        assert " ".join(printable(name).split()).strip() in shown, name


def test_what_notebooks_show(photos, trained):
    model = hs.load(trained.folder)
    for shown in (trained, trained.evaluation, model):
        judge_html(shown._repr_html_())
        judge_terminal(str(shown))
        judge_terminal(repr(shown))
    answers = list(model.predictor.stream(hs.find_images([photos]).sources))
    for answer in answers:
        judge_terminal(repr(answer))


@pytest.mark.slow
def test_figures(photos, trained, tmp_path):
    figures = {
        "confusion": trained.evaluation.plot_confusion,
        "classes": trained.evaluation.plot_classes,
        "counts": lambda path: hs.plot_counts(photos, path),
    }
    for name, draw in figures.items():
        draw(tmp_path / f"{name}.svg")
        judge_svg((tmp_path / f"{name}.svg").read_text("utf-8"))


def test_log_records_and_warnings_are_one_line(photos, trained, tmp_path, caplog):
    folder = tmp_path / NAMES[1]
    folder.symlink_to(trained.folder)
    with caplog.at_level(logging.DEBUG, "headstart"):
        list(hs.load(folder).predictor.stream(hs.find_images([photos]).sources[:3]))
    assert caplog.records
    for record in caplog.records:
        judge_terminal(record.getMessage())
        assert "\n" not in record.getMessage()
