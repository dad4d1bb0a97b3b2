"""What is kept of what a container prints, and of what it leaves."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from evalpolicy.replay.containers.output import Tee, _extract


def kept(tmp_path, content, head=10, tail=10):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as read:
        tee = Tee(read, tmp_path / "log", head, tail)
        tee.start()
        with os.fdopen(writing, "wb") as stream:
            stream.write(content)
        tee.join()
    assert tee.read == len(content)
    return (tmp_path / "log").read_bytes()


@pytest.mark.parametrize("length", [0, 1, 10, 11, 19, 20])
def test_what_is_short_is_kept_whole(tmp_path, length):
    content = bytes(range(65, 65 + length))
    assert kept(tmp_path, content) == content


def test_the_middle_of_what_is_long_is_left_out(tmp_path):
    content = bytes(range(256)) * 4096  # 1 MiB, read in pieces of 64 KiB
    log = kept(tmp_path, content, head=1000, tail=100_000)
    assert log.startswith(content[:1000] + b"\n[evalpolicy: ")
    assert log.endswith(content[-100_000:])
    told = int(log[1000:].split(b" ", 2)[1])
    rest = log.split(b"here]\n", 1)[1]
    assert 1000 + told + len(rest) == len(content)
    assert len(rest) < 100_000 + (1 << 16)


def archive(*members):
    """A tar archive of (name, kind, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.mode = kind, len(content), 0o4777
            info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            made.addfile(info, io.BytesIO(content))
    out.seek(0)
    return tarfile.open(fileobj=out, mode="r|")


def extracted(tmp_path, *members, most=1000):
    target = tmp_path / "output"
    return list(_extract(archive(*members), target, most)), target


FILE, FOLDER = tarfile.REGTYPE, tarfile.DIRTYPE


def test_files_and_folders_are_the_callers(tmp_path):
    left_out, target = extracted(
        tmp_path, ("output", FOLDER, b""), ("output/d", FOLDER, b""), ("output/d/f", FILE, b"x")
    )
    assert left_out == []
    assert (target / "d/f").read_bytes() == b"x"
    assert (target / "d/f").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]
)
def test_nothing_else_is_made(tmp_path, kind):
    left_out, target = extracted(tmp_path, ("output/x", kind, b""))
    assert left_out == ["x is not a regular file"]
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["output/../../escaped", "/output/../../escaped", "../escaped", "output/d/../../escaped"],
)
def test_nothing_gets_out_of_the_folder(tmp_path, name):
    _, target = extracted(tmp_path, (name, FILE, b"x"))
    assert list(tmp_path.rglob("escaped")) == []
    assert list(target.rglob("*")) == []


def test_a_file_that_comes_twice_is_kept_once(tmp_path):
    left_out, target = extracted(
        tmp_path, ("output/f", FILE, b"first"), ("output/f", FILE, b"second")
    )
    assert left_out == ["f: File exists"]
    assert (target / "f").read_bytes() == b"first"


def test_what_is_too_much_is_left_out(tmp_path):
    left_out, target = extracted(
        tmp_path, ("output/a", FILE, b"x" * 600), ("output/b", FILE, b"x" * 600),
        ("output/c", FILE, b"x" * 300),
    )  # fmt: skip
    assert left_out == ["b has 600 bytes, which is too much"]
    assert sorted(file.name for file in target.iterdir()) == ["a", "c"]


def test_names_may_be_anything(tmp_path):
    left_out, target = extracted(tmp_path, (f"output/{'n' * 300}", FILE, b"x"))
    assert left_out == [f"{'n' * 300}: File name too long"]
    _, target = extracted(tmp_path, ("output/a\nb\udcff", FILE, b"x"))
    assert len(list(target.iterdir())) == 1
