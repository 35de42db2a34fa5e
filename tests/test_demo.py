"""What ``headstart demo`` writes, and the commands it shows."""

import errno
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import headstart as hs
from headstart import demo
from headstart.data.datasets import read_dataset
from headstart.data.discovery import find_images
from headstart.errors import StorageError, UsageError

N = 60


@pytest.fixture(autouse=True)
def few_digits(monkeypatch):
    """Six of each digit."""
    images, labels = demo.digits()
    chosen = np.concatenate([np.flatnonzero(labels == label)[:6] for label in range(10)])
    monkeypatch.setattr(demo, "digits", lambda: (images[chosen], labels[chosen]))


def finished(folder):
    demo.prepare(folder)
    demo.finish(folder, ["On new digits, all right"])
    return folder


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def whole(monkeypatch):
    """All the digits again."""
    monkeypatch.undo()


@pytest.mark.usefixtures("whole")
def test_the_digits_are_dark_ink_on_white_paper():
    images, labels = demo.digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    ink = load_digits().images
    assert (images[ink == 0] == 255).all()
    assert (images[ink == 16] == 0).all()
    assert sorted(set(labels.tolist())) == list(range(10))


def test_it_writes_class_folders_and_new_images_that_are_in_none(tmp_path):
    assert demo.prepare(tmp_path / "demo") == N - 10
    dataset = read_dataset(tmp_path / "demo" / demo.DIGITS)
    assert dataset.classes == [str(digit) for digit in range(10)]
    assert len(dataset.sources) == N - 10
    new = find_images([tmp_path / "demo" / demo.NEW]).sources
    assert len(new) == 10
    assert not {source.read() for source in new} & {source.read() for source in dataset.sources}


def test_each_image_is_the_digit_that_its_name_says(tmp_path):
    demo.prepare(tmp_path)
    images, labels = demo.digits()
    for number, (pixels, label) in enumerate(zip(images, labels, strict=True)):
        learnt = tmp_path / demo.DIGITS / str(label) / f"{number:04}.png"
        file = learnt if learnt.exists() else tmp_path / demo.NEW / f"{label}.png"
        with Image.open(file) as image:
            assert np.array_equal(np.asarray(image), pixels)


def test_a_photo_that_can_be_read(tmp_path):
    demo.prepare(tmp_path)
    sizes = {}
    for file in (tmp_path / demo.PHOTOS).iterdir():
        with Image.open(file) as image:
            sizes[file.name] = image.size
    assert sizes == {"coffee.jpg": (600, 400)}


def test_the_backbone_recognises_the_photo(tmp_path):
    demo.prepare(tmp_path)
    photo = tmp_path / demo.PHOTOS / demo.PHOTO
    ((best, second),) = hs.predict(photo, demo.BACKBONE, top=2)
    assert best.label == "espresso"
    assert best.probability > 5 * second.probability


def test_the_readme_says_what_was_run_and_whose_images_they_are(tmp_path):
    text = (finished(tmp_path / "demo") / demo.README).read_text("utf-8")
    for step in demo.steps(tmp_path / "demo"):
        assert demo.typed(step.words) in text
    for words in ("all right", "Rachel Michetti", "CC0 1.0", "Alpaydin"):
        assert words in text


def test_what_is_something_else_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    before = files(tmp_path)
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"something else\. Choose another folder with --out"):
            demo.prepare(tmp_path, overwrite=overwrite)
    with pytest.raises(UsageError, match="something else"):
        demo.prepare(tmp_path / "thesis.txt", overwrite=True)
    (tmp_path / demo.README).write_text("Read me first")
    with pytest.raises(UsageError, match="something else"):
        demo.prepare(tmp_path, overwrite=True)
    assert files(tmp_path) == {**before, demo.README: b"Read me first"}


def test_a_finished_demo_is_replaced_only_when_asked(tmp_path):
    folder = finished(tmp_path / "demo")
    (folder / demo.DIGITS / "3").rename(folder / demo.DIGITS / "cat")
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="--overwrite"):
        demo.prepare(folder)
    assert (folder / demo.DIGITS / "cat").exists()
    assert demo.prepare(folder, overwrite=True) == N - 10
    assert read_dataset(folder / demo.DIGITS).classes == [str(digit) for digit in range(10)]
    assert (folder / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("n_saved", range(0, N, 13))
@pytest.mark.parametrize(
    ("failure", "seen"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(errno.ENOSPC, "No space left on device"), StorageError),
    ],
)
def test_the_next_run_goes_well_wherever_one_was_stopped(tmp_path, n_saved, failure, seen):
    save, saved = Image.Image.save, []

    def stop(image, file):
        if len(saved) == n_saved:
            file.write_bytes(b"hal")
            raise failure
        saved.append(file)
        save(image, file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image.Image, "save", stop)
        with pytest.raises(seen):
            demo.prepare(tmp_path / "demo")
    assert demo.prepare(tmp_path / "demo") == N - 10
    demo.prepare(tmp_path / "fresh")
    assert files(tmp_path / "demo") == files(tmp_path / "fresh")


def test_a_disk_that_is_full_at_once_leaves_no_more_than_an_empty_folder(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_text", full)
        with pytest.raises(StorageError, match="No space left"):
            demo.prepare(tmp_path / "demo")
    assert demo.prepare(tmp_path / "demo") == N - 10


def test_only_what_was_drawn_is_to_be_looked_at(tmp_path):
    assert demo.to_look_at(tmp_path) == ()
    (tmp_path / "photos.png").touch()
    assert [path.name for path, _ in demo.to_look_at(tmp_path)] == ["photos.png"]


@pytest.mark.parametrize("name", ["demo", "my demo", "it's $HOME & `more`", "größe", "-dash"])
def test_a_shell_reads_the_words_as_they_are_meant(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for step in demo.steps(Path(name)):
        assert shlex.split(demo.typed(step.words, windows=False)) == ["headstart", *step.words]
        paths = [word for word in step.words if name in word]
        assert len(paths) >= 2
        assert not any(path.startswith("-") for path in paths)


@pytest.mark.parametrize(
    ("word", "typed"),
    [
        (r"C:\demo\new.png", r"C:\demo\new.png"),
        (r"C:\my demo\new.png", r'"C:\my demo\new.png"'),
        ("a&b", '"a&b"'),
        ("it's", '"it\'s"'),
        ("größe", "größe"),
        ("", '""'),
        ("--top", "--top"),
    ],
)
def test_words_as_they_are_typed_on_windows(word, typed):
    assert demo.typed(["predict", word], windows=True) == f"headstart predict {typed}"
