"""`headstart.train` as Python calls it."""

import contextlib
import inspect
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

import headstart as hs
from headstart.classifier import ClassifierSettings
from headstart.data.labelled_images import LabelledImages
from headstart.errors import DatasetError, ImageDamaged, StorageError, UsageError
from headstart.evaluation import Evaluation
from headstart.evaluation.learnt_from import LearntFrom
from headstart.finetuning.job import Prepared
from headstart.heads.logistic import LogisticHead
from headstart.images.notes import NoteCount
from headstart.images.sources import UnreadableImage, as_source
from headstart.jobs.train import _draw_head
from headstart.storage.reservations import reserved
from headstart.training.history import Epoch


def test_training_from_labelled_images(labelled, tiny_network, tmp_path):
    summary = hs.train(labelled, tmp_path / "model", backbone=tiny_network, test=0.25, head="ridge")
    assert (summary.n_train, summary.evaluation.n) == (18, 6)
    assert summary.evaluation.accuracy == 1
    assert summary.head == "ridge"
    assert hs.load(summary.folder).predict(labelled.sources[:1]).tolist() == [0]
    assert "6 of 6 right" in str(summary)


def test_a_head_with_settings_is_called_by_its_name(labelled, tiny_network, tmp_path):
    head = LogisticHead(C=1.0)
    summary = hs.train(labelled, tmp_path / "model", backbone=tiny_network, head=head)
    assert summary.to_dict()["head"] == "logistic"
    assert hs.load(tmp_path / "model").description.head == "logistic"


def test_the_validation_split_is_tested_on_if_there_is_no_test_split(
    labelled, tiny_network, tmp_path
):
    parts = ["train", "valid", "train"] * 8
    data = LabelledImages(labelled.sources, labelled.labels, labelled.classes, split=parts)
    summary = hs.train(data, tmp_path / "model", backbone=tiny_network)
    assert (summary.n_train, summary.evaluation.n) == (16, 8)


def test_progress_is_shown_for_both_passes(labelled, tiny_network, tmp_path):
    progress = Recorder()
    hs.train(labelled, tmp_path / "model", backbone=tiny_network, test=0.2, progress=progress)
    assert progress.bars == [
        ["measuring", 24, "image", 24],
        ["computing features", 19, "image", 19],
        ["testing", 5, "image", 5],
    ]


def test_an_unknown_setting_is_refused_by_name(labelled, tiny_network, tmp_path):
    with pytest.raises(TypeError, match="learning_rate"):
        hs.train(labelled, tmp_path / "model", backbone=tiny_network, learning_rate=1)  # type: ignore[call-arg]


@pytest.mark.usefixtures("offline")
def test_the_stand_in_for_the_default_backbone_is_told_and_recorded(
    labelled, tiny_network, tmp_path, stand_in
):
    stand_in(tiny_network)
    progress = Recorder()
    summary = hs.train(labelled, tmp_path / "model", progress=progress)
    assert len(progress.said) == 1
    assert summary.to_dict()["backbone"] == "mini"
    assert hs.load(tmp_path / "model").network.name == "mini"


@pytest.mark.usefixtures("offline")
def test_nothing_is_downloaded_for_a_dataset_that_is_refused(tmp_path):
    progress = Recorder()
    with pytest.raises(DatasetError):
        hs.train(tmp_path / "nothing", tmp_path / "model", progress=progress)
    assert progress.said == []


