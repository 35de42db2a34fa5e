"""Every job of headstart, in a folder of its own, to be run and attacked again and again."""

import csv
import re
import shutil
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tests.attacks.killing import listing

import headstart as hs
from headstart.backbones.folders import read_backbone
from headstart.hub.fetching import DESCRIPTION
from headstart.networks.network import load_network
from headstart.storage.disk import hash_file

COLOURS = {"sky": (60, 120, 230), "grass": (50, 180, 60), "brick": (200, 70, 40)}
MINI = ("--model", "mini", "--size", "48")
# A checkpoint after each step, so that kills find many states; and what was tuned is kept.
EAGER = """
import headstart.training.loop as training
from headstart.finetuning.comparison import Comparison
training._SECONDS_BETWEEN_CHECKPOINTS = 0
Comparison.keeps_tuned = property(lambda _: True)
"""
TUNING = ("--fine-tune", "--epochs", "2", "--batch-size", "8", "--validation", "0.3")
PRETRAINING = ("--size", "32", "--epochs", "2", "--batch-size", "8", "--learning-rate", "0.05")
DOWNLOAD = """
import os, sys
from pathlib import Path
from headstart.hub.download import fetch
from headstart.errors import HeadstartError
try:
    fetch(os.environ["URL"], Path("cache/weights/file.h5"), os.environ["DIGEST"])
except HeadstartError as error:
    sys.exit(str(error))
"""
FETCH = """
import os, sys
from headstart.hub.fetching import fetch_handle
from headstart.hub.handles import parse_handle
from headstart.errors import HeadstartError
os.environ.update(HEADSTART_MIRROR=os.environ["URL"].rpartition("/")[0])
try:
    fetch_handle(parse_handle("https://tfhub.dev/owner/net/1"))
except HeadstartError as error:
    sys.exit(str(error))
"""


#: The jobs that the suite attacks. `scripts/attack.py` attacks all.
QUICK = ("train", "download", "fetch")


# What a file belongs to, and how that is read.
def check_fetched(folder):
    files = DESCRIPTION.read(folder)["files"]
    assert files == {name: hash_file(folder / name) for name in files}


WHOLE = {
    "model.json": hs.load,
    "backbone.json": read_backbone,
    "network.json": load_network,
    "hub.json": check_fetched,
}


@dataclass(frozen=True)
class Job:
    """A command, what it needs and what it makes; `{photos}` stands for the folder of images."""

    name: str
    words: tuple[str, ...] = ()
    further: tuple[str, ...] = ()  # words of the next run, when the first has finished
    prepared: tuple[tuple[str, ...], ...] = ()  # commands that come before
    keras: bool = False
    before: str = ""
    code: str = ""

    models: tuple[str, ...] = ()
    backbones: tuple[str, ...] = ()


TRAIN = ("train", "{photos}", "--out", "model", *MINI)
PREDICT = ("predict", "{photos}", "--model", "model")
JOBS = [
    Job("train", TRAIN, ("--overwrite",), models=("model",)),
    Job(
        "train --overwrite",
        (*TRAIN, "--overwrite"),
        prepared=((*TRAIN, "--head", "nearest_mean"),),
        models=("model",),
    ),
    Job(
        "train --fine-tune",
        (*TRAIN, *TUNING),
        ("--overwrite",),
        prepared=(("train", "{photos}", "--out", "other", *MINI),),
        keras=True,
        before=EAGER,
        models=("model",),
    ),
    Job(
        "pretrain",
        ("pretrain", "{photos}", "--out", "net", *PRETRAINING),
        keras=True,
        before=EAGER,
        backbones=("net",),
    ),
    Job(
        "predict",
        (*PREDICT, "--csv", "p.csv", "--sheet", "s.png", "--sort-into", "sorted"),
        prepared=(TRAIN,),
        models=("model",),
    ),
    Job(
        "evaluate",
        ("evaluate", "model", "{photos}", "--plots", "plots"),
        prepared=(TRAIN,),
        models=("model",),
    ),
    Job("cache clear", ("cache", "clear"), prepared=(TRAIN, PREDICT), models=("model",)),
    Job("conversion", ("predict", "{photos}/sky", "--model", "mini", "--csv", "p.csv")),
    Job("download", code=DOWNLOAD),
    Job("fetch", code=FETCH),
]


