"""Nothing that headstart does changes the process it runs in.

A process of its own imports what headstart imports late, because packages such as scikit-learn add
warning filters when they are imported. Then it calls every public function, and compares what the
process shares before and after each.
"""

import inspect
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart as hs

SECONDS = 600
ROOT = Path(__file__).parents[1]

START = """
import contextlib, gc, io, json, locale, logging, multiprocessing, os, random, signal, socket, sys
import tempfile, threading, warnings
from pathlib import Path

import matplotlib, numpy as np, openvino, PIL.Image, PIL.ImageFile, sklearn
import matplotlib.font_manager, matplotlib.backends.backend_agg
import scipy.optimize, sklearn.linear_model, sklearn.metrics
import threadpoolctl
import headstart as hs

PIL.Image.init()
with contextlib.suppress(ImportError):
    import pandas, pyarrow.parquet

IMAGES, NETWORK, WORK = map(Path, sys.argv[1:4])


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def keras_settings():
    keras = sys.modules.get("keras")
    if keras is None:
        return None
    config = keras.config
    return (
        config.floatx(), config.epsilon(), config.image_data_format(), config.dtype_policy().name,
        config.is_traceback_filtering_enabled(), config.is_interactive_logging_enabled(),
    )


def state():
    numbers = [getattr(signal, name) for name in dir(signal) if name.startswith("SIG")]
    numbers = {int(n) for n in numbers if isinstance(n, signal.Signals)}
    return {
        "warning filters": list(map(str, warnings.filters)),
        "how warnings are shown": warnings.showwarning,
        "Python's random numbers": random.getstate(),
        "NumPy's random numbers": str(np.random.get_state()),
        "NumPy's errors": np.geterr(),
        "NumPy's printing": str(np.get_printoptions()),
        "environment": dict(os.environ),
        "signal handlers": {n: signal.getsignal(n) for n in numbers},
        "current directory": os.getcwd(),
        "umask": umask(),
        "locale": locale.setlocale(locale.LC_ALL),
        "import path": list(sys.path),
        "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook, sys.displayhook),
        "tracing": (sys.gettrace(), sys.getprofile(), threading.gettrace()),
        "streams": [(s, s.encoding, s.errors) for s in (sys.stdin, sys.stdout, sys.stderr)],
        "recursion limit": sys.getrecursionlimit(),
        "garbage collection": (gc.isenabled(), gc.get_threshold()),
        "logging": (
            logging.root.level, list(logging.root.handlers), logging.root.manager.disable,
            logging.getLogger("headstart").level, logging.getLogger("headstart").propagate,
            list(logging.getLogger("PIL").handlers), logging.getLogger("PIL").level,
        ),
        "socket timeout": socket.getdefaulttimeout(),
        "start of processes": multiprocessing.get_start_method(allow_none=True),
        "temporary folder": tempfile.gettempdir(),
        "matplotlib": (matplotlib.get_backend(auto_select=False), str(matplotlib.rcParams)),
        "open figures": [] if "matplotlib.pyplot" not in sys.modules
            else sys.modules["matplotlib.pyplot"].get_fignums(),
        "Pillow": (PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES,
            PIL.Image.WARN_POSSIBLE_FORMATS, sorted(PIL.Image.OPEN)),
        "linear algebra": [pool["num_threads"] for pool in threadpoolctl.threadpool_info()],
        "scikit-learn": sklearn.get_config(),
        "Keras": keras_settings(),
    }


def unusual():
    "Set what a user may have set, so that a reset to the usual is noticed as well."
    random.seed(5)
    np.random.seed(6)
    np.seterr(under="warn")
    warnings.filterwarnings("ignore", "a filter of the user's own")
    PIL.Image.MAX_IMAGE_PIXELS = 123_456_789
    sklearn.set_config(print_changed_only=False)
    matplotlib.use("svg")
    matplotlib.rcParams["font.size"] = 9.5
    logging.root.setLevel(logging.ERROR)
    socket.setdefaulttimeout(77)
    np.set_printoptions(precision=5)
    os.umask(0o027)
    signal.signal(signal.SIGTERM, lambda *_: None)


changed = []


def check(name, work):
    "Call `work`, and note what of the process it has changed."
    before = state()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        result = work()
    after = state()
    changed.extend(f"{name}: {what}" for what in before if before[what] != after[what])
    return result


unusual()
paths = sorted(map(str, IMAGES.rglob("*.png")))
labels = [Path(path).parent.name for path in paths]
quiet = hs.NoProgress()
"""

