"""When fixtures were added to the repository: one walk through the log for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import NamedTuple

from evalpolicy.errors import NotCheckedError
from evalpolicy.facts.recordings.shown import RecordedAgents, read_recorded
from evalpolicy.fleet.fixture_names import stem_of
from evalpolicy.snapshot import Unreadable, git
from evalpolicy.snapshot.cache import Cache, key
from evalpolicy.snapshot.git_process import GitCommand
from evalpolicy.snapshot.model import decode_path, understood

_SUFFIXES = ("*.trajectory.jsonl", "*.traces.jsonl")


class PathChangeInCommit(NamedTuple):
    """A commit's change of one path; a blob id is None if the path does not exist."""

    commit: str
    date: str
    path: str
    before: str | None
    after: str | None


class HistoryStep(NamedTuple):
    """A commit on a fixture's way: it made it `blob`; `before` is what it made it from, if any.

    `moved` says that the commit gave it another path, and another format perhaps.
    """

    commit: str
    date: str
    blob: str
    before: str | None
    moved: bool


class Arrival(NamedTuple):
    """The commit that added a recording to the repository, and the commit's date.

    `original` is the recording as it was committed then, if it is proven to be the same run:
    a conversion loses times and user agents that it still has.
    """

    commit: str
    date: str
    original: RecordedAgents | None


def arrivals(
    repository: git.Repository,
    wanted: Mapping[str, tuple[str, RecordedAgents | None]],
    cache: Cache,
) -> dict[str, Arrival]:
    """By path, the arrival of each fixture that is committed as it is now.

    `wanted` has each path from the top of the repository with the blob's id
    and what is recorded in it. Moves of the folder and conversions to another format are
    followed: the same name goes and comes in one commit. Raises `NotCheckedError` in a shallow
    clone.
    """
    refuse_shallow(repository)
    if repository.run(GitCommand.RESOLVE, "HEAD").returncode != 0:
        return {}  # nothing was committed yet
    changes = _changes(repository, wanted)
    ways = {
        path: way
        for path, (blob, _) in wanted.items()
        if (way := _way(changes, path)) and way[0].blob == blob
    }
    old = _old_recordings(repository, ways.values(), cache)
    return {path: _arrival(way, wanted[path][1], old) for path, way in ways.items()}


class Ancestry:
    """The commits of the repository with their first parents and times; one git process."""

    def __init__(self, repository: git.Repository) -> None:
        self._commits: dict[str, tuple[int, str]] = {}
        for record in repository.output(GitCommand.ANCESTRY).decode("ascii").split("\0")[:-1]:
            time, commit, *parents = record.split()
            self._commits[commit] = (int(time), parents[0] if parents else "")

    def date(self, commit: str) -> str:
        """The day (UTC) on which a commit was made."""
        made = datetime.fromtimestamp(self._commits[commit][0], timezone.utc)
        return made.strftime("%Y-%m-%d")

    def parent(self, commit: str) -> str:
        """The first parent of a commit; of one without a parent itself."""
        parent = self._commits[commit][1]
        return parent if parent in self._commits else commit

    def before(self, commit: str, seconds: float) -> str:
        """The last commit before a moment (since 1970) on the line that leads to `commit`.

        That line is the one of first parents: a branch, and what it branched off from. Where all
        of it is later, it is the first one.
        """
        while self._commits[commit][0] > seconds and (parent := self.parent(commit)) != commit:
            commit = parent
        return commit


def refuse_shallow(repository: git.Repository) -> None:
    """Raises `NotCheckedError` for a shallow clone."""
    if repository.output(GitCommand.IS_SHALLOW).strip() == b"true":
        raise NotCheckedError(
            "this clone is shallow: the commits that added the fixtures are not in it. Fetch them "
            "with `git fetch --unshallow` (in a workflow: actions/checkout with fetch-depth: 0)"
        )


class _Changes(NamedTuple):
    """The log from newest to oldest: changes by path, and the deletions of each commit."""

    of_path: Mapping[str, list[tuple[int, PathChangeInCommit]]]
    gone: Mapping[tuple[str, str], PathChangeInCommit]


