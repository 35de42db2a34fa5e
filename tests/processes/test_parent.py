"""A process of ours ends with the process that started it."""

import subprocess
import sys

import pytest

CHILD = """
import sys, time
from headstart.processes.parent import end_with_parent
end_with_parent()
print("started", flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())])
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a parent on Windows keeps its number")
def test_it_ends_when_its_parent_is_gone():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout.readline() == b"started\n"
        parent.stdin.close()
        # The child holds the pipe open until it ends.
        assert parent.stdout.read() == b""
    assert parent.returncode == 0


PATIENT_PARENT = """
import os, subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1], str(os.getpid())])
"""


def test_it_goes_on_while_its_parent_lives():
    child = CHILD.replace("time.sleep(60)", "time.sleep(0.5); print('ended')")
    command = [sys.executable, "-c", PATIENT_PARENT, child]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["started", "ended"]
