"""A container's output and files, copied out with limits on their size.

Both come through the engine, never through a shared folder: so they belong to the caller, and
nothing that an agent makes (links, devices, other users' files) gets onto the host.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from evalpolicy.replay.containers.engines import CallFailedError, Engine
from evalpolicy.replay.plan.model import Command

HEAD = 8 << 20
"""Bytes to keep from the beginning of a stream."""
TAIL = 1 << 20
"""Bytes to keep from its end."""
_PIECE = 1 << 16
_MOST_FILES = 10_000
_MOST_TOLD = 5


class Tee(threading.Thread):
    """Reads a stream to its end into a file; leaves out the middle if it is too long."""

    def __init__(self, stream: IO[bytes], file: Path, head: int = HEAD, tail: int = TAIL) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._file = file
        self._head = head
        self._tail = tail
        self.read = 0

    def run(self) -> None:
        """Ends with the stream. On a full disk the rest is lost, but nothing stops."""
        rest: deque[bytes] = deque()
        kept = 0
        with suppress(OSError, ValueError), self._file.open("wb") as out:
            while piece := os.read(self._stream.fileno(), _PIECE):
                room = self._head - min(self.read, self._head)
                self.read += len(piece)
                out.write(piece[:room])
                rest.append(piece[room:])
                kept += len(rest[-1])
                while rest and kept - len(rest[0]) >= self._tail:
                    kept -= len(rest.popleft())
            left_out = self.read - min(self.read, self._head) - kept
            if left_out > 0:
                out.write(b"\n[evalpolicy: %d bytes are left out here]\n" % left_out)
            out.writelines(rest)


def copy_out(engine: Engine, container: str, source: str) -> Command:
    """Prints a container's folder as a tar archive."""
    return Command((engine.name, "cp", f"{container}:{source}", "-"))


def take_out(engine: Engine, container: str, source: str, target: Path, most: int) -> list[str]:
    """Copies a folder of a container to `target`, at most `most` bytes of it.

    Returns what was left out, and why. Raises `CallFailedError` if the folder does not exist.
    """
    command = copy_out(engine, container, source)
    with subprocess.Popen(
        command.argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        problem: str | None = None
        left_out: list[str] = []
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                left_out = list(_extract(archive, target, most))
        except (tarfile.TarError, OSError) as error:
            problem = str(error)
        process.stdout.close()
        said = process.stderr.read(_PIECE).decode("utf-8", "replace")
    if process.returncode != 0 and problem is not None:
        raise engine.refusal(said)
    if problem is not None:
        raise CallFailedError(f"{engine.name} cp: {problem}")
    return left_out[:_MOST_TOLD] + (
        [f"and {len(left_out) - _MOST_TOLD} more"] if len(left_out) > _MOST_TOLD else []
    )


def _extract(archive: tarfile.TarFile, target: Path, most: int) -> Iterator[str]:
    """Writes only regular files and folders below `target`, which is new."""
    written = 0
    number = 0
    target.mkdir(parents=True, exist_ok=True)
    for member in archive:
        parts = PurePosixPath(member.name).parts
        inner = parts[1:] if parts[:1] != ("/",) else parts[2:]
        number += 1
        if number > _MOST_FILES:
            yield f"more than {_MOST_FILES:,} files"
            return
        if not inner or ".." in parts:
            continue
        name = "/".join(inner)
        place = target.joinpath(*inner)
        try:
            if member.isdir():
                place.mkdir(parents=True, exist_ok=True)
            elif not member.isreg():
                yield f"{name} is not a regular file"
            elif written + member.size > most:
                yield f"{name} has {member.size:,} bytes, which is too much"
            else:
                written += member.size
                place.parent.mkdir(parents=True, exist_ok=True)
                _copy(archive, member, place)
        except OSError as error:
            yield f"{name}: {error.strerror}"


def _copy(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    """Creates a new file; a second file of the same name would be forged."""
    content = archive.extractfile(member)
    assert content is not None, "it is a regular file"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(place, flags, 0o644), "wb") as out:
        while piece := content.read(_PIECE):
            out.write(piece)
