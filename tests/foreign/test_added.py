"""Networks that a user has added as backbones."""

import json
from dataclasses import replace

import pytest
from tests.foreign.test_metadata import onnx

from headstart.errors import (
    DamagedModel,
    NotASavedModel,
    SavedModelError,
    StorageError,
    UnknownBackbone,
    UsageError,
)
from headstart.foreign import added
from headstart.foreign.added import (
    WORDS,
    AddedBackbone,
    Figures,
    added_backbones,
    check_name,
    look_up_added,
    read_added,
    remove_backbone,
)
from headstart.foreign.facts import Facts
from headstart.foreign.files import recognise
from headstart.networks.classes import ClassName
from headstart.networks.preprocessing import MINUS_ONE_TO_ONE

FACTS = Facts(
    preprocessing=MINUS_ONE_TO_ONE,
    size=(32, 48),
    classes=(ClassName("cat", "cat"), ClassName("dog", "dog")),
    license="MIT",
)
FIGURES = Figures(size=(32, 48), n_features=16, n_classes=2, parameters=7, macs=5)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Return the folder that backbones are added to."""
    monkeypatch.setenv("HEADSTART_BACKBONES", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "net.onnx").write_bytes(onnx())
    return recognise(tmp_path / "net.onnx")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "saved"
    (path / "variables").mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(b"graph")
    (path / "variables" / "variables.index").write_bytes(b"weights")
    return recognise(path)


def add(file, name="mine", measured=None):
    root = file.path if file.path.is_dir() else file.path.parent
    found = file.path.rglob("*") if file.path.is_dir() else [file.path]
    places = {path.relative_to(root).as_posix(): path for path in found if path.is_file()}
    return added.add(file, name, FACTS, places, FIGURES, measured)


def test_what_is_added_is_found_by_its_name(kept, file):
    made = add(file, measured={"p_value": 0.01})
    found = look_up_added("mine")
    assert found == made
    assert (found.facts, found.figures, found.measured) == (FACTS, FIGURES, {"p_value": 0.01})
    assert found.file.path == kept / "mine" / "files" / "net.onnx"
    assert (found.file.format, found.file.path.read_bytes()) == ("onnx", onnx())
    found.check()
    assert list(added_backbones()) == [found]
    assert look_up_added("other") is None
    assert look_up_added("../mine") is None


def test_a_folder_is_copied_whole(folder):
    found = add(folder)
    assert recognise(found.file.path) == found.file
    assert (found.file.path / "variables" / "variables.index").read_bytes() == b"weights"
    found.check()


def test_it_does_not_need_the_file_any_more(file):
    found = add(file)
    file.path.unlink()
    look_up_added("mine").check()
    assert found.to_dict()["preprocessing"]["scale"] == 127.5
    assert json.dumps(found.to_dict())


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x")])
def test_files_that_were_altered_are_refused(file, harm):
    found = add(file)
    harm(found.file.path)
    with pytest.raises(DamagedModel, match=r"net\.onnx must be as it was added.*remove mine"):
        found.check()


def test_names_that_are_taken_stay_what_they_are(file, folder):
    add(file)
    with pytest.raises(UsageError, match=r"named 'mine' already.*models remove mine"):
        add(folder)
    assert look_up_added("mine").file.format == "onnx"


def test_the_same_again_is_the_same_and_with_other_facts_another(file):
    made = add(file, measured={"p_value": 0.01})
    assert add(file) == made
    with pytest.raises(UsageError, match="named 'mine' already"):
        added.add(file, "mine", replace(FACTS, license="BSD"), {file.path.name: file.path}, FIGURES)
    assert look_up_added("mine") == made


def test_another_process_may_take_the_name_meanwhile(file, folder, monkeypatch):
    copied = added._copied

    def copy_late(source, target):
        monkeypatch.setattr(added, "_copied", copied)
        add(folder)
        return copied(source, target)

    monkeypatch.setattr(added, "_copied", copy_late)
    with pytest.raises(UsageError, match="named 'mine' already"):
        add(file)
    assert look_up_added("mine").file.format == "saved_model"


@pytest.mark.parametrize(
    "name",
    ["", "Mine", "a b", "a/b", "..", "-a", "a" * 65, "con", "nul.txt", "lpt1", "é", "a.", *WORDS],
)
def test_names_that_can_not_be_used(name):
    with pytest.raises(UsageError, match="The name of a backbone must"):
        check_name(name)


def test_nothing_is_left_of_what_failed(kept, file, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(added, "_copied", full)
    with pytest.raises(StorageError, match="No space left"):
        add(file)
    assert list(kept.iterdir()) == []


def test_removing(file):
    add(file)
    add(file, "other")
    remove_backbone("mine")
    assert [each.name for each in added_backbones()] == ["other"]
    assert look_up_added("mine") is None
    for name in ("mine", "../kept", ""):
        with pytest.raises(UnknownBackbone, match=r"Only a backbone that was added.*are: other\."):
            remove_backbone(name)


def test_what_is_no_added_backbone_stays(kept):
    (kept / "photos").mkdir(parents=True)
    with pytest.raises(UnknownBackbone, match="Added are: none"):
        remove_backbone("photos")
    assert (kept / "photos").is_dir()
    assert list(added_backbones()) == []


def rewritten(kept, change):
    path = kept / "mine" / "added.json"
    entries = json.loads(path.read_text("utf-8"))
    del entries["digest"]
    change(entries)
    path.write_text(json.dumps(entries), "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries.update(name="other"),
        lambda entries: entries.update(place="../net.onnx"),
        lambda entries: entries.update(files={"/etc/passwd": "0"}),
        lambda entries: entries.update(file_format="pickle"),
        lambda entries: entries["facts"].update(size="large"),
        lambda entries: entries["figures"].pop("macs"),
    ],
)
def test_descriptions_of_something_else_are_refused_and_listed_as_errors(kept, file, change):
    add(file)
    rewritten(kept, change)
    with pytest.raises(NotASavedModel):
        read_added(kept / "mine")
    (listed,) = added_backbones()
    assert isinstance(listed, SavedModelError)
    assert not isinstance(listed, AddedBackbone)