class Attack:
    """A job in a folder of its own, which begins anew for each kill."""

    def __init__(self, job, nursery, photos, served, place):
        self.job, self.nursery, self.photos = job, nursery, photos
        self.template, self.folder = place / "template", place / "folder"
        self.before = job.before
        if job.code:
            import hashlib

            url, content = served
            digest = hashlib.sha256(content).hexdigest()
            self.before += f"import os; os.environ.update(URL={url!r}, DIGEST={digest!r})"
        self.template.mkdir()
        for words in job.prepared:
            self._must_end_well(self.folder_for(words, self.template))
        self.begin()
        self.undisturbed = self._must_end_well(self.run())
        self.look()
        self.listing, self.results = self.listed(), self.found()

    def folder_for(self, words, folder, **when):
        named = [word.replace("{photos}", str(self.photos)) for word in words]
        return self.nursery.run(folder, *named, code=self.job.code, before=self.before, **when)

    def begin(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder, symlinks=True)

    def run(self, *further, **when):
        return self.folder_for((*self.job.words, *further), self.folder, **when)

    def look(self):
        """Predict with what is there, so that a cleared cache is filled again."""
        if self.job.name == "cache clear":
            self._must_end_well(self.folder_for((*PREDICT, "--csv", "p.csv"), self.folder))

    def listed(self):
        """Return what is in the folder; hashes of trained weights differ from run to run."""
        names = {re.sub(r"[0-9a-f]{24,}", "*", path) for path in listing(self.folder)}
        # With such a file Python itself tries whether the folder can be written.
        return {name for name in names if not re.fullmatch(r"tmp/[a-z0-9_]{8}", name)}

    def found(self):
        """Return every result that can be compared."""
        found = {}
        for name in self.job.models:
            found[name] = hs.load(self.folder / name).predict_proba(self.photos)
        for name in self.job.backbones:
            backbone = read_backbone(self.folder / name)
            found[name] = np.array([backbone.macs > 1, backbone.top1 is not None])
        for path in sorted(self.folder.rglob("*.csv")):
            if path.name in ("p.csv", "sorted.csv"):
                found[path.name] = _rows(path)
        for path in sorted(self.folder.glob("sorted/*/*.png")):
            found[str(path)] = path.read_bytes()
        for path in sorted(self.folder.rglob("cache/weights/*.h5")):
            found[path.name] = path.read_bytes()
        for path in sorted(self.folder.rglob("cache/hub/*/saved_model/*.pb")):
            found[path.name] = path.read_bytes()
        return found

    def check_whole(self):
        """Every file is whole or absent, as soon as the job is killed."""
        for path in self.folder.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(self.folder).parts)
            if self.job.name == "cache clear" and "cache" in path.parts:
                continue  # what is half deleted is made again
            if not hidden and path.name in WHOLE:
                WHOLE[path.name](path.parent)
            elif not hidden and path.suffix == ".png":
                Image.open(path).load()
        if (self.folder / "p.csv").exists():
            assert _rows(self.folder / "p.csv") == self.results["p.csv"]

    def check_nothing_hidden(self):
        """What could not be finished is deleted at once."""
        hidden = {path for path in self.listed() if "/." in f"/{path}"}
        # A training can be continued: its folder stays, with its lock.
        hidden -= {"model.training/.lock", "net.training/.lock"}
        assert not hidden - self.listing, sorted(hidden - self.listing)

    def check_next_run(self):
        """The same command gives the same, and leaves nothing."""
        if (self.folder / "model" / "model.json").exists() and self._work():
            refused = self.run()
            assert "model.training holds the work" in refused.said, refused.said
        if (self.folder / "net").exists() and not self._work():
            # It is saved and measured, and never replaced.
            again = self.run()
            assert "new or empty folder" in again.said, again.said
        else:
            saved = all((self.folder / name).exists() for name in self.job.models)
            again = self._must_end_well(self.run(*(self.job.further if saved else ())))
        self.look()
        self._check_listing(again.said)
        for name, value in self.found().items():
            expected = self.results[name]
            if isinstance(value, np.ndarray):
                atol = 0.02 if self.job.keras else 1e-5
                np.testing.assert_allclose(value, expected, atol=atol, err_msg=name)
            else:
                assert value == expected, name

    def _work(self):
        """Return the folders of trainings that can be continued."""
        return [path.parent for path in self.folder.glob("*.training/settings.json")]

    def _check_listing(self, said):
        listed = self.listed()
        assert not listed - self.listing, (sorted(listed - self.listing), said)
        assert not self.listing - listed, (sorted(self.listing - listed), said)

    def _must_end_well(self, ended):
        assert "Traceback" not in ended.said, ended.said
        assert ended.status == 0, ended.said
        return ended


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(csv.reader(file))
