"""Damaged work folders: a training refuses to continue, or continues where it was."""

import contextlib
import multiprocessing
from types import SimpleNamespace

import numpy as np
import pytest
from tests.attacks.limits import Trial

from headstart.augmentation.settings import Augmentation
from headstart.finetuning import activations as activation_files
from headstart.finetuning.data_source import views_to_keep
from headstart.finetuning.settings import FineTuning
from headstart.progress import NoProgress
from headstart.training.history import Epoch
from headstart.training.loop import CHECKPOINT, TrainingLoop
from headstart.training.schedule import Schedule
from headstart.training.work_folder import work_folder

pytestmark = pytest.mark.slow

SETTINGS = {"data": ["a" * 32, 12], "epochs": 4, "learning_rate": 0.1, "augmentation": {"flip": 1}}
SHAPE = (2, 3, 4)
N_IMAGES, N_VIEWS = 6, 2
POINT = SimpleNamespace(upper="a model", shapes=[SHAPE])


class _KeepIt(Exception):
    """A training that ends without an error deletes its folder."""


class Continue(Trial):
    """Continue a training from its folder: all that is read from there."""

    def prepare(self):
        from headstart.training.backend import start_keras
        from headstart.training.optimizers import compile_model, make_loss, make_optimizer

        keras = start_keras()
        network = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.1, seed=0)]
        )
        optimizer = make_optimizer(keras, "sgd", 0.1, momentum=0.9)
        losses = [make_loss(keras, "categorical_crossentropy")]
        self._steps = compile_model(keras, network, optimizer, losses, [1.0])
        self._first = network.get_weights()

    def loop(self, folder):
        self._steps.network.set_weights(self._first)
        schedule = Schedule(
            epochs=4, learning_rate=0.1, decay="cosine", warm_up=0.0, size=0, first_size=0
        )
        return TrainingLoop(
            self._steps,
            [None] * 5,
            validation=None,
            schedule=schedule,
            folder=folder,
        )

    def answer(self, path):
        with (
            contextlib.suppress(_KeepIt),
            work_folder(path, SETTINGS, restart=False, progress=NoProgress()),
        ):
            views, _ = views_to_keep(
                *(
                    SimpleNamespace(upper=True, shapes=[SHAPE]),
                    FineTuning(views=N_VIEWS),
                    N_IMAGES,
                    path,
                )
            )
            kept = activations(path, views)
            loop = self.loop(path)
            loop.resume()
            network = self._steps.network
            state = [*network.get_weights(), *map(np.asarray, network.variables)]
            state += map(np.asarray, self._steps.optimizer.variables)
            answer = (
                *(views, [each.tobytes() for each in kept.values], str(loop.history)),
                *(loop.best_epoch, [each.tobytes() for each in state], loop.work_done),
            )
            raise _KeepIt
        return answer


class Noise:
    """A network whose activations are noise, the same every time."""

    def stream(self, images):
        random = np.random.default_rng(0)
        for tag, _ in images:
            yield tag, {"relu": random.random(SHAPE, np.float32)}


def activations(folder, n_views):
    """Return the activations that the folder holds, or make them."""
    activation_files.choose_runtime = lambda *_: "openvino"
    activation_files.compile_network = lambda *_, **__: Noise()
    network = SimpleNamespace(outputs={"relu": SHAPE}, size=(8, 8))
    return activation_files.compute_activations(
        *(network, np.zeros((N_IMAGES, 8, 8, 3), np.uint8)),
        augmentation=Augmentation.none(),
        n_views=n_views,
        seed=0,
        folder=folder,
    )


def begin(folder):
    """Make a work folder as a kill leaves it, after two epochs."""
    folder.mkdir()
    with (
        contextlib.suppress(_KeepIt),
        work_folder(folder, SETTINGS, restart=False, progress=NoProgress()),
    ):
        views_to_keep(
            *(
                SimpleNamespace(upper=True, shapes=[SHAPE]),
                FineTuning(views=N_VIEWS),
                N_IMAGES,
                folder,
            )
        )
        activations(folder, N_VIEWS)
        trial = Continue()
        trial.prepare()
        loop = trial.loop(folder)
        loop.history = [
            Epoch(epoch=n, seconds=1.5, size=0, learning_rate=0.1, loss=1 / n, accuracy=0.5)
            for n in (1, 2)
        ]
        loop.best_epoch, loop._step = 2, 10
        loop._save()
        raise _KeepIt


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The work folder of a fine-tuning; that of a pre-training holds no activations."""
    folder = tmp_path_factory.mktemp("work") / "model.training"
    process = multiprocessing.get_context("spawn").Process(target=begin, args=(folder,))
    process.start()
    process.join()
    assert {path.name for path in folder.iterdir()} >= {"settings.json", CHECKPOINT}
    return folder


def test_damaged_work_folders(work, fuzz):
    files = ["settings.json", "views.json", CHECKPOINT, "0.float16", "activations.json"]
    fuzz("damaged work folders", Continue(), [work], n=80, files=files)


def test_forged_checkpoints(work, fuzz):
    fuzz(
        "forged checkpoints", Continue(), [work], n=60, files=[CHECKPOINT], forge=True, others=True
    )
