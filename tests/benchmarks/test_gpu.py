"""``benchmarks/gpu.py``: its parts and its arithmetic, with stand-ins for what they start."""

import json
import sys
import time

import pytest
from PIL import Image

GPU = {"kind": "cuda", "name": "A GPU", "has_bf16": True}


class StandIns:
    """What contestants and commands print, and what was started."""

    def __init__(self):
        self.gpus = {"torch": GPU, "jax": GPU, "tensorflow": None}
        self.rates = {
            "decode_by_workers": 3000.0,
            "decode_alone": 2500.0,
            "inference_alone": 5000.0,
            "torch_alone": 8000.0,
            "headstart_folder": 2700.0,
            "torch_steps": 4000.0,
            "keras_steps": 4500.0,
            "headstart_steps": 4275.0,
        }
        self.broken = {}
        self.started = []

    def run(self, failed, contestant, arguments):
        words = [contestant, *map(str, arguments)]
        self.started.append(words)
        for word, why in self.broken.items():
            if word in words:
                raise failed(why)
        return self.record(contestant)

    def record(self, contestant):
        if contestant == "gpus":
            installed = ["tensorflow", "jax", "torch"]
            return {"installed": installed, "gpus": self.gpus, "backend": "jax"}
        if contestant == "parquet_features":
            return {"seconds": 20.0}
        if contestant == "own_classes":
            return {"top1": 0.62}
        if contestant == "cross_validation":
            return {"mean": 0.91}
        return {"images_per_second": self.rates.get(contestant, 0.0), "set_up_seconds": 3.0}

    def output(self, failed, command):
        words = [str(word) for word in command]
        self.started.append(words[2:])
        for word, why in self.broken.items():
            if word in words:
                raise failed(why)
        if "pretrain" in words:
            out = words[words.index("--out") + 1]
            return json.dumps({"seconds": 900.0, "folder": out})
        epochs = [{"seconds": 30.0}, {"seconds": 10.0}, {"seconds": 12.0}]
        counts = {"n_train": 50_000, "n_test": 10_000, "interval": [0.95, 0.956]}
        return json.dumps({"accuracy": 0.953, "tuning": {"history": epochs}, **counts})


@pytest.fixture
def stand_ins(module, monkeypatch):
    settings, found = module("settings"), StandIns()
    monkeypatch.setattr(
        settings.Processes,
        "run",
        lambda _, contestant, *arguments: found.run(settings.Failed, contestant, arguments),
    )
    monkeypatch.setattr(
        settings.Processes, "output", lambda _, *command: found.output(settings.Failed, command)
    )
    return found


@pytest.fixture
def gpu(module, stand_ins):  # noqa: ARG001 - it starts nothing
    return module("gpu")


@pytest.fixture
def data(tmp_path, module, stand_ins, monkeypatch):  # noqa: ARG001 - the modules import theirs
    """Arguments with all data; none of it is read."""
    for name in ("photos", "cifar10", "tiny", "vehicles"):
        (tmp_path / name).mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    (tmp_path / "work" / "mini").mkdir(parents=True)
    (tmp_path / "work" / "mini" / "backbone.weights.h5").write_bytes(bytes(6_000_000))
    monkeypatch.setattr(module("gpu_predicting"), "as_files", lambda _, folder, __: folder)
    return [
        *("--photos", f"{tmp_path}/photos", "--cifar10", f"{tmp_path}/cifar10"),
        *("--tiny-imagenet", f"{tmp_path}/tiny", "--vehicles", f"{tmp_path}/vehicles"),
        *("--weights", f"{tmp_path}/w.h5", "--work", f"{tmp_path}/work"),
        *("--out", f"{tmp_path}/out"),
    ]


