"""The recipes do what their first lines say."""

import re
import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

import headstart as hs
from headstart.data.datasets import read_dataset

RECIPES = Path(__file__).parents[2] / "recipes"
HEAD_ONLY = ("dog_breeds", "flowers", "vehicles")
RECIPE_NAMES = ("cifar10", "imagenet", *HEAD_ONLY)
FIRST_LINES = ("Source", "Data", "Command", "Hardware", "Time", "Expected")

# All kinds of dogs that are in Tiny ImageNet.
BREEDS = {
    "n02085620": "chihuahua",
    "n02094433": "yorkshire_terrier",
    "n02099601": "golden_retriever",
    "n02099712": "labrador_retriever",
    "n02106662": "german_shepherd",
    "n02113799": "standard_poodle",
}


@pytest.fixture
def here(monkeypatch, tmp_path):
    """Return a function that runs a recipe in this process, without Keras."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(RECIPES)

    def run(name, *words):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, words)])
        runpy.run_path(str(RECIPES / f"{name}.py"), run_name="__main__")

    yield run
    sys.modules.pop("command", None)


@pytest.fixture(scope="module")
def tutorials(kinds, as_kaggle, run, once):
    """The models of the tutorials on a few images, and what each tutorial printed."""
    images = read_dataset(kinds / "train")
    dogs = as_kaggle(images.labels, (source.read() for source in images.sources))
    commands = {
        "dog_breeds": [dogs],
        "flowers": [kinds],
        "vehicles": [kinds / "train", "--layer", "features"],
    }
    printed, out = once(
        "tutorials",
        lambda out: run(
            *(
                (f"{name}.py", *words, "--backbone", "mini", "--out", out / name)
                for name, words in commands.items()
            )
        ),
    )
    return out, dict(zip(commands, printed, strict=True))


def right(printed):
    """Return the accuracy on the test set that a recipe printed."""
    return float(re.search(r"right: ([\d.]+) %", printed)[1]) / 100


def test_every_recipe_is_tested():
    assert {path.stem for path in RECIPES.glob("*.py")} == {*RECIPE_NAMES, "command"}


@pytest.mark.parametrize("words", [("--help",), ("--our-way", "--help")])
@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_the_help_of_a_recipe_has_its_first_lines(name, words, here, capsys):
    with pytest.raises(SystemExit) as ending:
        here(name, *words)
    assert not ending.value.code
    text = capsys.readouterr().out
    assert f"python recipes/{name}.py" in text
    assert "--backbone" in text
    for word in FIRST_LINES:
        assert re.search(rf"^{word} +\S", text, re.MULTILINE), word


def test_an_error_is_one_sentence(here, tmp_path):
    with pytest.raises(SystemExit, match=r"flowers\.py: There is nothing at"):
        here("flowers", tmp_path / "nowhere", "--our-way")


@pytest.mark.parametrize("name", HEAD_ONLY)
def test_our_way_trains_without_keras(name, here, kinds, tmp_path, capsys):
    here(name, kinds, "--our-way", "--backbone", "mini", "--out", tmp_path / "model")
    assert right(capsys.readouterr().out) == 1


@pytest.mark.parametrize("name", HEAD_ONLY)
def test_a_tutorial_trains_a_model(name, tutorials, kinds):
    out, printed = tutorials
    assert right(printed[name]) >= 0.8
    assert hs.evaluate(hs.load(out / name), kinds).accuracy >= 0.8


def test_vehicles_plots_loss_and_accuracy(tutorials):
    out, _ = tutorials
    for metric in ("loss", "accuracy"):
        with Image.open(out / f"vehicles.{metric}.png") as plot:
            assert plot.width > 300


@pytest.mark.slow
def test_cifar_10_is_fine_tuned_either_way(kinds, run, tmp_path):
    words = ("cifar10.py", kinds, "--backbone", "mini", "--first", "60", "--epochs", "3", "--out")
    printed = run(
        (*words, tmp_path / "tutorial", "--where", "last-stage"),
        (*words, tmp_path / "ours", "--where", "block4", "--our-way"),
    )
    for report, kept_out in zip(printed, (6, 6), strict=True):
        assert "Fine-tuned" in report
        assert f"On {kept_out} validation images" in report
        assert right(report) >= 0.8


def test_imagenet_predicts_classes_and_prints_the_layers(here, kinds, tmp_path, capsys):
    here("imagenet", kinds / "test" / "sky", "--backbone", "mini", "--layers")
    layers, predictions = [], []
    for line in capsys.readouterr().out.splitlines():
        (layers if line.startswith("LayerSummary") else predictions).append(line)
    assert "Conv2D" in " ".join(layers)
    assert len(predictions) == 6 * 3
    assert re.fullmatch(r".*0\.jpg  n\d{8}  \w+  [\d.]+%", predictions[0])
    assert (tmp_path / "imagenet.png").exists()


@pytest.mark.real_data
@pytest.mark.parametrize(("words", "least"), [((), 0.8), (("--our-way",), 0.87)])
def test_imagenet_is_right_about_photos(words, least, real_data, run):
    photos = real_data / "data" / "imagenet-samples"
    command = ("imagenet.py", photos, "--backbone", "mobilenet_v2", *words)
    (printed,) = run(command, HEADSTART_WEIGHTS=real_data / "weights")
    likeliest = printed.splitlines()[::3]
    assert len(likeliest) == 100
    assert sum(bool(re.search(r"/(n\d{8})_.*  \1  ", line)) for line in likeliest) >= 100 * least


@pytest.fixture(scope="module")
def photos(real_data, as_kaggle):
    """The dataset for each recipe."""
    images = read_dataset(real_data / "data" / "tiny-imagenet").part("train")
    dogs = images.subset(i for i, label in enumerate(images.labels) if label in BREEDS)
    return {
        "cifar10": real_data / "data" / "cifar10",
        "dog_breeds": as_kaggle(
            (BREEDS[label] for label in dogs.labels), (source.read() for source in dogs.sources)
        ),
        "flowers": real_data / "data" / "vehicles",
        "vehicles": real_data / "data" / "vehicles",
    }


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "tutorial", "least", "our_way", "ours_least"),
    [
        # Fewer than 2,000 images would be split into folds, which takes five times as long.
        ("cifar10", "--first 2500", 0.35, "--first 2500 --epochs 4", 0.6),
        ("dog_breeds", "", 0.4, "", 0.6),
        ("flowers", "", 0.75, "", 0.8),
        ("vehicles", "--layer out_relu", 0.75, "", 0.75),
    ],
)
def test_accuracy_on_photos(name, tutorial, least, our_way, ours_least, photos, real_data, run):
    words = (f"{name}.py", photos[name], "--backbone", "mobilenet_v2", "--out")
    printed = run(
        (*words, "tutorial", *tutorial.split()),
        (*words, "ours", *our_way.split(), "--our-way"),
        HEADSTART_WEIGHTS=real_data / "weights",
    )
    assert right(printed[0]) >= least
    assert right(printed[1]) >= ours_least
