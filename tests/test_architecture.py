"""Which modules import which, where heavy packages are imported, and what each command loads."""

import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import grimp
import numpy as np
import pytest
from PIL import Image

import headstart

ROOT = Path(__file__).parents[1]
SOURCE = Path(headstart.__file__).parent

#: Packages that are slow to import or that not everybody has, and the rooms that may import them.
HEAVY = {
    "PIL": {
        "augmentation",
        "demo",
        "display",
        "duplicates",
        "evaluation",
        "explaining",
        "images",
        "model",
    },
    "cleanlab": {"checking"},
    "h5py": {"backbones", "foreign", "untrusted"},
    "jax": {"features", "training"},
    "keras": {
        "augmentation",
        "backbones",
        "exporting",
        "finetuning",
        "foreign",
        "networks",
        "pretraining",
        "training",
    },
    "matplotlib": {"evaluation"},
    "openvino": {"backbones", "exporting", "features", "foreign", "model", "networks"},
    "pandas": {"evaluation"},
    "pillow_heif": {"images"},
    "pyarrow": {"data"},
    "pydicom": {"images"},
    "tifffile": {"images"},
    "scipy": {"evaluation", "finetuning", "heads"},
    "sklearn": {"checking", "classifier", "demo", "features", "finetuning", "heads"},
    "tensorflow": {"features", "training"},
    "tokenizers": {"backbones"},
    "torch": {"features", "training"},
}
# Where scikit-learn is needed, it brings pandas along if that is installed, and pandas pyarrow.
GRADIENTS = {"h5py", "jax", "keras", "tensorflow", "torch"}
TABLES_AND_HEADS = {"matplotlib", "pandas", "pyarrow", "scipy", "sklearn"}


def graph(**how):
    return grimp.build_graph("headstart", cache_dir=None, **how)


@pytest.fixture(scope="module")
def imports():
    """Every import in the source, also those inside functions and under ``TYPE_CHECKING``."""
    return graph(exclude_type_checking_imports=False)


@pytest.fixture(scope="module")
def loading():
    """What the source imports when it runs, other packages included."""
    return graph(include_external_packages=True, exclude_type_checking_imports=True)


def short(module):
    return module.removeprefix("headstart.")


def cycles(imports):
    """Return the sets of modules that import each other, directly or through others."""
    imported = {
        module: set(imports.find_modules_directly_imported_by(module)) for module in imports.modules
    }

    def reachable(module):
        found, to_visit = set(), [module]
        while to_visit:
            new = imported[to_visit.pop()] - found
            found |= new
            to_visit += new
        return found

    reached = {module: reachable(module) for module in imported}
    return {
        frozenset(short(other) for other in reached[module] if module in reached[other])
        for module in imported
        if module in reached[module]
    }


def test_no_modules_import_each_other(imports):
    assert cycles(imports) == set()


def test_a_cycle_is_found():
    chain = grimp.ImportGraph()
    for importer, imported in ("ab", "bc", "cb", "cd"):
        chain.add_import(importer=f"headstart.{importer}", imported=f"headstart.{imported}")
    assert cycles(chain) == {frozenset("bc")}


@pytest.mark.parametrize("package", HEAVY)
def test_a_heavy_package_stays_in_its_rooms(loading, package):
    if package not in loading.modules:
        return
    rooms = {
        short(name).split(".")[0] for name in loading.find_modules_that_directly_import(package)
    }
    assert rooms <= HEAVY[package]


def test_the_layers_are_the_rooms_that_exist():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    rooms = {path.stem for path in SOURCE.glob("[!_]*.py")}
    rooms |= {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert set(layers) == rooms


def loaded_by_command(*words):
    """Return the packages that a process has imported once it has run a command."""
    code = "import sys\nfrom headstart.cli.main import main\nassert main(sys.argv[1:]) == 0"
    code += "\nprint(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Six noisy images of each of two colours, in class folders."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for name, colour in {"blue": (30, 40, 200), "red": (210, 30, 30)}.items():
        (folder / name).mkdir()
        for i in range(6):
            pixels = random.normal(colour, 20, (40, 40, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def test_each_command_loads_only_what_it_needs(images, network_folder, tmp_path):
    model = tmp_path / "model"
    no_learning = GRADIENTS | TABLES_AND_HEADS
    commands = {
        ("train", images, "--out", model, "--model", network_folder): GRADIENTS,
        ("predict", images, "--model", "mini"): no_learning,
        ("predict", images, "--model", model): no_learning,
        ("evaluate", model, images): GRADIENTS,
        ("check", images, "--quick"): GRADIENTS | {"matplotlib", "openvino"},
        ("explain", images, "--model", model, "--out", tmp_path / "explained"): no_learning,
        ("augment", images, "--out", tmp_path / "views.png"): GRADIENTS | {"openvino", "sklearn"},
        ("models",): no_learning | {"openvino"},
        ("cache",): no_learning | {"openvino"},
    }
    loaded = defaultdict(set)
    for words, unwanted in commands.items():
        loaded[words[0]] |= loaded_by_command(*words) & unwanted
    assert not {command: found for command, found in loaded.items() if found}
