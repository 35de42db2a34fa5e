"""Archives of strangers: whole and harmless, or nothing."""

import contextlib
import gzip
import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hub.hub_server import archive

from headstart.errors import DownloadError
from headstart.hub import archives
from headstart.hub.archives import portable_parts, unpack

FILES = {
    "saved_model.pb": b"graph",
    "variables/variables.index": b"index",
    "variables/variables.data-00000-of-00001": bytes(range(256)) * 30,
}


@pytest.fixture
def place(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path


def run(place, content):
    (place / "net.tar.gz").write_bytes(content)
    unpack(place / "net.tar.gz", place / "out")
    return found(place / "out")


def found(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def made(*members, form=tarfile.GNU_FORMAT):
    """Return an archive of members: (name, content or None, changes)."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form) as tar:
        for name, content, changes in members:
            member = tarfile.TarInfo(name)
            member.size = len(content or b"")
            for key, value in changes.items():
                setattr(member, key, value)
            tar.addfile(member, io.BytesIO(content or b""))
    return gzip.compress(written.getvalue())


@pytest.mark.parametrize("compressed", [True, False])
def test_files_arrive_in_their_folders(place, compressed):
    assert run(place, archive(FILES, compressed=compressed)) == FILES


def test_archive_that_tar_makes_of_a_folder_is_read(place):
    for name, content in FILES.items():
        path = place / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (place / "in" / "assets").mkdir()
    with tarfile.open(place / "net.tar.gz", "w:gz") as tar:
        tar.add(place / "in", ".")
    unpack(place / "net.tar.gz", place / "out")
    assert found(place / "out") == FILES
    assert (place / "out" / "assets").is_dir()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names_arrive(place, form):
    name = "/".join(["a" * 60, "b" * 60, "c" * 60])
    assert run(place, made((name, b"content", {}), form=form)) == {name: b"content"}


@pytest.mark.parametrize(
    "name",
    [
        "../out.txt",
        "a/../../out.txt",
        "/etc/out.txt",
        "a\\..\\out.txt",
        "C:out.txt",
        "a\x1b[2J",
        "nul.txt",
        "ends.",
        "aux .txt",
        "a" * 300,
        "/".join("a" * 21),
    ],
)
def test_names_that_lead_elsewhere_are_refused(place, name):
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with pytest.raises(DownloadError, match="hold relative paths"):
            run(place, made((name, b"content", {}), form=form))
    assert found(place / "out") == {}


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CONTTYPE,
        tarfile.GNUTYPE_SPARSE,
        b"Z",
    ],
)
def test_only_files_and_folders_are_taken(place, kind):
    content = made(("link", None, {"type": kind, "linkname": "/etc/passwd"}))
    with pytest.raises(DownloadError, match=r"files and folders only.*'link'"):
        run(place, content)
    assert not any((place / "out").iterdir())


@pytest.mark.parametrize(
    "names", [("a", "a"), ("a", "A"), ("a", "a/b"), ("a/b", "a"), ("\u00e9", "e\u0301")]
)
def test_no_name_is_there_twice(place, names):
    with pytest.raises(DownloadError, match="each name once"):
        run(place, made(*((name, b"content", {}) for name in names)))


def test_number_of_files_is_limited(place, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILES", 4)
    run(place, archive({"a/b": b"", "a/c": b"", "d": b""}))
    (place / "out2").mkdir()
    with pytest.raises(DownloadError, match="at most 4 files"):
        archives.unpack(path_of(place, {"a/b": b"", "a/c": b"", "d/e": b""}), place / "out2")


def test_number_of_headers_is_limited(place, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILES", 4)
    header = tarfile.TarInfo("about all")
    header.type = tarfile.XGLTYPE
    files = gzip.decompress(archive({"a": b"x"}))
    assert run(place, header.tobuf() * 14 + files) == {"a": b"x"}
    (place / "out" / "a").unlink()
    with pytest.raises(DownloadError, match=r"at most 4 files\. Received: far more headers"):
        run(place, gzip.compress(header.tobuf() * 16 + files))


def path_of(place, files):
    (place / "more.tar.gz").write_bytes(archive(files))
    return place / "more.tar.gz"


def test_bomb_is_refused_by_its_size(place, monkeypatch):
    monkeypatch.setattr(archives, "_RATIO_COUNTS_FROM", 2**20)
    with pytest.raises(DownloadError, match="hold at most"):
        run(place, archive({"a": bytes(2**20), "b": bytes(2**20)}))


def test_header_that_claims_more_than_there_is_writes_no_more(place):
    content = bytearray(gzip.decompress(archive({"a": b"content"})))
    header = tarfile.TarInfo("a")
    header.size = 2**30
    content[:512] = header.tobuf()
    with pytest.raises(DownloadError, match=r"hold at most|cut short"):
        run(place, bytes(content))


def test_very_long_name_is_not_read(place):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**33
    with pytest.raises(DownloadError, match="usual length"):
        run(place, gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(2**16)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        b"PK\x03\x04" + bytes(600),
        gzip.compress(b""),
        gzip.compress(bytes(1024)),
        gzip.compress(b"text" * 1000),
        archive(FILES) + gzip.compress(b"more"),
        b"\x1f\x8b" + bytes(100),
    ],
    # Archives have the time in them, which would be in the names of the tests.
    ids=["nothing", "page", "zip", "empty", "zeros", "text", "two", "damaged"],
)
def test_anything_else_is_refused(place, content):
    with pytest.raises(DownloadError, match="The archive"):
        run(place, content)


@pytest.mark.parametrize("keep", [1, 10, 100, 400, -9, -1])
def test_archive_that_is_cut_short_is_refused(place, keep):
    with pytest.raises(DownloadError, match="be whole"):
        run(place, archive(FILES)[:keep])


def test_records_that_are_none_are_refused(place):
    for text in (b"x", b"9 path=a", b"999999999 path=a\n", b"10 pathaaa\n"):
        header = tarfile.TarInfo("ext")
        header.type, header.size = tarfile.XHDTYPE, len(text)
        with pytest.raises(DownloadError, match="be whole"):
            run(place, header.tobuf() + text.ljust(512, b"\0"))


def test_sparse_files_and_sizes_in_records_are_refused(place):
    for key in ("size", "GNU.sparse.major"):
        with pytest.raises(DownloadError, match="plain files"):
            run(place, made(("a", b"x", {"pax_headers": {key: "1"}}), form=tarfile.PAX_FORMAT))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_altered_archives_do_nothing_outside(place, data):
    content = bytearray(archive(FILES, compressed=False))
    for _ in range(data.draw(st.integers(1, 6))):
        # Names, sizes and kinds are in the first 160 bytes of a header; a right sum is made below.
        header = 512 * data.draw(st.sampled_from([0, 2, 4]))
        content[header + data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
        block = content[header : header + 512]
        total = sum(block[:148]) + sum(block[156:]) + 256
        content[header + 148 : header + 156] = b"%06o\0 " % total
    out = Path(tempfile.mkdtemp(dir=place))
    (place / "net.tar").write_bytes(content)
    before = set(place.iterdir())
    with contextlib.suppress(DownloadError):
        unpack(place / "net.tar", out)
    assert set(place.iterdir()) == before
    assert all(not path.is_symlink() for path in out.rglob("*"))


@given(st.text())
def test_portable_parts_never_lead_out(name):
    try:
        parts = portable_parts(name)
    except ValueError:
        return
    assert all(part and part not in (".", "..") and "/" not in part for part in parts)
