"""What is remembered changes no answer, and hides nothing of what was read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.fleets import git, repository

from evalpolicy.snapshot import Unreadable, open_snapshot
from evalpolicy.snapshot.cache import Cache
from evalpolicy.snapshot.tracing import Trace, TracedSnapshot, looked, tracing, tracked


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("read_before", [False, True])
def test_a_limit_holds_for_what_is_remembered(tmp_path, staged, read_before):
    root = repository(tmp_path, {"long": "x" * 9, "short": "y"})
    git(root, "add", "-A")
    with open_snapshot(root, staged=staged) as below:
        snapshot = TracedSnapshot(below, Cache(None))
        if read_before:
            assert snapshot.read("long") == b"x" * 9
        found = dict(snapshot.read_many(["short", "long"], 5))
        assert found["short"] == b"y"
        assert isinstance(found["long"], Unreadable)
        with pytest.raises(Unreadable):
            snapshot.read("long", 5)
        assert dict(snapshot.read_many(["long", "short"], 9)) == {"long": b"x" * 9, "short": b"y"}


class Reader:
    def __init__(self) -> None:
        self.runs: list[str] = []

    @tracked
    def size(self, path: str) -> int:
        self.runs.append(path)
        looked("size", path)
        if path == "gone":
            raise Unreadable("there is no such file")
        return len(path)

    @tracked
    def sizes(self, *paths: str) -> int:
        return sum(self.size(path) for path in paths)


def _looks(work: Callable[[], object]) -> set[str]:
    trace = Trace()
    with tracing(trace), suppress(Unreadable):
        work()
    return {look.path for look in trace.all_looks}


def test_who_asks_again_rests_on_what_was_read_for_the_first():
    reader = Reader()
    assert _looks(lambda: reader.sizes("a", "bb")) == {"a", "bb"}
    assert _looks(lambda: reader.sizes("a", "bb")) == {"a", "bb"}
    assert _looks(lambda: reader.size("bb")) == {"bb"}
    assert _looks(lambda: reader.sizes("bb", "ccc")) == {"bb", "ccc"}
    assert reader.runs == ["a", "bb", "ccc"]
    assert _looks(lambda: None) == set()


def test_who_asked_for_what_failed_rests_on_it_and_it_is_tried_again():
    reader = Reader()
    assert _looks(lambda: reader.sizes("a", "gone")) == {"a", "gone"}
    assert _looks(lambda: reader.size("gone")) == {"gone"}
    assert reader.runs == ["a", "gone", "gone"]


def test_where_a_link_to_a_folder_leads_is_taken_down(tmp_path):
    """The listing is the same where a link leads elsewhere: only its look tells."""
    root = repository(tmp_path / "fleet", {"one/x": "", "two/x": ""})
    answers = []
    for target in ("one", "two"):
        (root / "to").unlink(missing_ok=True)
        (root / "to").symlink_to(target)
        git(root, "add", "-A")
        trace = Trace()
        with open_snapshot(root) as below:
            snapshot = TracedSnapshot(below, Cache(None))
            with tracing(trace):
                assert snapshot.folder_behind("to") == target
            answers.append({snapshot.state(look) for look in trace.all_looks})
    assert answers[0]
    assert answers[0].isdisjoint(answers[1])
