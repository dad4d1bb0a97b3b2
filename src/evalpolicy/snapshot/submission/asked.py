"""Turns the user's options (a base, a message, an event) into the change that is judged."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.snapshot import git
from evalpolicy.snapshot.git_process import GitCommand
from evalpolicy.snapshot.model import Snapshot
from evalpolicy.snapshot.submission import event as events
from evalpolicy.snapshot.submission import message
from evalpolicy.snapshot.submission.change import Submission, SubmissionText
from evalpolicy.snapshot.submission.comparing import DEEPER, compare, is_shallow, known
from evalpolicy.snapshot.submission.event import Event

# GitHub cuts a payload at 25 MB; a commit message is far smaller (bytes).
_EVENT_LIMIT = 32 << 20
_MESSAGE_LIMIT = 1 << 20


class SubmissionOptions(Struct, frozen=True):
    """What was asked for: `base` is a revision, `message` a file, `event` a payload as read."""

    base: str | None = None
    message: str | None = None
    event: Event | None = None

    @property
    def compares(self) -> bool:
        """Whether there are two states to compare, and not a message alone."""
        return self.base is not None or self.event is not None

    def head(self, folder: Path) -> str | None:
        """The event's head, if it is in the clone. Raises `NotCheckedError` where it is not."""
        if self.event is None:
            return None
        repository = _repository(folder)
        shallow = is_shallow(repository)
        counted = f" of {self.event.commits} commits" if self.event.commits else ""
        return known(repository, self.event.head, f"the head of the event{counted}", shallow)

    def change(self, folder: Path, snapshot: Snapshot) -> Submission:
        """The change that `snapshot`, seen from `folder`, makes.

        A given base outranks the event's. Raises `UsageError` and `NotCheckedError`.
        """
        if self.message is not None and self.event is not None:
            raise UsageError("--message and --event exclude each other: give one of them")
        repository = _repository(folder)
        text: SubmissionText | None = None
        if self.message is not None:
            text = _message(repository, self.message, snapshot)
        elif self.event is not None:
            text = _pull_request(self.event)
        base = self.base
        if base is None and self.event is not None:
            base = self.event.base or _default_branch(repository, self.event)
        if base is None:
            return Submission(text)
        comparison, commits = compare(repository, snapshot, base)
        return Submission(text, commits, comparison)


def read_event(file: str) -> Event:
    """The event in a file. Raises `NotCheckedError` for one that cannot be judged."""
    found = events.parse(_read(file, _EVENT_LIMIT, "event"))
    if isinstance(found, Problem):
        raise NotCheckedError(f"{file}: {found.message}")
    return found


def _repository(folder: Path) -> git.Repository:
    repository = git.locate(folder)
    if repository is None:
        raise NotCheckedError(f"a submission needs a git repository, but {folder} is not in one")
    return repository


def _read(file: str, limit: int, what: str) -> bytes:
    try:
        with open(file, "rb") as opened:
            content = opened.read(limit + 1)
    except OSError as error:
        kind = NotCheckedError if what == "event" else UsageError
        raise kind(f"the {what} {file!r} cannot be read: {error.strerror}") from error
    if len(content) > limit:
        raise NotCheckedError(f"the {what} {file} is larger than {limit:,} bytes")
    return content


def _message(repository: git.Repository, file: str, snapshot: Snapshot) -> SubmissionText:
    parsed = message.parse(_read(file, _MESSAGE_LIMIT, "message"), _comment(repository))
    # git exports the author of the commit that is being made to its hooks.
    author = repository.run(GitCommand.AUTHOR)
    who = author.stdout.decode("utf-8", "replace") if author.returncode == 0 else ""
    name, _, rest = who.partition(" <")
    return SubmissionText(
        "message",
        parsed.subject,
        parsed.body,
        path=_as_shown(file, snapshot),
        span=parsed.span,
        author=name,
        author_email=rest.partition(">")[0],
    )


def _comment(repository: git.Repository) -> str:
    """What begins a comment: core.commentString (git 2.45) or core.commentChar, the last one set.

    With `auto` git takes another than `#` only where the text itself begins a line with it.
    """
    asked = repository.run(GitCommand.COMMENT_MARK)
    values = [row.partition(b"\n")[2] for row in asked.stdout.split(b"\0")[:-1]]
    last = values[-1].decode("utf-8", "replace") if values else ""
    return last if last not in ("", "auto") else "#"


def _as_shown(file: str, snapshot: Snapshot) -> str:
    """The file relative to the fleet's root where it lies below it, else as it was typed."""
    here = Path(os.path.abspath(file))
    try:
        return here.relative_to(Path(snapshot.top).resolve()).as_posix()
    except ValueError:
        return file


def _pull_request(event: Event) -> SubmissionText | None:
    if event.kind != "pull_request":
        return None
    return SubmissionText(
        "pull request",
        event.title,
        event.body,
        labels=event.labels,
        login=event.login,
        bot=event.bot,
        number=event.number,
    )


def _default_branch(repository: git.Repository, event: Event) -> str:
    """What a new branch is to be merged into, where this clone has it."""
    for place in ("refs/remotes/origin/", "refs/heads/"):
        name = f"{place}{event.default_branch}"
        done = repository.run(GitCommand.RESOLVE, f"{name}^{{commit}}")
        if event.default_branch and done.returncode == 0:
            return done.stdout.decode().strip()
    raise NotCheckedError(
        "the push makes a new branch, and the default branch that it started from is not in this "
        f"clone: {DEEPER}, or give --base"
    )
