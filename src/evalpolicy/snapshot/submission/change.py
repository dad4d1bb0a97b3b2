"""A submission: two states, the commits between them, and its text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import START, Problem, Span
from evalpolicy.snapshot.model import Snapshot
from evalpolicy.snapshot.objects import CommitSnapshot

Status = Literal["added", "modified", "deleted", "renamed"]
TextKind = Literal["message", "pull request"]


class PathChange(Struct, frozen=True):
    """One path that differs between two states.

    `path` is where the file is now (for a deleted one: where it was) and `old_path` where it was;
    they differ for a rename alone. `same_content` states that not a byte of it changed.
    """

    status: Status
    path: str
    old_path: str
    same_content: bool = False


class Commit(Struct, frozen=True):
    """One commit of the submission, with its message as git holds it."""

    id: str
    parents: tuple[str, ...]
    author: str
    author_email: str
    committer: str
    committer_email: str
    message: str

    @property
    def short(self) -> str:
        """The first 12 characters of the id."""
        return self.id[:12]

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1

    @property
    def subject(self) -> str:
        return self.message.strip("\n").partition("\n")[0]


class SubmissionText(Struct, frozen=True):
    """The text of a submission: a commit message that is being written, or a pull request.

    `path` is the file of the message, as findings name it, and `span` its first line that
    counts; both are empty for a pull request, which stands in no file. `author` and
    `author_email` are those of the commit that is being made; `login` is GitHub's name of who
    opened the pull request, `bot` whether GitHub calls that account one.
    """

    kind: TextKind
    title: str
    body: str
    path: str = ""
    span: Span = START
    labels: tuple[str, ...] = ()
    author: str = ""
    author_email: str = ""
    login: str = ""
    bot: bool = False
    number: int | None = None


class Conflict(Struct, frozen=True):
    """A file that git cannot merge, with the place in its current state and git's description."""

    path: str
    span: Span
    kind: str


class Comparison:
    """From the merge base to the checked state, as GitHub shows a pull request (three dots).

    `base` is the commit that the submission is to be merged into, `merge_base` the last one that
    both have in common, `head` the checked commit (for a worktree or an index: the one it stands
    on). `before` and `after` are the two states, `tip` is that of `base`, `changes` are sorted by
    path. `problems` grows while
    facts are asked for, so read it last.
    """

    def __init__(
        self,
        *,
        base: str,
        merge_base: str,
        head: str,
        before: CommitSnapshot,
        after: Snapshot,
        changes: Sequence[PathChange],
        tip: Callable[[], CommitSnapshot],
        upstream: Callable[[], Sequence[PathChange]],
        merge: Callable[[], Sequence[Conflict] | Problem],
        problems: Sequence[tuple[str, Problem]] = (),
    ) -> None:
        self.base = base
        self.merge_base = merge_base
        self.head = head
        self.before = before
        self.after = after
        self.changes = tuple(sorted(changes, key=lambda change: change.path))
        self.problems = list(problems)
        self._tip = tip
        self._upstream = upstream
        self._merge = merge

    @cached_property
    def by_path(self) -> Mapping[str, PathChange]:
        return {change.path: change for change in self.changes}

    @cached_property
    def tip(self) -> CommitSnapshot:
        """The state that the submission is to be merged into."""
        return self.before if self.base == self.merge_base else self._tip()

    def close(self) -> None:
        """Ends the processes that the snapshots of the base hold."""
        self.before.close()
        if "tip" in self.__dict__:
            self.tip.close()

    @cached_property
    def upstream(self) -> tuple[PathChange, ...]:
        """What changed on the base since the merge base, by path."""
        if self.base == self.merge_base:
            return ()
        return tuple(sorted(self._upstream(), key=lambda change: change.path))

    @cached_property
    def conflicts(self) -> tuple[Conflict, ...]:
        """The conflicts of merging the head into the base; a problem if git fails."""
        if self.base == self.merge_base or self.head == self.merge_base:
            return ()
        merged = self._merge()
        if isinstance(merged, Problem):
            self.problems.append((self.anchor, merged))
            return ()
        return tuple(merged)

    @cached_property
    def anchor(self) -> str:
        """The file that findings about the submission as a whole point at: its first changed one.

        One that is still there is preferred to a deleted one.
        """
        there = [change.path for change in self.changes if change.status != "deleted"]
        return next(iter(there or [change.path for change in self.changes]), ".")


class Submission(Struct, frozen=True):
    """One submission, as far as it is known: its text, its commits, what it compares.

    A commit message alone (in a commit-msg hook) comes with neither commits nor a comparison.
    """

    text: SubmissionText | None = None
    commits: tuple[Commit, ...] = ()
    comparison: Comparison | None = None

    @property
    def problems(self) -> list[tuple[str, Problem]]:
        return self.comparison.problems if self.comparison else []

    @property
    def anchor(self) -> str:
        return self.comparison.anchor if self.comparison else "."

    def close(self) -> None:
        """Ends the processes that the snapshots of the base hold."""
        if self.comparison:
            self.comparison.close()

    def __enter__(self) -> Submission:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def labelled(self, labels: Sequence[str]) -> bool:
        """Whether the pull request carries any of these labels (upper and lower case are one)."""
        wanted = {label.casefold() for label in labels}
        return self.text is not None and any(
            label.casefold() in wanted for label in self.text.labels
        )