@pytest.fixture
def measured(gpu, data, tmp_path, monkeypatch, capsys):
    """Return a way to run it, which returns its status, its record and its text."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gpu.py", *data, *arguments])
        status = gpu.main()
        record = json.loads((tmp_path / "out" / "gpu.json").read_text())
        text = (tmp_path / "out" / "gpu.md").read_text()
        assert text in capsys.readouterr().out
        return status, record, text

    return run


def figures(record, part):
    return {row["what"]: row for row in record["measures"][part]}


def test_all_parts_run_and_their_goals_are_judged(measured, gpu):
    status, record, text = measured()
    assert list(record["measures"]) == list(gpu.PARTS)
    assert record["missing"] == []
    missed = {
        row["what"]
        for rows in record["measures"].values()
        for row in rows
        if row.get("reached") is False
    }
    assert status == 1
    assert missed == {
        "headstart, features of 50,000 images of CIFAR-10",
        "headstart, an epoch of CIFAR-10, batches of 512",
    }
    assert "GPU: A GPU." in text


def test_the_folder_is_compared_with_the_smaller_bound(measured):
    _, record, _ = measured("--only", "folder", "--models", "resnet50", "--repeats", "2")
    rows = figures(record, "folder")
    whole = next(row for what, row in rows.items() if "against the smaller of" in what)
    assert (whole["runs"], whole["at_least"]) == ([0.9, 0.9], 0.85)
    engine = rows["headstart's engine alone, resnet50, against torch by itself, eager, resnet50"]
    assert (engine["median"], engine["reached"]) == (0.625, True)


def test_the_bound_of_the_features_is_the_slower_of_reading_and_computing(measured):
    _, record, _ = measured("--only", "features")
    rows = figures(record, "features")
    bound = rows["its bound, the larger time of decoding and the engine"]
    assert bound["median"] == pytest.approx(50_000 / 3000)
    assert rows["the bound against headstart"]["median"] == pytest.approx(50 / 3 / 20)


def test_steps_of_the_backend_that_headstart_chooses_are_judged(measured):
    _, record, _ = measured("--only", "steps")
    judged = {
        row["what"]: row["median"] for row in record["measures"]["steps"] if "at_least" in row
    }
    assert judged == {
        "headstart, Keras on jax, against plain Keras on jax": pytest.approx(0.95),
        "headstart, Keras on jax, against plain torch, eager": pytest.approx(1.06875),
    }


def test_only_frameworks_that_see_the_gpu_take_part(measured, stand_ins):
    measured("--only", "steps")
    ran = {
        words[words.index("--backend") + 1] for words in stand_ins.started if "--backend" in words
    }
    assert ran == {"torch", "jax"}


def test_the_first_epoch_does_not_count(measured):
    _, record, _ = measured("--only", "epoch")
    rows = figures(record, "epoch")
    assert rows["headstart, an epoch of CIFAR-10, batches of 128"]["runs"] == [10.0, 12.0]
    assert rows["headstart, an epoch of CIFAR-10, batches of 512"]["reached"] is False
    assert rows["49,000 images by plain torch, eager, batches of 128"]["median"] == 12.25


def test_a_contestant_that_fails_leaves_the_others(measured, stand_ins):
    stand_ins.broken = {"--compile": "Traceback\nno C compiler"}
    status, record, text = measured("--only", "folder", "--models", "mobilenet_v2")
    assert status == 1
    assert [each["what"] for each in record["missing"]] == [
        "torch by itself, compiled, mobilenet_v2"
    ]
    assert "- torch by itself, compiled, mobilenet_v2: no C compiler" in text
    assert any("against the smaller" in what for what in figures(record, "folder"))


def test_a_part_that_fails_leaves_the_others(measured, stand_ins):
    stand_ins.broken = {"predict": "no photo"}
    _, record, _ = measured("--only", "image", "accuracy")
    assert record["missing"] == [{"what": "image", "why": "no photo"}]
    assert figures(record, "accuracy")["CIFAR-10, test set"]["reached"] is True


def test_parts_for_which_no_time_is_left_say_so(measured):
    status, record, _ = measured("--only", "folder", "steps", "--minutes", "0")
    assert status == 1
    assert {each["what"] for each in record["missing"]} == {"folder", "steps"}
    assert all("--minutes" in each["why"] for each in record["missing"])


def test_mini_that_was_ended_says_how_it_goes_on(measured, stand_ins):
    stand_ins.broken = {"pretrain": "it was not done in 500 s"}
    _, record, text = measured("--only", "mini")
    assert record["measures"]["mini"] == []
    assert "500 s (the same command with the same --work continues it)" in text
    stand_ins.broken = {}
    status, record, _ = measured("--only", "mini")
    assert status == 0
    assert figures(record, "mini")["mini, weights"]["median"] == 6.0
    assert not any("--restart" in words for words in stand_ins.started)


def test_mini_that_is_trained_is_not_trained_again(measured, stand_ins):
    measured("--only", "mini")
    before = len([words for words in stand_ins.started if "pretrain" in words])
    measured("--only", "mini")
    assert len([words for words in stand_ins.started if "pretrain" in words]) == before == 1


def test_a_try_without_a_gpu_judges_nothing(measured, stand_ins):
    stand_ins.gpus = dict.fromkeys(stand_ins.gpus)
    status, record, text = measured("--device", "cpu", "--quick", "--only", "folder", "steps")
    assert status == 0
    assert "GPU" not in text
    assert not any("reached" in row for rows in record["measures"].values() for row in rows)
    precisions = {
        words[words.index("--precision") + 1]
        for words in stand_ins.started
        if "--precision" in words
    }
    assert precisions == {"f32"}


def test_a_gpu_must_be_there(measured, stand_ins, capsys):
    stand_ins.gpus = {"torch": None, "jax": GPU, "tensorflow": None}
    with pytest.raises(SystemExit) as ending:
        measured("--only", "steps")
    assert ending.value.code == 2
    assert "a GPU that torch can use must be there" in capsys.readouterr().err


def test_data_that_a_part_needs_is_asked_for(gpu, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--only", "accuracy", "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        gpu.main()
    assert "the part accuracy needs --cifar10 and --weights" in capsys.readouterr().err


def test_parts_without_data_are_left_out_aloud(gpu, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path)])
    gpu.main()
    assert list(json.loads((tmp_path / "gpu.json").read_text())["measures"]) == ["steps"]
    assert "mini: left out, it needs --tiny-imagenet and --weights" in capsys.readouterr().err


def test_time_that_is_left(module, tmp_path):
    processes = module("settings").Processes(work=tmp_path, until=time.monotonic() + 100)
    assert 0 < processes.seconds_left <= 100


def test_some_images_of_a_dataset_have_all_of_some_classes_in_each_split(module, tmp_path):
    images = tmp_path / "all"
    for split in ("train", "valid"):
        for number in range(24):
            folder = images / split / f"class{number % 12:02}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{split}{number}.png")
    some = module("gpu_settings").as_files(images, tmp_path / "some", 10)
    found = {
        split: sorted(path.parent.name for path in (some / split).rglob("*.jpg"))
        for split in ("train", "valid")
    }
    assert found["train"] == found["valid"]
    assert len(found["train"]) == 10
