"""Git, asked through its plumbing: which repository this is, and the bytes of its objects."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot.model import Unreadable, too_large

# Requests that may be under way in `cat-file --batch` at once: together they must fit into a
# pipe (64 KiB on Linux), or both sides wait for each other.
_IN_FLIGHT = 256


def environment() -> dict[str, str]:
    """The caller's environment, with everything off that would reach for the network or a person.

    In a partial clone git would fetch an absent object from its remote. GIT_NO_LAZY_FETCH
    forbids that from git 2.45 on; the empty list of protocols does for every older one.
    """
    return {
        **os.environ,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """One git command in `folder`. Raises `NotCheckedError` where there is no git."""
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as missing:
        raise NotCheckedError("git is not installed, or not on PATH") from missing
    except OSError as error:
        raise NotCheckedError(f"git cannot be started: {error.strerror}") from error


def output(folder: Path, *arguments: str) -> bytes:
    """What a git command prints. Raises `NotCheckedError` with git's own words if it fails."""
    done = run(folder, *arguments)
    if done.returncode != 0:
        raise NotCheckedError(f"git {arguments[0]} failed: {said(done)}")
    return done.stdout


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last thing that a failed git said, on one line."""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit {done.returncode}"


class Repository(NamedTuple):
    """A repository and where it is seen from. `top` is None for a bare one."""

    folder: Path
    git_dir: Path
    top: Path | None

    @property
    def inside(self) -> str:
        """The path of `folder` below `top`: empty, or ending in `/`."""
        if self.top is None:
            return ""
        below = self.folder.resolve().relative_to(self.top.resolve()).as_posix()
        return "" if below == "." else f"{below}/"


def locate(folder: Path) -> Repository | None:
    """The repository around `folder`; None outside of git.

    Raises `NotCheckedError` where git refuses to look, for example because another user owns
    the repository.
    """
    done = run(folder, "rev-parse", "--is-bare-repository", "--absolute-git-dir", "--show-toplevel")
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]
    if len(lines) < 2:
        if b"not a git repository" in done.stderr:
            return None
        raise NotCheckedError(f"git does not open this repository: {said(done)}")
    if len(lines) > 2:
        return Repository(folder, Path(lines[1]), Path(lines[2]))
    if lines[0] != "true":
        raise NotCheckedError(
            f"{folder} lies within a git folder: run evalpolicy in the worktree it belongs to"
        )
    return Repository(folder, Path(lines[1]), None)


class Objects:
    """The objects of one repository, read by at most two processes that stay open.

    An absent object (partial clone, damaged store) is `Unreadable`. Where git itself dies of
    one, as it does when a promised object cannot be fetched, it is started again behind it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """The size in bytes of each object that is there; one process for all of them."""
        wanted = list(dict.fromkeys(oids))
        found: dict[str, int] = {}
        while wanted:
            done = subprocess.run(
                ["git", "cat-file", "--batch-check=%(objectname) %(objectsize)"],
                cwd=self._folder,
                env=environment(),
                input="".join(f"{oid}\n" for oid in wanted).encode(),
                capture_output=True,
                check=False,
            )
            lines = done.stdout.decode().splitlines()
            for line in lines:
                oid, _, size = line.partition(" ")
                if size.isdigit():
                    found[oid] = int(size)
            if done.returncode == 0 or len(lines) >= len(wanted):
                break
            wanted = wanted[len(lines) + 1 :]
        return found

    def read(self, oid: str, limit: int | None = None) -> bytes:
        """One object's content. Raises `Unreadable` if it is absent or has more bytes."""
        if not self._ask([oid]):
            self._stop()
        return b"".join(self._content(oid, limit=limit))

    def read_many(self, oids: Sequence[str]) -> Iterator[tuple[str, bytes | Unreadable]]:
        """Each object's content, in order, with many requests under way at once."""
        asked = iter(oids)
        waiting: list[str] = []
        while True:
            fresh = list(islice(asked, _IN_FLIGHT - len(waiting)))
            if fresh and not self._ask(fresh):
                self._stop()
            waiting.extend(fresh)
            if not waiting:
                return
            oid = waiting.pop(0)
            try:
                yield oid, b"".join(self._content(oid))
            except Unreadable as reason:
                yield oid, reason
            if self._process is None and waiting:
                self._ask(waiting)

    def stream(self, oid: str, chunk: int) -> Iterator[bytes]:
        """One object's content in pieces, from a process of its own."""
        one = Objects(self._folder)
        try:
            one._ask([oid])
            yield from one._content(oid, chunk)
        finally:
            one.close()

    def close(self) -> None:
        self._stop()

    def _ask(self, oids: list[str]) -> bool:
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = subprocess.Popen(
                ["git", "cat-file", "--batch"],
                cwd=self._folder,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        try:
            _pipe(process.stdin).write("".join(f"{oid}\n" for oid in oids).encode())
            _pipe(process.stdin).flush()
        except BrokenPipeError:
            return False
        return True

    def _content(self, oid: str, chunk: int = 1 << 20, limit: int | None = None) -> Iterator[bytes]:
        if self._process is None:
            raise Unreadable(ABSENT)
        out = _pipe(self._process.stdout)
        head = out.readline().split()
        if len(head) != 3:
            if not head:
                self._stop()
            raise Unreadable(ABSENT)
        left = int(head[2])
        if limit is not None and left > limit:
            self._stop()
            raise too_large(left, limit)
        while left:
            piece = out.read(min(left, chunk))
            if not piece:
                self._stop()
                raise Unreadable("git stopped in the middle of this object")
            left -= len(piece)
            yield piece
        out.read(1)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            try:
                _pipe(pipe).close()
            except BrokenPipeError:
                continue
        process.wait()


ABSENT = "its object is not in this clone (a partial or damaged one)"


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "the process was started with pipes"
    return pipe
