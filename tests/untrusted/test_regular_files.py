"""Regular files are read, everything else is refused at once."""

import os
import socket
from pathlib import Path

import pytest

from headstart.untrusted.regular_files import open_regular, read_bytes


def test_a_file_is_read_up_to_a_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    assert read_bytes(str(path), 6) == b"12345"
    with pytest.raises(ValueError, match="more than 4 bytes"):
        read_bytes(path, 4)


def test_a_link_to_a_file_is_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read_bytes(tmp_path / "link", 9) == b"12345"


def test_what_is_missing_or_a_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "nothing")
    with pytest.raises((IsADirectoryError, PermissionError)):
        open_regular(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names on Windows")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(tmp_path / name)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused(device, tmp_path):
    if not Path(device).exists():
        pytest.skip(f"this system has no {device}")
    (tmp_path / "link").symlink_to(device)
    with pytest.raises(OSError, match=r"not a regular file|No such device"):
        read_bytes(tmp_path / "link", 9)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="Windows has none")
def test_a_socket_is_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match=r"not a regular file|No such device"):
            open_regular(tmp_path / "socket")


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="open files have no names here")
def test_nothing_stays_open(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"12345")
    before = len(list(Path("/dev/fd").iterdir()))
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "file"):
        try:
            read_bytes(path, 2)
        except (OSError, ValueError):
            continue
        pytest.fail(f"{path} was read")
    assert len(list(Path("/dev/fd").iterdir())) == before
