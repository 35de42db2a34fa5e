import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.model.conftest import CLASSES
from tests.prediction.scorers import neighbours

from headstart.errors import DamagedModel, NewerFormat, NotASavedModel, SavedModelError, UsageError
from headstart.features import compiling, openvino_engine
from headstart.model import TrainingData, load, parts
from headstart.model.description import DESCRIPTION
from headstart.model.parts import load_arrays, save_arrays
from headstart.prediction.training_hashes import TrainingHashes

ALL = [*parts.REQUIRED, parts.CHECKSUMS]
HEAD, GOLDEN = "head.npz", "golden.npz"


def arrays_in(path):
    with path.open("rb") as file:
        return load_arrays(file)


def rewrite(folder, **changes):
    """Change model.json, and list its new hash."""
    DESCRIPTION.write(folder, DESCRIPTION.read(folder) | changes)
    parts.write_checksums(folder, parts.REQUIRED)


def test_a_loaded_model_has_the_facts_that_were_saved(model_folder, tiny_network):
    model = load(str(model_folder))
    assert model.labels == CLASSES
    assert model.description.training == TrainingData((5, 7, 3), 1, "f" * 64)
    assert model.evaluation == {"accuracy": 0.9, "interval": [0.8, 0.95], "n_test": 20}
    assert (model.predictor.precision, model.predictor.resize.rule, model.network.size) == (
        "f32",
        "pad",
        (32, 32),
    )
    assert model.description.versions["openvino"]
    assert model.network.weights_sha256 == tiny_network.weights_sha256


@pytest.mark.parametrize("name", ALL)
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    with pytest.raises(DamagedModel, match=name):
        load(copied)


@pytest.mark.parametrize("name", ALL)
@settings(
    max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_any_altered_byte_is_noticed(copied, name, data):
    path = copied / name
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    flipped = content[place] ^ data.draw(st.integers(1, 255))
    try:
        path.write_bytes(content[:place] + bytes([flipped]) + content[place + 1 :])
        with pytest.raises(DamagedModel, match=str(copied)):
            load(copied)
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("name", ALL)
def test_a_cut_or_longer_file_is_noticed(copied, name):
    content = (copied / name).read_bytes()
    for changed in (b"", content[:-1], content + b"\n"):
        (copied / name).write_bytes(changed)
        with pytest.raises(DamagedModel):
            load(copied)


def test_everything_but_the_parts_belongs_to_the_user(copied):
    (copied / "NOTES.md").write_text("mine")
    (copied / parts.CARD).write_text("edited")
    assert load(copied).labels == CLASSES
    (copied / parts.CARD).unlink()
    assert load(copied).labels == CLASSES


def test_listed_files_of_unknown_parts_are_ignored(copied):
    (copied / "thumbnails.npz").write_bytes(b"of a newer headstart")
    parts.write_checksums(copied, [*parts.REQUIRED, "thumbnails.npz"])
    (copied / "thumbnails.npz").unlink()
    assert load(copied).labels == CLASSES


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b"[1]", b"\xff", b'{"kind": "layers-model"}', b"[" * 100_000]
)
def test_foreign_folders_are_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(NotASavedModel, match=str(tmp_path)):
        load(tmp_path)


def test_a_path_that_is_no_folder_is_refused(tmp_path, model_folder):
    with pytest.raises(NotASavedModel, match="nowhere"):
        load(tmp_path / "nowhere")
    with pytest.raises(NotASavedModel, match=r"graph\.xml"):
        load(model_folder / "graph.xml")


def test_a_huge_description_is_not_read(tmp_path):
    with (tmp_path / "model.json").open("wb") as file:
        file.truncate(2**27)
    with pytest.raises(NotASavedModel, match="more than"):
        load(tmp_path)


def test_a_newer_format_is_refused(copied):
    rewrite(copied, format=DESCRIPTION.newest + 1)
    with pytest.raises(NewerFormat, match=r"format 4; this one knows up to 3.*Update headstart"):
        load(copied)