@pytest.fixture
def no_reading(monkeypatch):
    """Fail if images are read."""

    def read(*_, **__):
        pytest.fail("images were read")

    monkeypatch.setattr("headstart.jobs.train.parts_of", read)


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize("budget", [None, 60])
@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"fine_tuning": hs.FineTuning(), "head": "knn"}, "a head that is made of layers"),
        ({"fine_tuning": hs.FineTuning(), "precision": "int8"}, "fine-tuning with precision"),
        ({"precision": "int8"}, "at least 100 labelled images"),
        ({"size": 64}, "converted already, with its own size"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_before_an_image_is_read(
    labelled, tiny_network, tmp_path, budget, settings, why
):
    with pytest.raises(UsageError, match=why):
        hs.train(labelled, tmp_path / "model", backbone=tiny_network, budget=budget, **settings)


def test_the_settings_of_a_classifier_are_its_parameters():
    parameters = dict(inspect.signature(hs.ImageClassifier).parameters)
    del parameters["backbone"], parameters["random_state"]
    assert ClassifierSettings.__annotations__.keys() == parameters.keys()
    for name, parameter in parameters.items():
        assert ClassifierSettings.__annotations__[name].__forward_arg__ == parameter.annotation


def test_what_is_saved_names_no_image(labelled, tiny_network, tmp_path):
    summary = hs.train(labelled, tmp_path / "model", backbone=tiny_network)
    evaluation = hs.load(tmp_path / "model").evaluation
    assert {"mistakes", "errors"}.isdisjoint(evaluation)
    assert evaluation["accuracy"] == summary.evaluation.accuracy
    assert {path.name for path in summary.drawings} == {"confusion.png", "classes.png"}


@pytest.fixture
def no_training(monkeypatch):
    """Fail if anything is trained."""

    def train(*_, **__):
        pytest.fail("training began")

    monkeypatch.setattr(hs.ImageClassifier, "fit_on", train)
    monkeypatch.setattr("headstart.jobs.train.fine_tuned", train)


def with_tests(labelled, tests):
    """Return the images with every fourth one for testing, under these labels."""
    split = ["train", "train", "train", "test"] * 6
    labels = list(labelled.labels)
    labels[3::4] = tests
    return LabelledImages(labelled.sources, labels, sorted(set(labels), key=str), split=split)


@pytest.mark.parametrize("fine_tuning", [None, hs.FineTuning()])
@pytest.mark.usefixtures("no_training")
def test_labels_to_test_on_that_are_not_trained_are_refused_before(
    labelled, tiny_network, tmp_path, fine_tuning
):
    data = with_tests(labelled, [0, 0, 0, 1, 1, 7])
    with pytest.raises(DatasetError, match=r"classes of the model: 0, 1\. Received: 7"):
        hs.train(data, tmp_path / "model", backbone=tiny_network, fine_tuning=fine_tuning)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("test", [0, 1.5, True, float("nan")])
@pytest.mark.usefixtures("no_training")
def test_a_share_to_test_on_that_is_none_is_refused_before(labelled, tiny_network, tmp_path, test):
    with pytest.raises(UsageError, match=f"test must be a fraction.*Received: {test!r}"):
        hs.train(labelled, tmp_path / "model", backbone=tiny_network, test=test)


def test_test_labels_that_only_look_different_are_matched(labelled, tiny_network, tmp_path):
    tests = LabelledImages(labelled.sources, [str(n) for n in labelled.labels], ["0", "1"])
    progress = Recorder()
    summary = hs.train(
        labelled, tmp_path / "m", backbone=tiny_network, test=tests, progress=progress
    )
    assert summary.evaluation.accuracy > 0.9
    assert any("'0' as 0" in message for message in progress.said)


@pytest.mark.usefixtures("no_training")
def test_a_dataset_without_test_images_is_refused_before(
    labelled, tiny_network, tmp_path, monkeypatch
):
    tests = LabelledImages(labelled.sources, labelled.labels, [0, 1], split=["train"] * 24)
    read = {tmp_path / "images": labelled, tmp_path / "tests": tests}
    for room in ("train", "parts"):
        found = f"headstart.jobs.{room}.dataset_at"
        monkeypatch.setattr(found, lambda path, *_, **__: read[path])
    with pytest.raises(DatasetError, match="no test images"):
        hs.train(
            tmp_path / "images", tmp_path / "m", backbone=tiny_network, test=tmp_path / "tests"
        )


def test_another_training_for_the_same_folder_is_refused_before(labelled, tiny_network, tmp_path):
    out = tmp_path / "model"
    progress = Recorder()
    with reserved(out), pytest.raises(UsageError, match="Only one process at a time"):
        hs.train(labelled, out, backbone=tiny_network, progress=progress)
    assert progress.bars == []
    hs.train(labelled, out, backbone=tiny_network, report=False)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_that_another_training_saved_in_between_is_noticed_before(
    labelled, tiny_network, tmp_path, monkeypatch
):
    out, progress = tmp_path / "model", Recorder()
    hs.train(labelled, tmp_path / "other", backbone=tiny_network)

    def check():
        (tmp_path / "other").rename(out)

    monkeypatch.setattr("headstart.jobs.train.check_drawing", check)
    with pytest.raises(UsageError, match=r"There is a saved model in .* already"):
        hs.train(labelled, out, backbone=tiny_network, progress=progress)
    assert progress.bars == []


def test_a_gpu_that_is_not_there_is_refused_before_images_are_looked_for(tmp_path, monkeypatch):
    def refuse(device):
        raise UsageError(f"no {device}")

    monkeypatch.setattr("headstart.jobs.train.check_device", refuse)
    with pytest.raises(UsageError, match="no gpu"):
        hs.train(tmp_path / "nothing", tmp_path / "model", device="gpu")
    with pytest.raises(UsageError, match="no auto"):  # HEADSTART_DEVICE may say "gpu"
        hs.train(tmp_path / "nothing", tmp_path / "model")


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_a_link_stays_a_link(labelled, tiny_network, tmp_path):
    link, target = tmp_path / "link", tmp_path / "deep" / "target"
    link.symlink_to(target)
    for overwrite in (False, True):
        summary = hs.train(labelled, link, backbone=tiny_network, overwrite=overwrite, report=False)
        assert link.is_symlink()
        (target / "NOTES.md").write_text("mine")
    assert summary.folder == link
    assert (target / "NOTES.md").read_text() == "mine"
    assert hs.load(target).labels == hs.load(link).labels
    assert [path.name for path in tmp_path.iterdir() if path != link] == ["deep"]


@pytest.mark.usefixtures("no_training")
def test_a_disk_without_room_is_noticed_before(labelled, tiny_network, tmp_path, monkeypatch):
    full = SimpleNamespace(free=1000)
    monkeypatch.setattr("headstart.storage.disk.shutil.disk_usage", lambda _: full)
    with pytest.raises(StorageError, match=r"room for the model 'm' in .*: about \d+ MB"):
        hs.train(labelled, tmp_path / "m", backbone=tiny_network)


@pytest.mark.usefixtures("no_training")
def test_plots_that_can_not_be_drawn_are_noticed_before(
    labelled, tiny_network, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "headstart.evaluation.plots", None)
    monkeypatch.delattr("headstart.evaluation.plots", raising=False)
    with pytest.raises(UsageError, match="matplotlib, which must start"):
        hs.train(labelled, tmp_path / "m", backbone=tiny_network)


@pytest.mark.parametrize(
    ("fails", "what"),
    [
        ("headstart.jobs.train.evaluate", "testing it failed: disk on fire"),
        ("headstart.jobs.train.draw_evaluation", "adding its plots failed: .*disk on fire"),
        ("headstart.jobs.train.draw_sheet", "adding its plots failed: disk on fire"),
    ],
)
def test_the_model_is_saved_whatever_fails_after_training(
    labelled, tiny_network, tmp_path, monkeypatch, fails, what
):
    def fail(*_, **__):
        raise OSError("disk on fire")

    monkeypatch.setattr(fails, fail)
    data = with_tests(labelled, [0, 0, 0, 1, 1, 0])  # one mistake, for the sheet
    with pytest.raises(hs.NotTested, match=rf"saved in .*m and can be used, but {what}"):
        hs.train(data, tmp_path / "m", backbone=tiny_network)
    model = hs.load(tmp_path / "m")
    assert model.predict(labelled.sources[:1]).tolist() == [0]
    assert ("accuracy" in model.evaluation) == (fails != "headstart.jobs.train.evaluate")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_an_interrupted_test_leaves_the_model_and_says_so(
    labelled, tiny_network, tmp_path, monkeypatch
):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("headstart.jobs.train.evaluate", interrupt)
    progress = Recorder()
    with pytest.raises(KeyboardInterrupt):
        hs.train(labelled, tmp_path / "m", backbone=tiny_network, test=0.2, progress=progress)
    assert "m; testing it was interrupted. To test it: headstart evaluate" in progress.said[-1]
    hs.load(tmp_path / "m")


def test_a_model_stays_until_the_new_one_is_whole(labelled, tiny_network, tmp_path, monkeypatch):
    hs.train(labelled, tmp_path / "m", backbone=tiny_network, head="ridge")

    def fail(*_, **__):
        raise OSError("disk on fire")

    monkeypatch.setattr(hs.ImageClassifier, "fit_on", fail)
    with pytest.raises(OSError, match="on fire"):
        hs.train(labelled, tmp_path / "m", backbone=tiny_network, overwrite=True)
    assert hs.load(tmp_path / "m").description.head == "ridge"


PARTS = ["train", "train", "valid", "test"] * 6


@pytest.mark.parametrize(
    ("settings", "validation", "said"),
    [
        (hs.FineTuning(), 6, []),
        (hs.FineTuning(validation=3), None, ["another one is asked for"]),
        (None, None, ["it serves fine-tuning only"]),
    ],
)
def test_the_validation_split_serves_fine_tuning_or_is_said_not_to(
    labelled, tiny_network, tmp_path, monkeypatch, settings, validation, said
):
    data = LabelledImages(labelled.sources, labelled.labels, [0, 1], split=PARTS)
    given = []

    @contextlib.contextmanager
    def tuned(classifier, training, *, validation, **_):
        given.append(validation and len(validation))
        yield classifier.fit(training)

    ready = Prepared(
        settings=settings, origin=None, split=None, keras=None, gpu=None, precision="f32"
    )
    monkeypatch.setattr("headstart.jobs.train.prepare", lambda *_: ready)
    monkeypatch.setattr("headstart.jobs.train.fine_tuned", tuned)
    progress = Recorder()
    summary = hs.train(
        data,
        tmp_path / "m",
        backbone=tiny_network,
        fine_tuning=settings,
        error_target=None,
        progress=progress,
    )
    assert (summary.n_train, summary.evaluation.n) == (12, 6)
    assert given == ([] if settings is None else [validation])
    assert [words in message for words, message in zip(said, progress.said, strict=True)] == [
        True for _ in said
    ]


def test_a_test_split_that_is_not_tested_on_is_mentioned(labelled, tiny_network, tmp_path):
    data = LabelledImages(labelled.sources, labelled.labels, [0, 1], split=["train", "test"] * 12)
    progress = Recorder()
    settings = {"test": 0.25, "error_target": None}
    hs.train(data, tmp_path / "m", backbone=tiny_network, progress=progress, **settings)
    assert progress.said == ["The test split of 12 images is not used: other images are tested on."]


@pytest.fixture
def summary():
    evaluation = Evaluation.from_predictions(
        ["1.jpg", "2.jpg"], ["ant", "bee"], [[0.9, 0.1], [0.6, 0.4]], ["ant", "bee"]
    )
    return hs.TrainingSummary(
        folder=Path("my-model"),
        backbone="mini",
        head="logistic",
        precision="f32",
        resize="pad",
        n_train=1234,
        unreadable=(UnreadableImage(as_source("3.jpg"), ImageDamaged("3.jpg is cut short")),),
        notes=(NoteCount("CMYK converted", 7, ("4.jpg", "5.jpg", "6.jpg")),),
        skipped={"hidden": 2},
        evaluation=evaluation,
        tuning=None,
        drawings=(Path("my-model/confusion.png"),),
        seconds=5.25,
    )


def test_the_dictionary_is_json_and_has_what_the_command_promises(summary):
    found = json.loads(json.dumps(summary.to_dict()))
    promised = {"accuracy", "interval", "n_train", "n_test", "backbone", "seconds"}
    assert promised <= found.keys()
    assert (found["accuracy"], found["n_train"], found["n_test"]) == (0.5, 1234, 2)
    assert found["unreadable"] == [
        {"path": "3.jpg", "type": "ImageDamaged", "message": "3.jpg is cut short"}
    ]
    assert found["skipped"] == {"hidden": 2}
    assert found["notes"] == [
        {"note": "CMYK converted", "n": 7, "examples": ["4.jpg", "5.jpg", "6.jpg"]}
    ]
    assert found["drawings"] == [str(Path("my-model/confusion.png"))]
    assert found["tuning"] is None


def test_the_report_says_what_was_done_and_what_to_do_next(summary):
    report = str(summary)
    assert report.startswith("Trained on 1,234 images with mini and tested on 2 others in 5.2 s.")
    assert "1 of 2 right" in report
    assert "Unreadable training images: 1\n  3.jpg is cut short\n\nSkipped: 2 hidden." in report
    assert report.endswith("headstart predict IMAGES --model my-model")
    assert "<table>" in summary._repr_html_()


def test_the_report_says_how_images_were_read(summary):
    text = str(summary)
    assert "How training images were read" in text
    assert "CMYK converted" in text
    assert "4.jpg, 5.jpg, 6.jpg" in text


def test_notes_on_images_reach_the_report_also_from_the_cache(tiny_network, tmp_path):
    for i in range(24):
        folder = tmp_path / "data" / ("dark" if i % 2 else "bright")
        folder.mkdir(parents=True, exist_ok=True)
        grey = np.full((40, 40), 300 + 100 * i if i % 2 else 4000 - 40 * i, np.uint16)
        Image.fromarray(grey).save(folder / f"{i}.png")
    for out in ("first", "again"):
        made = hs.train(tmp_path / "data", tmp_path / out, backbone=tiny_network, test=0.25)
        assert sum(count.n for count in made.notes) == 18
        assert sum(count.n for count in made.evaluation.notes) == 6
        assert {"16-bit grey with 12 bits used: 4095 became 255"} <= {
            count.note for count in made.notes
        }
        kept = str(hs.load(tmp_path / out).evaluation)
        assert "12 bits used" in kept
        assert "examples" not in kept


def test_the_repr_says_how_good_the_model_is_and_where_it_is(summary):
    assert repr(summary).startswith("<TrainingSummary: 1 of 2 right: 50.0 % (95 %")
    assert repr(summary).endswith("model in 'my-model'>")


def test_the_training_of_a_dense_head_is_drawn(tmp_path):
    head = hs.DenseHead()
    _draw_head(head, tmp_path)
    assert list(tmp_path.iterdir()) == []
    head.history_ = tuple(
        Epoch(epoch=number, seconds=1, size=0, learning_rate=0.1, loss=1 / number, accuracy=0.5)
        for number in (1, 2)
    )
    head.best_epoch_ = 2
    _draw_head(head, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["head.png"]
    _draw_head(hs.LogisticHead(), tmp_path)


def noise(seed):
    """Return an image that nothing can be learnt from."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((40, 40)))


def test_copies_do_not_make_chance_look_like_accuracy(tiny_network, tmp_path):
    images = [noise(seed) for seed in range(40) for _ in range(5)]
    labels = [str(seed % 2) for seed in range(40) for _ in range(5)]
    progress = Recorder()
    summary = hs.train(
        (images, labels), tmp_path / "m", backbone=tiny_network, resize="squash", progress=progress
    )
    assert any("160 images are copies of others" in said for said in progress.said)
    evaluation = summary.evaluation
    assert (summary.n_train, evaluation.n, evaluation.n_groups) == (200, 200, 40)
    assert evaluation.accuracy < 0.75
    assert evaluation.interval.low < 0.5
    assert evaluation.interval.high - evaluation.interval.low > 0.25


def test_few_images_are_cross_validated_and_all_are_learnt_from(labelled, tiny_network, tmp_path):
    summary = hs.train(labelled, tmp_path / "m", backbone=tiny_network)
    assert (summary.n_train, summary.evaluation.n) == (24, 24)
    assert summary.to_dict()["folds"] == 5
    assert "Trained on 24 images with tiny in" in str(summary)
    assert "had not learnt from it" in str(summary)
    again = hs.train(labelled, tmp_path / "again", backbone=tiny_network)
    assert again.evaluation.outcomes.probabilities.tolist() == (
        summary.evaluation.outcomes.probabilities.tolist()
    )


def test_more_images_are_split(labelled, tiny_network, tmp_path, monkeypatch):
    monkeypatch.setattr("headstart.jobs.parts.FEW", 23)
    summary = hs.train(labelled, tmp_path / "m", backbone=tiny_network)
    assert (summary.n_train, summary.evaluation.n, summary.evaluation.outcomes.folds) == (
        19,
        5,
        None,
    )


def test_copies_in_a_given_test_split_are_told_with_the_figures_without_them(
    labelled, tiny_network, tmp_path
):
    sources = list(labelled.sources)
    sources[3], sources[7] = sources[0], sources[1]
    split = ["train", "train", "train", "test"] * 6
    data = LabelledImages(sources, labelled.labels, labelled.classes, split=split)
    progress = Recorder()
    summary = hs.train(data, tmp_path / "m", backbone=tiny_network, progress=progress)
    assert any("of the 6 test images are no fair test" in said for said in progress.said)
    left = summary.to_dict()["without_shared"]["n"]
    assert summary.evaluation.n == 6
    assert left <= 4
    assert f"Without the {6 - left} images that training images are copies of" in str(summary)


def test_groups_stay_together_and_intervals_count_them(tiny_network, tmp_path):
    for place in range(24):
        folder = tmp_path / "data" / ("odd" if place % 2 else "even")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(place)).save(folder / f"p{place // 6}_{place}.png")
    options = {"backbone": tiny_network, "group_by": "*/{group}_*", "quick": True}
    split = hs.train(tmp_path / "data", tmp_path / "m", test=0.25, **options)
    patients = {Path(name).name[:2] for name in split.evaluation.outcomes.names}
    assert split.evaluation.n == 6 * len(patients)
    whole = hs.train(tmp_path / "data", tmp_path / "n", **options)
    assert whole.evaluation.n_groups == 4
    with pytest.raises(UsageError, match="Groups must be a column"):
        hs.train(tmp_path / "data", tmp_path / "o", backbone=tiny_network, group_by="patient")


def test_a_report_stands_beside_the_model(labelled, tiny_network, tmp_path):
    summary = hs.train(labelled, tmp_path / "model", backbone=tiny_network)
    assert summary.report == tmp_path / "model.report.html"
    text = summary.report.read_text("utf-8")
    assert "24 of 24 right" in text
    assert "The model learns from 24 images. Its figures come from 5 folds" in text
    assert str(summary.report) in str(summary)
    assert summary.to_dict()["report"] == str(summary.report)


@pytest.mark.parametrize("how", [{"quick": True}, {"report": False}])
def test_a_report_can_be_left_out(labelled, tiny_network, tmp_path, how):
    summary = hs.train(labelled, tmp_path / "model", backbone=tiny_network, **how)
    assert summary.report is None
    assert not list(tmp_path.glob("*.html"))


def test_with_a_budget_candidates_are_compared_first(labelled, network_folder, tmp_path):
    summary = hs.train(labelled, tmp_path / "model", backbone=network_folder, budget=30.0)
    best = summary.comparison.best
    assert (summary.head, summary.resize) == (best.head, best.resize)
    assert summary.to_dict()["comparison"]["results"]
    assert best.backbone in str(summary)
    assert "Comparison of backbones" in summary.report.read_text("utf-8")


def test_a_budget_that_is_no_time_is_refused_before(labelled, tiny_network, tmp_path):
    with pytest.raises(UsageError, match="budget must be above 0"):
        hs.train(labelled, tmp_path / "model", backbone=tiny_network, budget=-1.0)


def test_what_a_budget_chose_is_tested_on_others(labelled, tiny_network, tmp_path):
    summary = hs.train(
        labelled, tmp_path / "m", backbone=tiny_network, budget=1, quick=True, resize="squash"
    )
    assert (summary.n_train, summary.evaluation.n) == (19, 5)


@pytest.mark.parametrize("keep", [True, False])
def test_the_model_knows_what_it_has_learnt_from_unless_that_is_not_wanted(
    labelled, tiny_network, tmp_path, keep
):
    out = tmp_path / "model"
    summary = hs.train(labelled, out, backbone=tiny_network, test=0.25, keep_hashes=keep)
    tested = summary.evaluation
    known = LearntFrom(n=18, n_others=6, accuracy=tested.accuracy, interval=tested.interval)
    assert hs.evaluate(out, labelled).learnt_from == (known if keep else None)
