"""From a file of another program to the network in the cache."""

import pytest

from headstart.errors import DamagedModel, UsageError
from headstart.foreign import conversion
from headstart.foreign.facts import Facts
from headstart.foreign.files import ForeignFile
from headstart.foreign.networks import find_foreign
from headstart.networks.classes import ClassName
from headstart.networks.network import load_network
from headstart.networks.preprocessing import INSIDE, USUAL

NAMES = tuple(ClassName(name, name) for name in "abcde")


class Conversions:
    """Stands in for the real thing and counts."""

    def __init__(self, probabilities=5):
        self.asked = []
        self.outputs = {"features": [16], "probabilities": [probabilities]}
        self.meanwhile = lambda: None

    def __call__(self, file, facts, graph, *, size, layer):
        self.asked.append((file, facts, size, layer))
        graph.write_text("<net>")
        graph.with_suffix(".bin").write_bytes(b"weights")
        self.meanwhile()
        return {
            "outputs": self.outputs,
            "size": size or [32, 32],
            "quantised": False,
            "macs": 7,
            "inside": facts.preprocessing is None,
        }


@pytest.fixture
def conversions(monkeypatch):
    made = Conversions()
    monkeypatch.setattr(conversion, "convert", made)
    return made


@pytest.fixture
def file(tmp_path):
    (tmp_path / "mobilenet_v2.keras").write_bytes(b"network")
    return ForeignFile(tmp_path / "mobilenet_v2.keras", "keras")


def test_network_is_kept_with_what_is_known(conversions, file):
    given = Facts(preprocessing=USUAL["tf"], classes=NAMES, license="mit", source="a paper")
    network = find_foreign(file, given, origin="hf:me/net")
    assert network.name == "mobilenet_v2.keras"
    assert (network.size, network.macs, network.layer) == ((32, 32), 7, None)
    assert (network.classes, network.preprocessing) == (NAMES, USUAL["tf"])
    assert (network.license, network.source) == ("mit", "a paper")
    assert network.weights_source == "hf:me/net"
    assert (network.resize, network.crop_fraction) == ("crop", 0.875)
    assert load_network(network.folder) == network
    assert find_foreign(file, given, origin="hf:me/net") == network
    assert len(conversions.asked) == 1


def test_everything_that_changes_it_makes_another(conversions, file):
    def key(given=Facts(), **how):  # noqa: B008 - it can't be changed
        return find_foreign(file, given, **how).key

    keys = [
        key(),
        key(Facts(preprocessing=USUAL["tf"])),
        key(Facts(classes=NAMES)),
        key(size=(64, 64)),
        key(layer="pool"),
        key(name="mine"),
    ]
    file.path.write_bytes(b"another network")
    keys.append(key())
    assert len(set(keys)) == len(keys) == len(conversions.asked)


def test_what_is_given_counts_most_and_conventions_least(conversions, file):
    (file.path.parent / "labels.txt").write_text("\n".join("vwxyz"))
    network = find_foreign(file, Facts(), Facts(preprocessing=USUAL["zero-to-one"], classes=NAMES))
    assert [each.label for each in network.classes] == list("vwxyz")
    assert network.preprocessing == USUAL["zero-to-one"]
    network = find_foreign(file, Facts(classes=NAMES), Facts(license="mit"))
    assert (network.classes, network.preprocessing) == (NAMES, INSIDE)
    assert conversions.asked[0][1].classes != NAMES


def test_classes_must_be_as_many_as_the_outputs(conversions, file):
    with pytest.raises(
        UsageError, match=r"as many classes as outputs, 5\. Received: 4 names of classes\."
    ):
        find_foreign(file, Facts(classes=NAMES[:4]))
    (file.path.parent / "labels.txt").write_text("a\nb\nc")
    with pytest.raises(UsageError, match=r"3 names of classes in labels\.txt\. Correct them"):
        find_foreign(file, Facts())
    (file.path.parent / "labels.txt").unlink()
    conversions.outputs = {"features": [16]}
    assert find_foreign(file, Facts(classes=NAMES)).classes is None


def test_thousand_and_one_outputs_begin_with_the_background(conversions, file):
    conversions.outputs["probabilities"] = [1001]
    classes = find_foreign(file, Facts()).classes
    assert (len(classes), classes[0].label) == (1001, "background")


def test_others_have_no_names(conversions, file):
    conversions.outputs["probabilities"] = [1000]
    assert find_foreign(file, Facts()).classes is None


def test_file_that_is_written_to_meanwhile_is_not_kept(conversions, file):
    conversions.meanwhile = lambda: file.path.write_bytes(b"another network")
    with pytest.raises(DamagedModel, match="must stay as it is"):
        find_foreign(file, Facts())
    conversions.meanwhile = lambda: None
    assert find_foreign(file, Facts()).name == "mobilenet_v2.keras"