def test_a_newer_format_may_have_other_files(copied):
    rewrite(copied, format=DESCRIPTION.newest + 1)
    parts.write_checksums(copied, ["model.json"])
    with pytest.raises(NewerFormat):
        load(copied)


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": []},
        {"classes": [{"type": "str", "value": "cat"}] * 2},
        {"classes": [{"type": "object", "value": "cat"}] * 3},
        {"classes": [{"type": "float", "value": "0x1p9999"}] * 3},
        {"classes": 3},
        {"classes": ["cat", "dog", "other"]},
        {"scorer": "lambda"},
        {"resize": {"rule": "pad", "height": 32}},
        {"resize": {"rule": "stretch", "height": 32, "width": 32}},
        {"resize": {"rule": "pad", "height": 48, "width": 32}},
        {"training": {"counts": [1], "unreadable": 0}},
        {"training": {"counts": [1, -1, 3], "unreadable": 0}},
        {"classes": [{"type": "float", "value": value} for value in ("inf", "nan", "0x1p0")]},
        {"extras": ["../../notes.txt"]},
        {"precision": {"precision": "f64", "reason": ""}},
        {"network": {"outputs": {"features": [8]}}},
        {"versions": None},
        {"format": 1},
    ],
    ids=str,
)
def test_a_description_that_does_not_fit_the_rest_is_refused(copied, changes):
    rewrite(copied, **changes)
    with pytest.raises(SavedModelError):
        load(copied)


def test_a_message_does_not_quote_all_that_a_description_says(copied):
    rewrite(copied, scorer="x" * 50_000)
    with pytest.raises(
        DamagedModel, match=r"do not go together: KeyError\('xxx.*\.\.\.$"
    ) as refusal:
        load(copied)
    assert len(str(refusal.value)) < 1000


def test_a_head_with_other_probabilities_is_noticed(copied):
    arrays = arrays_in(copied / HEAD)
    save_arrays(arrays | {"weights": arrays["weights"] * 1.5}, copied / HEAD)
    parts.write_checksums(copied, parts.REQUIRED)
    with pytest.raises(DamagedModel, match=r"golden images is off by .*made with .*'openvino'"):
        load(copied)


@pytest.mark.parametrize(
    "change",
    [
        {"images": np.zeros((1, 2, 3))},
        {"images": np.zeros((10_000, 1, 1, 3), np.uint8)},
        {"probabilities": np.zeros((9, 9))},
        {"tolerance": np.array(1.0)},
        {"tolerance": np.array(-1.0)},
        {"tolerance": np.array(np.nan)},
    ],
)
def test_damaged_golden_images_are_noticed(copied, change):
    save_arrays(arrays_in(copied / GOLDEN) | change, copied / GOLDEN)
    parts.write_checksums(copied, parts.REQUIRED)
    with pytest.raises(DamagedModel):
        load(copied)


@pytest.mark.parametrize(
    "network",
    [
        {"size": [10**6, 10**6]},
        {"size": [0, 32]},
        {"size": [10**30, 32]},
        {"outputs": {"features": [10**12]}},
        {"outputs": {"features": []}},
        {"outputs": {"probabilities": [3]}},
        {"crop_fraction": 1e-300},
        {"resize": "stretch"},
        {"macs": -1},
    ],
    ids=str,
)
def test_facts_that_no_network_has_are_refused_at_once(copied, network):
    described = DESCRIPTION.read(copied)
    rewrite(copied, network={**described["network"], **network})
    with pytest.raises(DamagedModel, match=f"ValueError.*{next(iter(network))} is"):
        load(copied)