FAST = """
import importlib.util
from headstart.cli.main import main

check("find_images", lambda: hs.find_images([IMAGES]))
dataset = check("read_dataset", lambda: hs.read_dataset(IMAGES))
check("backbones", hs.backbones)
check("predict", lambda: hs.predict(paths, "mini", progress=quiet))
damaged = [b"no image", Path(paths[0]).read_bytes()[:200]]
check("predict on damaged images", lambda: hs.predict(damaged, "mini", on_error="return"))
summary = check("train", lambda: hs.train(IMAGES, WORK / "model", backbone=NETWORK, progress=quiet))
model = check("load", lambda: hs.load(WORK / "model", threads=1))
evaluation = check("evaluate", lambda: hs.evaluate(model, IMAGES, progress=quiet))
check("texts", lambda: (str(evaluation), evaluation._repr_html_(), repr(model), str(summary)))
check("report", lambda: hs.report(model, IMAGES, WORK / "report.html", progress=quiet))
check("check", lambda: str(hs.check(IMAGES, backbone=NETWORK, progress=quiet)))
check("compare", lambda: str(hs.compare(IMAGES, [NETWORK], progress=quiet)))
check("bench", lambda: str(hs.bench([NETWORK], images=IMAGES, progress=quiet)))
for name in ("graph.xml", "graph.bin"):
    (WORK / name).write_bytes((Path(NETWORK) / name).read_bytes())
(WORK / "labels.txt").write_text("red\\nblue\\na\\nb\\nc\\n")
foreign = WORK / "graph.xml"
check("measure_preprocessing", lambda: str(hs.measure_preprocessing(foreign, IMAGES)))
check("add_backbone", lambda: hs.add_backbone(foreign, "mine", preprocessing="inside"))
check("remove_backbone", lambda: hs.remove_backbone("mine"))
if importlib.util.find_spec("tokenizers"):
    import headstart.jobs.zero_shot as job
    from headstart.networks.network import load_network
    from tests.backbones import tiny_texts
    tiny_texts.write_tower(WORK / "tower.safetensors")
    tiny_texts.write_tokenizer(WORK / "tokenizer.json")
    import headstart.backbones.class_texts as class_texts
    job.texts_of = class_texts.texts_of = lambda _: tiny_texts.TEXTS
    job.find_network = lambda *_, **__: load_network(Path(NETWORK))
    tower = WORK / "tower.safetensors"
    texts = ["a tiger", "a horse cart"]
    check("text_start", lambda: hs.text_start(texts, weights=tower, progress=quiet))
    check("zero_shot", lambda: hs.zero_shot(texts, WORK / "texts", weights=tower, progress=quiet))
check("learning_curve", lambda: str(hs.learning_curve(IMAGES, backbone=NETWORK, progress=quiet)))
(explanation,) = check("explain", lambda: hs.explain(paths[:1], model, progress=quiet))
check("export", lambda: hs.export(model, "openvino", WORK / "exported.xml", progress=quiet))
check("overlay", lambda: hs.overlay(explanation.seen.image, explanation.heat))
check("plot_confusion", lambda: evaluation.plot_confusion(WORK / "confusion.png"))
check("plot_classes", lambda: evaluation.plot_classes(WORK / "classes.png"))
check("plot_counts", lambda: hs.plot_counts(dataset, WORK / "counts.png"))
check("draw_samples", lambda: hs.draw_samples(dataset, WORK / "samples.png"))
check("Embedder", lambda: hs.Embedder(NETWORK).fit(paths).transform(paths))
classifier = check("fit", lambda: hs.ImageClassifier(NETWORK).fit(paths, labels, progress=quiet))
check("score", lambda: classifier.score(paths, labels))
check("save", lambda: classifier.save(WORK / "saved"))
for head in ("ridge", "nearest_mean", "knn"):
    check(head, lambda: hs.ImageClassifier(NETWORK, head=head).fit(paths, labels, progress=quiet))
table = str(WORK / "table.csv")
check("command predict", lambda: main(["predict", *paths, "--model", "mini", "--csv", table]))
sheet = str(WORK / "sheet.png")
check("command sheet", lambda: main(["predict", *paths, "--model", "mini", "--sheet", sheet]))
views = str(WORK / "views.png")
check("command augment", lambda: main(["augment", str(IMAGES), "--out", views]))
check("command models", lambda: main(["models"]))
check("wrong command", lambda: main(["predict", "nowhere.jpg", "--top", "2"]))
"""

SLOW = """
# TensorFlow and Keras are imported here, as headstart imports them.
from headstart.training.backend import start_keras
check("start of Keras", start_keras)
changed.clear()  # importing them sets variables and filters: theirs, not headstart's
import keras
keras.config.set_epsilon(1e-6)
settings = hs.FineTuning(epochs=1, views=1)
classifier = hs.ImageClassifier("mini")
dataset = hs.read_dataset(IMAGES)
check("fine_tune", lambda: hs.fine_tune(classifier, dataset, settings=settings, progress=quiet))
pretraining = hs.Pretraining(epochs=1, size=32, batch_size=16)
summary = check(
    "pretrain", lambda: hs.pretrain(IMAGES, WORK / "backbone", pretraining, progress=quiet)
)
curves = WORK / "curves.png"
check("plot_history", lambda: hs.plot_history(summary.history, curves, best_epoch=1))
check("dense", lambda: hs.DenseHead((4,), epochs=2).fit(np.eye(40, 3), np.arange(40) % 2))
"""

END = """
print(json.dumps(changed))
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("images")
    for label, channel in (("red", 0), ("blue", 2)):
        (folder / label).mkdir()
        for i in range(20):
            pixels = random.integers(0, 90, (48, 48, 3), np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(folder / label / f"{i:02}.png")
    return folder


@pytest.fixture
def changed(images, network_folder, tmp_path):
    """Return what code changes in a process that calls it."""

    def by(code):
        begin = f"import sys; sys.path.append({str(ROOT)!r})\n"
        script = begin + START + textwrap.dedent(code) + END
        done = subprocess.run(
            [sys.executable, "-c", script, images, network_folder, tmp_path],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    return by


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals and no umask")
def test_no_function_changes_the_process(changed):
    assert changed(FAST) == "[]"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals and no umask")
def test_no_training_changes_the_process(changed):
    assert changed(SLOW) == "[]"


def test_every_public_function_is_called():
    names = [name for name in dir(hs) if not name.startswith("_")]
    functions = {name for name in names if inspect.isfunction(getattr(hs, name))}
    assert functions - set(re.findall(r'check\(\s*"(\w+)"', FAST + SLOW)) == set()


def test_a_change_is_noticed(changed):
    code = 'check("guilty", lambda: os.environ.update(HEADSTART_CHANGED="1"))'
    assert changed(code) == '["guilty: environment"]'