def _changes(repository: git.Repository, wanted: Iterable[str]) -> _Changes:
    """One `git log` for all fixtures, at any path and with either suffix."""
    others = {f"*.{path.rpartition('/')[2].partition('.')[2]}" for path in wanted}
    patterns = sorted({*_SUFFIXES, *(p for p in others if p != "*.")})
    of_path: dict[str, list[tuple[int, PathChangeInCommit]]] = {}
    gone: dict[tuple[str, str], PathChangeInCommit] = {}
    for position, change in enumerate(_log(repository, patterns)):
        of_path.setdefault(change.path, []).append((position, change))
        if change.after is None:
            gone.setdefault((change.commit, stem_of(change.path)), change)
    return _Changes(of_path, gone)


def _log(repository: git.Repository, patterns: list[str]) -> Iterator[PathChangeInCommit]:
    """`git log --raw -z`: a header, then `:mode mode before after status` and path in turns."""
    printed = repository.output(GitCommand.LOG_OF_FILES, *patterns, folder=repository.top)
    commit = date = ""
    parts = iter(printed.split(b"\0"))
    for part in parts:
        head = part.lstrip(b"\n")
        if head.startswith(b"@"):
            commit, date = head[1:].decode().split(" ")
        elif head.startswith(b":"):
            _, _, before, after, _ = head.decode().split(" ")
            path = decode_path(next(parts))
            yield PathChangeInCommit(commit, date, path, _blob(before), _blob(after))


def _blob(oid: str) -> str | None:
    return oid if oid.strip("0") else None


def _way(changes: _Changes, path: str) -> list[HistoryStep]:
    """The steps by which the file got to `path`, newest first, as far as the log shows."""
    way: list[HistoryStep] = []
    place = -1
    while True:
        found = changes.of_path.get(path, ())
        position, change = next(((n, c) for n, c in found if n > place), (0, None))
        if change is None or change.after is None:
            return way
        from_ = None
        if change.before is None:
            from_ = changes.gone.get((change.commit, stem_of(path)))
        before = from_.before if from_ else change.before
        way.append(HistoryStep(change.commit, change.date, change.after, before, from_ is not None))
        if before is None:
            return way
        # In a commit that moves it, the file's departure may be listed after its arrival.
        place = position
        if from_ is not None:
            path = from_.path
            gone_at = next(n for n, c in changes.of_path[path] if c is from_)
            place = max(position, gone_at)


def _old_recordings(
    repository: git.Repository, ways: Iterable[list[HistoryStep]], cache: Cache
) -> Mapping[str, RecordedAgents]:
    """What earlier contents of the fixtures show, by blob id, if they are available."""
    wanted = {
        oid
        for way in ways
        for step in way
        if step.before not in (None, step.blob)
        for oid in (step.blob, step.before)
        if oid is not None
    }
    found: dict[str, RecordedAgents] = {}
    fresh = []
    for oid in sorted(wanted):
        row = cache.get(key("recorded", oid), RecordedAgents)
        if row is None:
            fresh.append(oid)
        else:
            found[oid] = row
    objects = git.Objects(repository)
    try:
        for oid, content in objects.read_many(fresh):
            if isinstance(content, Unreadable):
                continue
            try:
                found[oid] = understood(read_recorded, content)
            except Unreadable:  # then it is no witness, and the run says what was noted
                continue
            cache.put(key("recorded", oid), list(found[oid]))
    finally:
        objects.close()
    return found


def _arrival(
    way: list[HistoryStep], now: RecordedAgents | None, old: Mapping[str, RecordedAgents]
) -> Arrival:
    """The newest step that changed the run in place, or the oldest step.

    A change in place that leaves requests and replies as they are (a redaction elsewhere) is
    none. A conversion is followed whatever it changed, but the original is a witness only if its
    replies are the present ones: two runs of one task may well have the same replies.
    """
    step = way[0]
    for older in way[1:]:
        if not step.moved and not _same_run(step, old):
            break
        step = older
    original = old.get(step.blob) if step.blob != way[0].blob else None
    if original and (now is None or original.replies is None or original.replies != now.replies):
        original = None
    return Arrival(step.commit, step.date, original)


def _same_run(step: HistoryStep, old: Mapping[str, RecordedAgents]) -> bool:
    """Whether a change in place kept all requests and replies."""
    before, after = old.get(step.before or ""), old.get(step.blob)
    if before is None or after is None or after.exchanges is None:
        return False
    return before.exchanges == after.exchanges