@pytest.mark.parametrize("place", ["features", "feature_map", "probabilities"])
def test_outputs_that_are_not_those_of_the_graph_are_refused(copied, place):
    network = DESCRIPTION.read(copied)["network"]
    outputs = network["outputs"]
    outputs[place] = [outputs[place][0] + 1, *outputs[place][1:]]
    rewrite(copied, network=network)
    with pytest.raises(DamagedModel):
        load(copied)


def test_a_graph_with_a_loop_is_refused(copied):
    graph = copied / "graph.xml"
    graph.write_text(graph.read_text().replace('type="Convolution"', 'type="Loop"', 1))
    parts.write_checksums(copied, parts.REQUIRED)
    with pytest.raises(DamagedModel, match="Received: the operation 'Loop'"):
        load(copied)


def test_a_file_that_is_no_graph_is_refused(copied):
    for content in (b"<net/>", b"", b"\xff"):
        (copied / "graph.xml").write_bytes(content)
        parts.write_checksums(copied, parts.REQUIRED)
        with pytest.raises(DamagedModel, match="must be a graph as headstart writes it"):
            load(copied)


def test_each_model_has_its_own_key_in_the_feature_cache(save, model_folder, tmp_path):
    one, other = load(model_folder), save(tmp_path / "other", scorer=neighbours())
    assert one.network.key != other.network.key
    assert one.network.key == load(model_folder).network.key
    assert one.network.key.startswith("model-")


def test_bfloat16_falls_back_to_float32_where_there_is_none(save, tmp_path, monkeypatch):
    from headstart.features.precision import PrecisionChoice

    if not openvino_engine.has_bf16():
        pytest.skip("this processor has no bfloat16")
    save(tmp_path / "model", precision=PrecisionChoice("bf16", "as asked for"))
    assert load(tmp_path / "model").predictor.precision == "bf16"
    monkeypatch.setattr(openvino_engine, "has_bf16", lambda: False)
    assert load(tmp_path / "model").predictor.precision == "f32"


def test_models_on_different_numbers_of_threads_predict_alike_in_one_process(model_folder):
    image = [np.zeros((40, 50, 3), np.uint8)]
    usual, single = load(model_folder), load(model_folder, threads=1)
    assert single.predictor.extractor.workers == single.predictor.extractor.threads == 1
    assert usual.predictor.extractor.threads is None
    np.testing.assert_allclose(single.predict_proba(image), usual.predict_proba(image), atol=1e-5)
    with pytest.raises(
        UsageError, match=r"threads must be a whole number of at least 1 or None. Received: 0"
    ):
        load(model_folder, threads=0)


def test_the_precision_can_be_chosen(model_folder, monkeypatch):
    assert load(model_folder, precision="f32").predictor.precision == "f32"
    monkeypatch.setattr(openvino_engine, "has_bf16", lambda: True)
    assert load(model_folder, precision="bf16").predictor.precision == "bf16"
    monkeypatch.setattr(openvino_engine, "has_bf16", lambda: False)
    with pytest.raises(UsageError, match="bfloat16 instructions"):
        load(model_folder, precision="bf16")
    with pytest.raises(UsageError, match="precision must be one of auto, f32, bf16"):
        load(model_folder, precision="f16")


def test_loading_is_logged(model_folder, caplog):
    caplog.set_level("INFO", logger="headstart")
    load(model_folder)
    assert any(record.getMessage().startswith("loaded the model in") for record in caplog.records)


