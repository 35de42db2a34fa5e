"""Keras fixes its backend for a whole process, so what needs TensorFlow runs in one of its own."""

import json

import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.heads.dense import DenseHead

SCRIPT = """
import json, sys
import numpy as np
from sklearn.base import clone
from headstart import ImageClassifier, load
from headstart.heads import dense
from headstart.heads.dense import DenseHead

built = []
original = dense._build
dense._build = lambda *args: built.append(original(*args)) or built[-1]

random = np.random.default_rng(0)
codes = np.arange(240) % 3
X = (random.standard_normal((240, 12)) + 40 + 2 * np.eye(3, 12)[codes]).astype(np.float32)
y = np.array(["a", "b", "c"])[codes]
found = {}

head = DenseHead((16, 8), activation="silu", learning_rate=0.01, epochs=40, random_state=1)
head.fit(X[:180], y[:180])
found["accuracy"] = float((head.predict(X[180:]) == y[180:]).mean())
by_keras = np.asarray(built[0].network.predict_on_batch(X[180:]))
found["folded"] = float(np.abs(by_keras - head.predict_proba(X[180:])).max())
found["epochs"] = len(head.history_)
found["numbers"] = [epoch.epoch for epoch in head.history_]
found["best"] = min(epoch.val_loss for epoch in head.history_)
found["kept"] = head.history_[head.best_epoch_ - 1].val_loss
again = clone(head).fit(X[:180], y[:180])
found["repeated"] = float(np.abs(again.predict_proba(X) - head.predict_proba(X)).max())

plain = DenseHead((), batch_normalization=False, validation=0, epochs=3, optimizer="sgd")
plain.fit(X, y)
found["plain"] = [len(plain.scorer_.layers), len(plain.history_), plain.history_[-1].val_loss]
found["last"] = plain.best_epoch_

fixed = DenseHead((8,), epochs=25, learning_rate=0.3, patience=None, monitor="val_accuracy")
best = max((epoch.val_accuracy, -epoch.val_loss) for epoch in fixed.fit(X, y).history_)
found["fixed"] = len(fixed.history_)
_, kept_out = dense._split(codes, 0.1, 0, None)
said = fixed.predict_proba(X[kept_out])
found["best_accuracy"] = [best[0], float((said.argmax(axis=1) == codes[kept_out]).mean())]
found["best_loss"] = [-best[1], float(-np.log(said[np.arange(24), codes[kept_out]]).mean())]

binary = DenseHead((16,), loss="binary_crossentropy", learning_rate=0.01, dropout=0)
binary.set_params(batch_normalization=False, epochs=40).fit(X - 40, y)
found["binary"] = float((binary.predict(X - 40) == y).mean())
still = DenseHead((8,), dropout=0, batch_normalization=False, learning_rate=1e-12, epochs=1)
(epoch,) = still.fit(X, y).history_
train, _ = dense._split(codes, 0.1, 0, None)
found["still"] = [epoch.accuracy, float((still.predict(X[train]) == y[train]).mean())]

try:
    DenseHead(learning_rate=1e30, batch_normalization=False, optimizer="sgd").fit(X * 1e6, y)
except Exception as error:
    found["diverged"] = f"{type(error).__name__}: {error}"

pictures = list((random.integers(0, 40, (30, 32, 32, 3)) + 70 * codes[:30, None, None, None])
                .astype(np.uint8))
labels = y[:30].tolist()
model = ImageClassifier(sys.argv[1], head="dense", precision="f32")
model.fit(pictures, labels).save(sys.argv[2])
saved = load(sys.argv[2])
found["saved"] = float(np.abs(saved.predict_proba(pictures) - model.predict_proba(pictures)).max())
found["head"] = saved.description.head
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(python, network_folder, once):
    def train(folder):
        done = python("-c", SCRIPT, network_folder, folder / "model")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return once("dense", train)[0]


def test_it_learns(found):
    assert found["accuracy"] > 0.8


def test_its_arrays_predict_as_keras_does(found):
    assert found["folded"] < 1e-5


def test_training_stops_without_improvement(found):
    assert 10 <= found["epochs"] <= 40
    assert found["best"] < np.log(3)
    assert found["numbers"] == list(range(1, found["epochs"] + 1))
    assert found["kept"] == found["best"]


def test_the_same_seed_gives_the_same_head(found):
    assert found["repeated"] < 1e-4


def test_without_hidden_layers_and_validation_it_is_softmax_regression(found):
    n_layers, n_epochs, val_loss = found["plain"]
    assert (n_layers, n_epochs) == (1, 3)
    assert np.isnan(val_loss)
    assert found["last"] == n_epochs


def test_without_patience_it_trains_all_epochs_and_takes_the_most_accurate(found):
    assert found["fixed"] == 25
    best, taken = found["best_accuracy"]
    assert best == taken
    best, taken = found["best_loss"]
    assert best == pytest.approx(taken, abs=1e-5)


def test_binary_crossentropy_learns_too(found):
    assert found["binary"] > 0.8


def test_the_accuracy_is_that_of_the_samples_trained_on(found):
    recorded, measured = found["still"]
    assert recorded == pytest.approx(measured, abs=1e-6)


def test_a_diverging_loss_is_an_error_with_advice(found):
    assert found["diverged"].startswith("TrainingDiverged: The loss must stay a number. Received: ")


def test_a_saved_classifier_with_it_predicts_the_same(found):
    assert found["saved"] < 1e-6
    assert found["head"] == "dense"


def test_impossible_settings_are_refused_before_keras_starts():
    X = np.random.default_rng(0).standard_normal((9, 2))
    with pytest.raises(UsageError, match="dropout must be from 0 to below 1"):
        DenseHead(dropout=1.0).fit(X, np.arange(9) % 3)


def test_a_backend_that_only_predicts_is_refused_in_words(python):
    done = python(
        "-c",
        "import numpy as np; from headstart.heads.dense import DenseHead;"
        "DenseHead().fit(np.eye(4), [0, 1, 0, 1])",
        KERAS_BACKEND="openvino",
    )
    assert UsageError.__name__ in done.stderr
    assert "KERAS_BACKEND asks for openvino, which only predicts. Unset it" in done.stderr
