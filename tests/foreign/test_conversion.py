"""What the process that converts is asked, and what becomes of its answers."""

import pytest
from tests.foreign.protobufs import onnx, tensor

from headstart.errors import ConversionError, StorageError, UsageError
from headstart.foreign import conversion
from headstart.foreign.conversion import convert
from headstart.foreign.facts import Facts
from headstart.foreign.files import ForeignFile
from headstart.networks.preprocessing import USUAL
from headstart.processes.asking import Reply
from headstart.processes.limits import TOO_MUCH_MEMORY
from headstart.untrusted.json_text import parse_json

ANSWER = {"outputs": {"features": [4]}, "size": [8, 8], "macs": 1}


@pytest.fixture
def file(tmp_path):
    (tmp_path / "net.onnx").write_bytes(onnx((5, tensor())))
    return ForeignFile(tmp_path / "net.onnx", "onnx")


@pytest.fixture
def reply(monkeypatch):
    """Let the process say something; return what it was asked."""
    asked = []

    def set_reply(answer, status=0, errors=""):
        def stand_in(module, message, environment, *, seconds):
            asked.append((module, parse_json(message), environment, seconds))
            return Reply(answer, status, errors)

        monkeypatch.setattr(conversion, "ask", stand_in)
        return asked

    return set_reply


def test_all_that_is_known_is_said(file, reply, tmp_path):
    asked = reply(ANSWER)
    facts = Facts(preprocessing=USUAL["torch"])
    assert convert(file, facts, tmp_path / "graph.xml", size=(8, 9), layer="pool") == ANSWER
    ((module, request, environment, seconds),) = asked
    assert module == "headstart.foreign.converting"
    assert (request["size"], request["layer"], request["format"]) == ([8, 9], "pool", "onnx")
    assert request["preprocessing"]["scale"] == USUAL["torch"].scale
    assert request["memory"] > 2**30
    assert environment["KERAS_BACKEND"] == "openvino"
    assert seconds > 60


@pytest.mark.parametrize("kind", [ConversionError, StorageError, UsageError])
def test_errors_that_are_answers_are_raised(file, reply, tmp_path, kind):
    reply({"error": kind.__name__, "message": "what is wrong"})
    with pytest.raises(kind, match="what is wrong"):
        convert(file, Facts(), tmp_path / "graph.xml")


@pytest.mark.parametrize(
    ("status", "errors", "says"),
    [
        (-11, "", "ended with -11"),
        (-9, "", "ended with -9"),
        (1, "Traceback", r"(?s)ended with 1.*Traceback"),
        (0, "", "ended with 0"),
        (None, "", "takes more than 60 seconds"),
        (TOO_MUCH_MEMORY, "", "more memory"),
        (-6, "terminate called after throwing 'std::bad_alloc'", "more memory"),
    ],
)
def test_crash_of_a_front_end_is_an_error(file, reply, tmp_path, status, errors, says):
    reply(None, status, errors)
    with pytest.raises(ConversionError, match=says):
        convert(file, Facts(), tmp_path / "graph.xml")


def test_large_files_are_not_read(file, reply, tmp_path, monkeypatch):
    asked = reply(ANSWER)
    monkeypatch.setattr(conversion, "MAX_BYTES", 10)
    with pytest.raises(ConversionError, match="bytes, where 10 are the most"):
        convert(file, Facts(), tmp_path / "graph.xml")
    assert asked == []


def test_file_of_nothing_is_refused_by_the_process(file, tmp_path):
    with pytest.raises(ConversionError, match=r"net\.onnx\. The network must have one input"):
        convert(file, Facts(preprocessing=USUAL["tf"]), tmp_path / "graph.xml")
    assert not (tmp_path / "graph.xml").exists()