def test_predicts_without_keras_and_scikit_learn(model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "elsewhere")
    code = """
        import sys
        import numpy as np
        import headstart
        model = headstart.load(sys.argv[1])
        print(model.predict([np.zeros((40, 50, 3), np.uint8)])[0])
        print(*{"keras", "sklearn", "tensorflow", "matplotlib", "scipy"} & set(sys.modules))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "elsewhere")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    label, loaded = answer.stdout.split("\n")[:2]
    assert label in CLASSES
    assert loaded == ""


def test_another_model_that_takes_the_place_meanwhile_is_loaded_whole(
    save, copied, make_network, monkeypatch
):
    def check(folder):
        hashes = check_parts(folder)
        if not replaced:  # once some of the first model is read
            replaced.append(1)
            save(copied, classes=("x", "y", "z"), network=make_network(seed=5), overwrite=True)
        return hashes

    replaced, check_parts = [], parts.read_checksums
    monkeypatch.setattr(parts, "read_checksums", check)
    model = load(copied)
    assert model.labels == ("x", "y", "z")
    assert model.network.key == load(copied).network.key


def test_a_model_that_is_replaced_all_the_time_is_told_in_the_end(copied, monkeypatch):
    def check(folder):
        listed = read_checksums(folder)
        (folder / "NOTES").write_text(str(len(tries)))
        tries.append(1)
        parts.write_checksums(folder, [*parts.REQUIRED, "NOTES"])
        (folder / HEAD).write_bytes(b"of another model")
        return listed

    tries, read_checksums = [], parts.read_checksums
    monkeypatch.setattr(parts, "read_checksums", check)
    with pytest.raises(DamagedModel):
        load(copied)
    assert 1 < len(tries) < 100


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
@pytest.mark.parametrize("how", ["the folder", "a folder above"])
def test_a_model_stays_the_same_when_the_link_to_it_changes(
    save, model_folder, make_network, tmp_path, how
):
    save(tmp_path / "two" / "model", network=make_network(seed=5))
    shutil.copytree(model_folder, tmp_path / "one" / "model")
    below = "model" if how == "the folder" else "."
    link, place = tmp_path / "current", Path("current" if below == "model" else "current/model")
    link.symlink_to(tmp_path / "one" / below)
    model = load(tmp_path / place)
    image = [np.zeros((40, 50, 3), np.uint8)]
    before = model.predict_proba(image)
    link.unlink()
    link.symlink_to(tmp_path / "two" / below)
    compiling.compile_network(model.network).release()  # as before a fork
    np.testing.assert_array_equal(model.predict_proba(image), before)
    assert load(tmp_path / place).network.key != model.network.key


@pytest.fixture
def with_hashes(save, tmp_path):
    known = TrainingHashes(np.arange(20, dtype=np.uint64))
    return save(tmp_path / "knowing", training_hashes=known).folder


@pytest.mark.parametrize("damage", ["altered", "deleted", "order", "another array"])
def test_hashes_that_are_damaged_are_refused(with_hashes, damage):
    path = with_hashes / "hashes.npz"
    match damage:
        case "altered":
            path.write_bytes(path.read_bytes()[:-1] + b"!")
        case "deleted":
            path.unlink()
        case "order":
            save_arrays({"hashes": np.arange(20, dtype=np.uint64)[::-1].copy()}, path)
        case "another array":
            save_arrays({"weights": np.arange(20, dtype=np.uint64)}, path)
    if damage not in ("altered", "deleted"):
        parts.write_checksums(with_hashes, [*parts.REQUIRED, path.name])
    with pytest.raises(DamagedModel, match=r"hashes\.npz|do not go together"):
        load(with_hashes)


def test_more_hashes_than_honest_models_have_are_refused_by_the_size_of_the_file(
    save, tmp_path, monkeypatch
):
    known = TrainingHashes(np.arange(2000, dtype=np.uint64))
    folder = save(tmp_path / "model", training_hashes=known).folder
    monkeypatch.setattr(parts, "MOST", 10)
    read = []
    monkeypatch.setattr(parts, "read_arrays", lambda file: read.append(Path(file.name).name) or {})
    with pytest.raises(DamagedModel, match=r"hashes\.npz must have at most 10 hashes"):
        load(folder)
    assert read == [HEAD, GOLDEN]


def test_a_list_without_the_hashes_is_that_of_a_model_without(with_hashes):
    parts.write_checksums(with_hashes, parts.REQUIRED)
    assert load(with_hashes).predictor.training_hashes is None
