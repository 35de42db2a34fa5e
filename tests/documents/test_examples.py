"""The examples in the documents run: the commands and the Python of each document, in order.

They run in a folder where every image and dataset that they name is made on the spot. `mini`, the
network that comes with headstart, takes the place of networks whose weights would be downloaded.
Blocks that train networks run only with ``-m slow``. A block that can't run here has the comment
``<!-- not run: reason -->`` above it; test_facts.py checks it all the same, and programs other than
headstart, too.
"""

import ast
import contextlib
import itertools
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.documents import commands
from tests.documents.markdown import DOCUMENTS, ROOT, Block, blocks

from headstart.cli.main import main

#: Examples that name no network get mini here, with a warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*so headstart uses mini")

COLOURS = {"blue": (30, 40, 200), "green": (20, 190, 60), "red": (210, 30, 30)}
#: What takes more than a few seconds, as it stands in examples.
SLOW = re.compile(r"--fine-tune|fine_tune\(|pretrain|headstart demo|--head dense")
#: What is not made, because examples write it.
WRITTEN = re.compile(r"model|net\b|demo|results|plots|answers|\.png$")


def runnable(path):
    """Return the blocks of a document that run here."""
    return [
        block
        for block in blocks(path.read_text("utf-8"))
        if block.not_run is None
        and (block.language == "python" or any(words[0] == "headstart" for words in shown(block)))
    ]


def shown(block):
    return commands.commands(block) if block.language in ("sh", "console") else []


def run(block, names):
    """Run a block in the current folder; what its Python defines is kept in `names`."""
    if block.language == "python":
        _run_python(block, names)
    for words in shown(block):
        if words[0] == "headstart":
            _run_command([_with_mini(word) for word in words[1:]])


def _run_python(block, names):
    # Empty lines in front: a traceback tells the line of the document.
    tree = ast.parse("\n" * block.line + re.sub(r'"(\w+)"', _quoted_with_mini, block.text))
    _make_inputs(_strings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("save", "train")):
            _remove_earlier(word for word in _strings(node) if WRITTEN.search(word))
    names.setdefault("paths", sorted(map(str, Path.cwd().rglob("*.png"))))
    names.setdefault("labels", [Path(path).parent.name for path in names["paths"]])
    exec(compile(tree, "the document", "exec"), names)  # noqa: S102 - our own documents


def _run_command(words):
    _make_inputs(words)
    _remove_earlier(word for option, word in itertools.pairwise(words) if option == "--out")
    status = main(words)
    assert status == 0, shlex.join(["headstart", *words])


def _strings(tree):
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [value for value in constants if isinstance(value, str)]


def _remove_earlier(folders):
    """Make way for a result: examples show several ways to make the same one."""
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)


def _with_mini(word):
    return "mini" if word in commands.catalogue() else word


def _quoted_with_mini(match):
    return f'"{_with_mini(match[1])}"'


def _make_inputs(words):
    """Make the images and the folders of labelled images that `words` name."""
    for word in words:
        if WRITTEN.search(word) or Path(word).exists():
            continue
        if word.endswith("/"):
            _make_labelled(Path(word))
        elif word.endswith((".jpg", ".jpeg")) or re.fullmatch(r"[A-Z]*(PHOTO|IMAGE)S?", word):
            _make_image(Path(word), COLOURS["blue"], 0)


def _make_labelled(folder):
    for label, colour in COLOURS.items():
        for i in range(8):
            _make_image(folder / label / f"{i}.png", colour, i)


def _make_image(path, colour, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, 20, (48, 48, 3))
    kind = "PNG" if path.suffix == ".png" else "JPEG"
    Image.fromarray((colour + noise).clip(0, 255).astype(np.uint8)).save(path, kind)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _sandbox(cache, tmp_path, monkeypatch):
    """Work in an empty folder; what is converted once is kept for the next document."""
    monkeypatch.setenv("HEADSTART_CACHE", str(cache))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)


def named(path):
    return str(path.relative_to(ROOT))


WITH_EXAMPLES = {path: found for path in DOCUMENTS if (found := runnable(path))}


def is_slow(block):
    return SLOW.search(block.text) is not None


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "path",
    [path for path, found in WITH_EXAMPLES.items() if not all(map(is_slow, found))],
    ids=named,
)
def test_quick_examples_run(path):
    names = {}
    for block in WITH_EXAMPLES[path]:
        if not is_slow(block):
            run(block, names)


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "path", [path for path, found in WITH_EXAMPLES.items() if any(map(is_slow, found))], ids=named
)
def test_all_examples_run(path):
    names = {}
    for block in WITH_EXAMPLES[path]:
        run(block, names)


def test_there_are_quick_examples_of_both_kinds():
    quick = [block for found in WITH_EXAMPLES.values() for block in found if not is_slow(block)]
    assert {"python"} < {block.language for block in quick}


def test_a_command_that_fails_is_found():
    with pytest.raises(AssertionError, match=r"headstart predict x\.jpg --model no-such-network"):
        run(Block(7, "sh", "headstart predict x.jpg --model no-such-network", None), {})


def test_python_that_fails_is_found_at_its_line():
    with pytest.raises(NameError) as caught:
        run(Block(7, "python", "x = 1\ny = nothing", None), {})
    assert caught.traceback[-1].lineno + 1 == 9
