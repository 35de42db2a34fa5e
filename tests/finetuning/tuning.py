"""Fine-tune with ``python tuning.py IMAGES SETTINGS OUT``, and print what happens inside."""

import json
import sys

import numpy as np

import headstart as hs
from headstart.data.datasets import read_dataset
from headstart.finetuning import job
from headstart.finetuning.comparison import Comparison
from headstart.finetuning.cross_validation import FoldTraining
from headstart.finetuning.split_network import split_network, with_head
from headstart.images.reader import read_images

folder, settings = sys.argv[1], json.loads(sys.argv[2])
# The comparison has tests of its own. Here the fine-tuned network is kept, good or not.
Comparison.keeps_tuned = property(lambda _: True)
kept = {}


def statistics(model):
    layers = [layer for layer in model.layers if "Normalization" in type(layer).__name__]
    return [np.array(each) for layer in layers for each in layer.non_trainable_variables[-2:]]


def remember_split(*args):
    kept["split"] = split_network(*args)
    kept["before"] = statistics(kept["split"].whole)
    kept["weights"] = [np.array(w) for w in kept["split"].whole.get_weights()]
    return kept["split"]


class RememberedTraining(FoldTraining):
    def finish(self, best_epoch):
        kept["head"] = super().finish(best_epoch)
        return kept["head"]


job.split_network, job.FoldTraining = remember_split, RememberedTraining
images = read_dataset(folder)
frozen = hs.ImageClassifier(
    **{"backbone": "mini", "size": (48, 48)} | settings.pop("classifier", {})
)
tuned = hs.fine_tune(frozen, images.sources, images.labels, hs.FineTuning(**settings))
found = {"tuning": tuned.fine_tuning_.to_dict(), "text": str(tuned.fine_tuning_)}

split = kept["split"]
after = split.whole.get_weights()
found["same_statistics"] = all(
    np.array_equal(a, b) for a, b in zip(kept["before"], statistics(split.whole), strict=True)
)
found["moved"] = [
    weight.path
    for weight, before, now in zip(split.whole.weights, kept["weights"], after, strict=True)
    if not np.array_equal(before, now)
]
found["learning"] = [weight.path for weight in split.point.backbone.trainable_weights]

whole = with_head(split, kept["head"].layers, dropout=0, upper_only=False).network
pixels = np.stack([item.pixels for item in read_images(images.sources, tuned.resize_)])
by_keras = np.asarray(whole.predict_on_batch(pixels.astype(np.float32)))
if frozen.mirror:
    in_mirror = np.asarray(whole.predict_on_batch(pixels[:, :, ::-1].astype(np.float32)))
    # A softmax of the mean of two features is their softmaxes' geometric mean, made to add up to 1.
    by_keras = np.sqrt(by_keras * in_mirror)
    by_keras /= by_keras.sum(axis=1, keepdims=True)
found["apart"] = float(np.abs(by_keras - tuned.predict_proba(images.sources)).max())
found["unfitted"] = not hasattr(frozen, "classes_")
tuned.save(sys.argv[3])
print(json.dumps(found))
