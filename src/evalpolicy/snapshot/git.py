"""A repository: its location, and the content of its objects."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot import git_process
from evalpolicy.snapshot.discovery import nearest
from evalpolicy.snapshot.git_process import GitCommand, last_line
from evalpolicy.snapshot.model import Unreadable, too_large

# Requests that may be under way in `cat-file --batch` at once: together they must fit into a
# pipe (64 KiB on Linux), or both sides wait for each other.
_IN_FLIGHT = 256


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

    @property
    def variables(self) -> dict[str, str]:
        """The variables that name it to git, so that no command searches for a repository."""
        named = {"GIT_DIR": str(self.git_dir)}
        return named if self.top is None else {**named, "GIT_WORK_TREE": str(self.top)}

    def run(
        self, command: GitCommand, *operands: str, folder: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """One git command, in `folder` (else where the repository is seen from).

        Raises `NotCheckedError` where git cannot be started.
        """
        return git_process.run(
            command, *operands, folder=folder or self.folder, place=self.variables
        )

    def output(self, command: GitCommand, *operands: str, folder: Path | None = None) -> bytes:
        """What a git command prints. Raises `NotCheckedError` with git's own words if it fails."""
        done = self.run(command, *operands, folder=folder)
        if done.returncode != 0:
            raise NotCheckedError(f"git {command.value[0]} failed: {last_line(done)}")
        return done.stdout


def locate(folder: Path) -> Repository | None:
    """The repository around `folder`, or the one that GIT_DIR names; None outside of git.

    Raises `NotCheckedError` where git rejects to look, for example because another user owns
    the repository, and where its configuration would have another worktree or repository read
    than the one that lies here.
    """
    if os.environ.get("GIT_DIR"):
        return _located(folder, {})
    place = nearest(folder)
    if place is None:
        return None
    if place.top is None:
        return _located(folder, {"GIT_DIR": str(place.git_dir)})
    found = _located(folder, {})
    if Path(os.path.realpath(found.git_dir)) != place.git_dir:
        raise NotCheckedError(f"git uses {found.git_dir}, not {place.git_dir}, for {folder}")
    if found.top is not None and Path(os.path.realpath(found.top)) != place.top:
        raise _elsewhere(found.git_dir, found.top, folder)
    return found


def _located(folder: Path, place: dict[str, str]) -> Repository:
    done = git_process.run(GitCommand.LOCATE, folder=folder, place=place)
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]
    if len(lines) < 2:
        raise NotCheckedError(f"git cannot open this repository: {last_line(done)}")
    git_dir = Path(lines[1])
    if len(lines) > 2:
        top = Path(lines[2])
        if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(top)):
            raise _elsewhere(git_dir, top, folder)
        return Repository(folder, git_dir, top)
    if lines[0] != "true":
        raise NotCheckedError(f"{folder} is inside a git directory: run evalpolicy in its worktree")
    return Repository(folder, git_dir, None)


def _elsewhere(git_dir: Path, top: Path, folder: Path) -> NotCheckedError:
    return NotCheckedError(
        f"the worktree of {git_dir} is {top}, not the one of {folder}: see core.worktree "
        "in its configuration, and GIT_WORK_TREE"
    )


class Objects:
    """The objects of one repository, read by at most two processes that stay open.

    An absent object (partial clone, damaged store) is `Unreadable`. Where git itself dies of
    one, as it does when a promised object cannot be fetched, it is started again behind it.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """The size in bytes of each object that is there; one process for all of them."""
        wanted = list(dict.fromkeys(oids))
        found: dict[str, int] = {}
        while wanted:
            done = git_process.run(
                GitCommand.SIZES,
                folder=self._repository.folder,
                place=self._repository.variables,
                given="".join(f"{oid}\n" for oid in wanted).encode(),
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
        """One object's content in pieces, from a separate process."""
        one = Objects(self._repository)
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
            process = self._process = git_process.start(
                GitCommand.READ,
                folder=self._repository.folder,
                place=self._repository.variables,
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
                raise Unreadable("git stopped while reading this object")
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


ABSENT = "its object is not in this clone (partial or damaged)"


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "the process was started with pipes"
    return pipe
