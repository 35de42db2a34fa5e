"""The classes of a network from a list of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foreign.test_metadata import onnx

from headstart.errors import UsageError
from headstart.foreign.labels import (
    MAX_BYTES,
    class_places,
    classes_in_text,
    imagenet_with_background,
    label_file,
    likely_classes,
    named_classes,
    read_label_file,
)
from headstart.networks.classes import ClassName, imagenet_classes

IMAGENET = imagenet_classes()


@pytest.mark.parametrize(
    "written",
    [
        lambda each: each.label,
        lambda each: each.id,
        lambda each: f"{each.id} {each.label}",
        lambda each: f"{each.label}, something Latin",
        lambda each: f"a synonym, {str(each.label).replace('_', ' ').upper()}",
    ],
)
def test_imagenet_is_recognised_however_its_classes_are_written(written):
    assert named_classes([written(each) for each in IMAGENET]) == IMAGENET
    named = named_classes(["Background", *map(written, IMAGENET)])
    assert named == imagenet_with_background()
    assert (len(named), named[0].label, named[1]) == (1001, "background", IMAGENET[0])


def test_a_thousand_classes_in_another_order_are_not_those_of_imagenet():
    names = [str(each.label) for each in reversed(IMAGENET)]
    assert [each.label for each in named_classes(names)] == names


def test_classes_of_ones_own_are_identified_by_their_names():
    found = named_classes(["cat", "horse  cart", "cat"])
    assert found == (
        ClassName("cat (0)", "cat"),
        ClassName("horse cart", "horse cart"),
        ClassName("cat (2)", "cat"),
    )


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("cat\ndog\n\n", ["cat", "dog"]),
        ("0 cat\r\n1 dog\r\n", ["cat", "dog"]),
        ("1: cat\n2: dog", ["cat", "dog"]),
        ("\ufeffcat\ndog", ["cat", "dog"]),
        ("1 cat\n3 dogs", ["1 cat", "3 dogs"]),
        ("0\n1", ["0", "1"]),
    ],
)
def test_lines_of_a_label_file(text, labels):
    assert [each.label for each in classes_in_text(text.encode())] == labels


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "a list of 0 labels"),
        (b"cat\n\ndog", "label 2 is empty"),
        (b"\xff\xfe\0", "utf-8"),
        (b"a\n" * 100_001, "a list of 100,001 labels"),
    ],
)
def test_what_is_no_label_file_is_refused(text, why):
    with pytest.raises(ValueError, match=why):
        classes_in_text(text)


@given(st.text())
def test_any_text_is_classes_or_refused(text):
    try:
        found = classes_in_text(text.encode("utf-8", "replace"))
    except ValueError:
        return
    assert len({each.id for each in found}) <= len(found) <= text.count("\n") + len(text)


def test_classes_that_a_network_is_likely_to_have():
    assert likely_classes(1000) == IMAGENET
    assert likely_classes(1001) == imagenet_with_background()
    assert likely_classes(5) is None


class TestPlacesOfLabels:
    def test_identifiers_and_names_in_any_spelling(self):
        classes = imagenet_with_background()
        labels = ["n01440764", "Tench", "great white shark", "great_white_shark", "n01440764"]
        assert class_places(labels, classes) == [1, 1, 3, 3, 1]

    def test_synonyms(self):
        assert class_places(["cart"], [ClassName("0", "dog"), ClassName("1", "tonga, cart")]) == [1]

    @pytest.mark.parametrize("label", ["crane", "qingqi"])
    def test_labels_that_mean_no_class_or_two_are_refused(self, label):
        with pytest.raises(UsageError, match=f"n01440764 .tench.*Received: {label}"):
            class_places(["tench", label], IMAGENET)


class TestBesideTheNetwork:
    def test_the_networks_own_file_comes_before_usual_names(self, tmp_path):
        network = tmp_path / "net.onnx"
        assert label_file(network) is None
        (tmp_path / "labels.txt").write_text("usual", "utf-8")
        assert label_file(network).name == "labels.txt"
        (tmp_path / "net_labels.txt").write_text("own", "utf-8")
        assert read_label_file(label_file(network))[0].label == "own"

    @pytest.mark.parametrize("other", ["other.onnx", "other/saved_model.pb"])
    def test_one_of_a_usual_name_beside_another_network_is_refused(self, tmp_path, other):
        network = tmp_path / "net.onnx"
        network.write_bytes(onnx())
        (tmp_path / other).parent.mkdir(exist_ok=True)
        (tmp_path / other).write_bytes(onnx())
        (tmp_path / "labels.txt").write_text("usual", "utf-8")
        with pytest.raises(
            ValueError, match=r"labels of net\.onnx or of .*other.*net\.labels\.txt"
        ):
            label_file(network)
        (tmp_path / "net.labels.txt").write_text("own", "utf-8")
        assert label_file(network).name == "net.labels.txt"

    def test_files_that_are_no_other_network_do_not_count(self, tmp_path):
        for name in ("net.onnx", "net.tflite"):
            (tmp_path / name).write_bytes(onnx())
        (tmp_path / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
        (tmp_path / "photos").mkdir()
        (tmp_path / "labels.txt").write_text("usual", "utf-8")
        assert label_file(tmp_path / "net.onnx").name == "labels.txt"

    def test_several_of_usual_names_are_refused(self, tmp_path):
        for name in ("labels.txt", "classes.txt"):
            (tmp_path / name).write_text("cat", "utf-8")
        with pytest.raises(ValueError, match=r"classes\.txt, labels\.txt.*net\.labels\.txt"):
            label_file(tmp_path / "net.onnx")

    @pytest.mark.parametrize("place", ["labels.txt", "assets/labels.txt", "../labels.txt"])
    def test_in_and_beside_a_folder(self, tmp_path, place):
        folder = tmp_path / "saved"
        (folder / "assets").mkdir(parents=True)
        (folder / place).write_text("cat", "utf-8")
        assert label_file(folder).samefile(folder / place)

    def test_one_that_is_too_large_is_refused(self, tmp_path):
        (tmp_path / "labels.txt").write_bytes(b"a" * (MAX_BYTES + 1))
        with pytest.raises(ValueError, match=f"{MAX_BYTES:,}"):
            read_label_file(tmp_path / "labels.txt")
