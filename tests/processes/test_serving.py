"""What is common to worker processes: greeted, unmoved by Ctrl-C, ended with their stdin."""

import json
import signal
import subprocess
import sys

import pytest

from headstart.processes import messages

PROGRAM = """
import json
from headstart.processes import messages
from headstart.processes.serving import receive_settings, run


def serve(requests, answers):
    print("what libraries print")
    messages.send(answers, messages.READY, json.dumps(receive_settings(requests)).encode())
    messages.receive_head(requests)


run(serve)
"""


@pytest.fixture
def process():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], **pipes) as process:
        yield process
        process.kill()


def greet(process):
    messages.send(process.stdin, messages.SETTINGS, json.dumps({"side": 3}).encode())
    head = messages.receive_head(process.stdout)
    return json.loads(messages.receive(process.stdout, head.text))


def test_it_is_told_its_work_and_ends_with_its_stdin(process):
    assert greet(process) == {"side": 3}
    process.stdin.close()
    assert process.wait(60) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are other there")
def test_ctrl_c_does_not_end_it(process):
    greet(process)
    process.send_signal(signal.SIGINT)
    messages.send(process.stdin, messages.END)
    assert process.wait(60) == 0
