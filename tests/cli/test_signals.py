import os
import signal
import subprocess
import sys
import threading

import pytest

from headstart.cli import signals
from headstart.cli.main import main
from headstart.errors import UsageError

KINDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture(autouse=True)
def _as_usual():
    """Have no test see the handlers of what runs the tests."""
    before = {number: signal.getsignal(number) for number in KINDS}
    for number in KINDS:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", KINDS)
def test_a_signal_interrupts_and_the_handlers_are_restored(number):
    with pytest.raises(KeyboardInterrupt), signals.ending() as asked:
        signal.raise_signal(number)
    assert (asked.status, asked.message) == (128 + number, "terminated")
    assert [signal.getsignal(each) for each in KINDS] == [signal.SIG_DFL] * len(KINDS)


def test_ctrl_c_is_what_it_was():
    with pytest.raises(KeyboardInterrupt), signals.ending() as asked:
        signal.raise_signal(signal.SIGINT)
    assert (asked.status, asked.message) == (130, "interrupted")


def test_a_second_signal_does_not_wait():
    with pytest.raises(KeyboardInterrupt), signals.ending():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_of_ctrl_c_decides_when():
    """As in training, which finishes its step."""
    from headstart.training.interrupts import held_interrupts

    done = False
    with pytest.raises(KeyboardInterrupt), signals.ending(), held_interrupts() as interrupts:
        signal.raise_signal(signal.SIGTERM)
        done = interrupts.pressed
    assert done


def test_a_native_module_that_is_interrupted_while_it_is_loaded():
    """OpenVINO raises ImportError, caused by the interruption."""
    with pytest.raises(KeyboardInterrupt), signals.ending() as asked:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as interruption:
            raise ImportError("initialization failed") from interruption
    assert asked.status == 143
    with pytest.raises(ImportError), signals.ending():
        raise ImportError from OSError()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("where", ["begin", "run", "end"])
def test_ctrl_c_ends_with_130_at_any_time(where, tmp_path):
    """While the command is loaded, while it makes a dataclass, and while its output is written."""
    interrupt = "signal.raise_signal(signal.SIGINT)"
    (tmp_path / "interrupting.py").write_text(
        "import signal, sys\n"
        "from headstart.cli import cache, main, streams\n"
        "class Commands(dict):\n"
        f"    def __contains__(self, word): {interrupt}\n"
        "def run(*_):\n"
        f"    exec('import signal; {interrupt}')\n"
        "def flush(*_):\n"
        f"    {interrupt}\n"
        "where = sys.argv.pop()\n"
        "if where == 'begin': main.COMMANDS = Commands()\n"
        "if where == 'run': cache.run = run\n"
        "if where == 'end': streams.flush = flush\n"
        "main.run()\n"
    )
    found = subprocess.run(
        [sys.executable, "-m", "interrupting", "cache", where],
        cwd=tmp_path, check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (130, b"headstart: interrupted\n")


def test_where_ctrl_c_is_ignored_a_signal_interrupts():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt), signals.ending():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_handled_or_ignored_stays_so():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with signals.ending():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_another_thread_sets_no_handlers():
    seen = []

    def work():
        with signals.ending():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]


def test_a_terminated_command_leaves_nothing(tmp_path, monkeypatch, capsys):
    """The table is begun before the first image; the signal comes between two images."""
    from PIL import Image

    image = tmp_path / "image.png"
    Image.new("RGB", (40, 40)).save(image)
    table = tmp_path / "out" / "table.csv"
    opened = []

    def open_predictor(*_, **__):
        opened.extend(table.parent.iterdir())
        signal.raise_signal(signal.SIGTERM)
        raise UsageError("not reached")

    monkeypatch.setattr("headstart.jobs.predict.open_predictor", open_predictor)
    status = main(["predict", str(image), "--model", "mini", "--csv", str(table)])
    assert status == 143
    assert "headstart: terminated" in capsys.readouterr().err
    assert len(opened) == 1
    assert list(table.parent.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows ends a process at once")
def test_a_process_that_is_terminated_ends_with_143(tmp_path):
    """It is terminated while it waits for a pipe that nobody writes to."""
    fifo = tmp_path / "photo.jpg"
    os.mkfifo(fifo)
    code = (
        "import sys\n"
        "from headstart.cli import cache, main\n"
        "def run(_):\n"
        "    print('here', flush=True)\n"
        "    open(sys.argv.pop()).read()\n"
        "cache.run = run\n"
        "sys.exit(main.main(['cache']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(fifo)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"here\n"
        process.terminate()
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143
    assert said == b"headstart: terminated\n"
